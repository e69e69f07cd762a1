"""Build a batch of payouts up to a cut-off day; it waits for another person's approval."""

from collections.abc import Iterable
from datetime import date

from django.db import IntegrityError, transaction

from duebook.commissions.models import Payout, PayoutBatch, PayoutLine
from duebook.commissions.paid_out import BUILDING
from duebook.commissions.payouts import is_carried, payable
from duebook.domain.errors import Conflict, FutureCutOff, NothingPayable
from duebook.domain.permissions import Actor, Right
from duebook.events.requests import earlier_event, input_hash
from duebook.events.services.record_event import record_event
from duebook.events.turns import take_turn
from duebook.ledger.periods import require_open


class BatchBuiltMeanwhile(Conflict):
    code = "batch_built_meanwhile"
    message = "Someone else built a payout with the same commissions just now. Look at it first."


def build_payout_batch(
    *,
    cut_off_on: date,
    currency: str,
    minimum_minor: int,
    request_key: str,
    actor: Actor,
    on: date,
    partner_ids: Iterable[int] | None = None,
) -> PayoutBatch:
    """Take every unpaid entry past its hold up to the cut-off, for all partners or those named.

    A partner below the minimum, or below zero, is carried forward whole. Records ``payout.built``.
    Raises Forbidden, FutureCutOff, NothingPayable, PeriodClosed, BatchBuiltMeanwhile, KeyReused.
    """
    try:
        return _build(cut_off_on, currency, minimum_minor, request_key, actor, on, partner_ids)
    except IntegrityError as error:
        if "payoutline_entry_in_one_live_payout" not in str(error):
            raise
        raise BatchBuiltMeanwhile from error


@transaction.atomic
def _build(
    cut_off_on: date,
    currency: str,
    minimum_minor: int,
    request_key: str,
    actor: Actor,
    on: date,
    partner_ids: Iterable[int] | None,
) -> PayoutBatch:
    named = sorted(partner_ids) if partner_ids is not None else None
    take_turn(BUILDING)
    hashed = input_hash([cut_off_on, currency, minimum_minor, named])
    earlier = earlier_event(actor=actor, request_key=request_key, hashed=hashed)
    if earlier is not None:
        return PayoutBatch.objects.get(pk=earlier.payload["batch_id"])
    actor.require(Right.CREATE_PAYOUTS)
    if cut_off_on > on:
        raise FutureCutOff(date=cut_off_on)
    require_open(on, field="cut_off_on")
    # One query: a second one would see entries that were committed meanwhile.
    found = payable(currency, cut_off_on, named).order_by("pk")
    entries = list(found.values_list("pk", "partner_id", "amount_minor"))
    paid = _above_minimum(entries, minimum_minor)
    if not paid:
        raise NothingPayable(date=cut_off_on)
    batch = PayoutBatch.objects.create(
        currency=currency,
        cut_off_on=cut_off_on,
        minimum_minor=minimum_minor,
        total_minor=sum(paid.values()),
        built_by_id=actor.user_id,
    )
    payouts = Payout.objects.bulk_create(
        Payout(batch=batch, partner_id=partner_id, amount_minor=minor, currency=currency)
        for partner_id, minor in paid.items()
    )
    payout_of = {payout.partner_id: payout.pk for payout in payouts}
    PayoutLine.objects.bulk_create(
        (
            PayoutLine(payout_id=payout_of[partner_id], entry_id=pk, amount_minor=minor)
            for pk, partner_id, minor in entries
            if partner_id in payout_of
        ),
        batch_size=5000,
    )
    record_event(
        name="payout.built",
        actor=actor,
        request_key=request_key,
        hashed=hashed,
        payload={
            "batch_id": batch.pk,
            "number": str(batch),
            "total_minor": batch.total_minor,
            "currency": currency,
            "partners": len(paid),
        },
    )
    return batch


def _above_minimum(entries: Iterable[tuple[int, int, int]], minimum_minor: int) -> dict[int, int]:
    """What each partner gets, by partner in ascending order; those carried forward are left out."""
    sums: dict[int, int] = {}
    for _, partner_id, minor in entries:
        sums[partner_id] = sums.get(partner_id, 0) + minor
    return {pk: minor for pk, minor in sorted(sums.items()) if not is_carried(minor, minimum_minor)}
