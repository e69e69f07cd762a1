"""What referral partners cost: their ledgers, a payout batch, a rehearsal, and recording payments with them.

The order is that one: recording adds entries, and the others are about the books as they were built.
"""

import itertools
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import psycopg
from django.db import connection
from django.test import Client

from bench import pages
from bench.partner_books import PROGRAM
from bench.rounds import Measured, Taken, Work, repeat
from bench.scene import ACTOR, WITHOUT_PARTNERS, Scene
from bench.staff_session import signed_in_client
from bench.table import Line
from duebook.commissions.models import CommissionEntry, PayoutLine
from duebook.commissions.services.build_payout_batch import build_payout_batch
from duebook.commissions.services.reject_payout_batch import reject_payout_batch
from duebook.domain.commission_checks import RuleInput
from duebook.domain.commission_rules import PartnerRole, PayoutType, Rate
from duebook.partners.details import ProgramDetails
from duebook.partners.models import Partner, Program
from duebook.reports.services.run_rehearsal import run_rehearsal, start_rehearsal

LEDGERS = "ledgers"
LEDGER = "one partner's ledger"
PAGE = 50
PAGE_TIMES = 12
MOST_STATEMENTS = 8

_SINCE = """
SELECT min(applied_on), count(*) FROM (
  SELECT a.applied_on
    FROM payments_allocation a
    JOIN invoices_invoice i ON i.id = a.invoice_id
    JOIN commissions_frozenterms t ON t.order_id = i.order_id
   WHERE a.applied_on < %s ORDER BY a.applied_on DESC LIMIT %s) AS latest
"""

Turns = Callable[[Mapping[str, Work]], dict[str, Measured]]


@dataclass(frozen=True)
class CommissionBench:
    """One run on the books with partners; ``turns`` lets works take their turns."""

    rows: psycopg.Connection
    today: date
    rounds: int
    rehearsed: int
    turns: Turns
    say: Callable[[str], None]

    def run(self) -> list[Line]:
        """Measure everything."""
        lines = self._ledgers()
        self.say("payout batches")
        lines += self._payouts()
        self.say("rehearsals")
        lines += self._rehearsals()
        self.say("recording with partners")
        lines += self._recording()
        return lines

    def _ledgers(self) -> list[Line]:
        partners = Partner.objects.count()
        entries = CommissionEntry.objects.count()
        self.say(f"ledgers of {partners:,} partners with {entries:,} entries")
        client = signed_in_client()
        addresses = self._addresses(partners)
        measured = self.turns({name: _opening(client, paths) for name, paths in addresses.items()})
        costs = pages.costs(client, addresses, times=PAGE_TIMES)
        lines = []
        for name in addresses:
            took = measured[name]
            lines += [
                Line(
                    f"{name}, {entries:,} entries",
                    took.median_of_rounds_ms(),
                    "ms",
                    target=300,
                    at_most=True,
                    note=f"{partners:,} partners",
                ),
                Line("  its p99", took.percentile_ms(99), "ms", target=300, at_most=True),
                Line(
                    "  its statements",
                    costs[name].queries,
                    "",
                    target=MOST_STATEMENTS,
                    at_most=True,
                    note=f"the slowest {costs[name].slowest_ms:.1f} ms",
                ),
            ]
        return lines

    def _addresses(self, partners: int) -> dict[str, Iterator[str]]:
        """For each page its addresses in turn: other partners each time, of this month and of a year."""
        last = -(-partners // PAGE)
        year = f"first={self.today - timedelta(days=365)}&last={self.today}"
        periods = itertools.cycle(("", year))
        return {
            LEDGERS: (f"/ledgers/?page={1 + n * 37 % last}&{next(periods)}" for n in itertools.count()),
            LEDGER: (f"/ledgers/{1 + n * 37 % partners}/?{year}" for n in itertools.count()),
        }

    def _payouts(self) -> list[Line]:
        """Build a batch of all that can be paid out; rejecting it for the next round is not counted."""
        partners = Partner.objects.count()
        measured = Measured()
        paid = lines = 0
        for number in range(self.rounds):
            started = time.perf_counter()
            batch = build_payout_batch(
                cut_off_on=self.today,
                currency="USD",
                minimum_minor=0,
                request_key=str(uuid4()),
                actor=ACTOR,
                on=self.today,
            )
            measured.taken.append(Taken(1, time.perf_counter() - started))
            paid = batch.payouts.count()
            lines = PayoutLine.objects.filter(payout__batch=batch).count()
            reject_payout_batch(batch_id=batch.pk, reason="Measured", request_key=str(uuid4()), actor=ACTOR)
            self.say(f"  round {number + 1} of {self.rounds}")
        return [
            Line(
                f"payout batch over {partners:,} partners",
                1 / measured.rate,
                "s",
                target=10,
                at_most=True,
                note=f"{paid:,} paid by {lines:,} entries; {_spread(measured)}",
            )
        ]

    def _rehearsals(self) -> list[Line]:
        """Rehearse higher rates over the latest payments of orders with partners, until yesterday."""
        since, payments = self.rows.execute(_SINCE, [self.today, self.rehearsed]).fetchone() or (None, 0)
        details = _higher_rates()
        program = Program.objects.get(name=PROGRAM)
        measured = Measured()
        longest = []
        for number in range(self.rounds):
            started = time.perf_counter()
            watch = _Progress(started)
            with connection.execute_wrapper(watch):
                rehearsal = start_rehearsal(
                    program_id=program.pk,
                    details=details,
                    first=since,
                    last=self.today - timedelta(days=1),
                    actor=ACTOR,
                    on=self.today,
                )
                run_rehearsal(rehearsal_id=rehearsal.pk)
            measured.taken.append(Taken(1, time.perf_counter() - started))
            longest.append(watch.longest)
            rehearsal.refresh_from_db()
            if not rehearsal.done or rehearsal.payments < payments:
                raise AssertionError(f"{rehearsal.payments} payments, {rehearsal.done} orders done")
            self.say(f"  round {number + 1} of {self.rounds}")
        return [
            Line(
                f"rehearsal over {payments:,} payments",
                1 / measured.rate,
                "s",
                target=30,
                at_most=True,
                note=f"{rehearsal.orders:,} orders; {_spread(measured)}",
            ),
            Line("  its longest time without a sign of progress", max(longest), "s"),
        ]

    def _recording(self) -> list[Line]:
        without = Scene(self.rows, self.today, orders=WITHOUT_PARTNERS)
        with_partners = Scene(self.rows, self.today)
        measured = self.turns(
            {"without partners": repeat(without.record), "with partners": repeat(with_partners.record)}
        )
        plain, earning = measured["without partners"], measured["with partners"]
        return [
            Line(
                "record with two partners at two levels",
                earning.rate,
                "/s",
                "without partners",
                plain.rate,
                earning.rate / plain.rate,
                target=0.8,
                note=f"{earning.lowest:,.0f} to {earning.highest:,.0f}; "
                f"without {plain.lowest:,.0f} to {plain.highest:,.0f}",
            )
        ]


def _opening(client: Client, paths: Iterator[str]) -> Work:
    def once() -> None:
        answer = client.get(next(paths))
        if answer.status_code != 200:
            raise AssertionError(f"{answer.request['PATH_INFO']} answered {answer.status_code}")

    return repeat(once)


def _spread(measured: Measured) -> str:
    return f"{1 / measured.highest:.1f} to {1 / measured.lowest:.1f} s"


def _higher_rates() -> ProgramDetails:
    """The program of the books with half as much again for each role and level."""
    program = Program.objects.get(name=PROGRAM)
    return ProgramDetails(
        name=program.name,
        priority=program.priority,
        payout_type=PayoutType(program.payout_type),
        hold_days=program.hold_days,
        levels=program.levels,
        rules=tuple(
            RuleInput(PartnerRole(rule.role), rule.level, Rate(rule.percent_bps * 3 // 2))
            for rule in program.rules.order_by("id")
        ),
        member_ids=frozenset(program.members.values_list("pk", flat=True)),
    )


class _Progress:
    """Notes how long it takes from one sign of progress to the next."""

    def __init__(self, started: float) -> None:
        self._last = started
        self.longest = 0.0

    def __call__(self, execute: Any, sql: str, params: Any, many: Any, context: Any) -> Any:
        answer = execute(sql, params, many, context)
        if sql.startswith('UPDATE "reports_rehearsal"'):
            now = time.perf_counter()
            self.longest = max(self.longest, now - self._last)
            self._last = now
        return answer
