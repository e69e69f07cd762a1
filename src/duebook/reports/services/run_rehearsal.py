"""Run a program over the payments of a past period without saving it."""

import time
from collections.abc import Iterator
from datetime import date, timedelta

from django.utils import timezone

from duebook.domain.errors import BeforeOrigin, FutureDate, NotFound
from duebook.domain.permissions import Actor, Right
from duebook.domain.rehearsal import Outcome, add_outcomes, rehearse
from duebook.events.rows import row_by_id
from duebook.partners.details import ProgramDetails
from duebook.partners.models import Program
from duebook.partners.writing import program_fields, program_payload
from duebook.reports.models import Rehearsal
from duebook.reports.queries.rehearsal_orders import past_orders, payments_within, rehearsed_invoices
from duebook.reports.rehearsal import details_as_json, details_from_json, terms_of_details

CHUNK = 1000
KEPT_DAYS = 30


def start_rehearsal(
    *, program_id: int | None, details: ProgramDetails, first: date, last: date, actor: Actor, on: date
) -> Rehearsal:
    """Note what is to be rehearsed; ``run_rehearsal`` does it. ``program_id`` None is a new program.

    The program is checked as if it were saved.
    Raises Forbidden, NotFound, FutureDate, BeforeOrigin, NameTaken and what ``check_rules`` raises.
    """
    actor.require(Right.SET_COMMISSIONS)
    if last > on:
        raise FutureDate(field="last", date=last)
    if first > last:
        raise BeforeOrigin(field="last", date=last, earliest=first)
    program = Program.objects.filter(pk=program_id or 0).first()
    if program is None and program_id is not None:
        raise NotFound(what="Program", id=program_id)
    program_fields(details, program_id)
    Rehearsal.objects.filter(asked_at__lt=timezone.now() - timedelta(days=KEPT_DAYS)).delete()
    return Rehearsal.objects.create(
        program_id=program_id,
        details=details_as_json(details),
        before=program_payload(program) if program else None,
        first_on=first,
        last_on=last,
        asked_by_id=actor.user_id,
        orders=len(rehearsed_invoices(first, last)),
        payments=payments_within(first, last),
    )


def run_rehearsal(*, rehearsal_id: int) -> Rehearsal:
    """Compute the outcome, and note after each thousand orders how far it is. Safe to run twice.

    Raises NotFound.
    """
    started = time.monotonic()
    rehearsal = row_by_id(Rehearsal.objects, rehearsal_id, "Rehearsal")
    ids = rehearsed_invoices(rehearsal.first_on, rehearsal.last_on)
    program = terms_of_details(details_from_json(rehearsal.details), rehearsal.program_id)
    sums: dict[tuple[int, str], Outcome] = {}
    for done, chunk in _chunks(ids):
        for currency, order in past_orders(chunk, rehearsal.first_on, rehearsal.last_on):
            found = rehearse(
                order,
                program,
                first=rehearsal.first_on,
                last=rehearsal.last_on,
                active=rehearsal.details["active"],
            )
            add_outcomes(sums, currency, found)
        Rehearsal.objects.filter(pk=rehearsal_id).update(done=done, orders=len(ids))
    rehearsal.state = Rehearsal.States.DONE
    rehearsal.done = rehearsal.orders = len(ids)
    rehearsal.took_ms = round((time.monotonic() - started) * 1000)
    rehearsal.outcome = [
        [pk, currency, outcome.old_minor, outcome.new_minor]
        for (pk, currency), outcome in sorted(sums.items())
    ]
    rehearsal.save(update_fields=["state", "done", "orders", "took_ms", "outcome"])
    return rehearsal


def _chunks(ids: list[int]) -> Iterator[tuple[int, list[int]]]:
    for start in range(0, len(ids), CHUNK):
        chunk = ids[start : start + CHUNK]
        yield start + len(chunk), chunk
