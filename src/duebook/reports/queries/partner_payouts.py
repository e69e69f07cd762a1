"""Payout batches and what each partner gets in one; amounts in minor units."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from duebook.commissions.models import PayoutBatch
from duebook.events.rows import row_by_id
from duebook.reports.queries.rows import all_rows, streamed_rows
from duebook.staff.models import User


@dataclass(frozen=True, slots=True)
class PayoutRow:
    """What one partner gets in a batch, and how."""

    payout_id: int
    partner_id: int
    name: str
    code: str
    email: str
    payout_method: str
    payout_details: str
    amount_minor: int
    entries: int
    late: int


# Late: dated up to the cut-off of the partner's payout before, and entered after that was built.
LATE = """
SELECT prev.batch_id, prev.number, prev.cut_off_on, prev.built_at
  FROM (SELECT b.id AS batch_id, b.number, b.cut_off_on, b.built_at
          FROM commissions_payout x JOIN commissions_payoutbatch b ON b.id = x.batch_id
         WHERE x.partner_id = o.partner_id AND x.currency = o.currency AND x.id < o.id
           AND b.state <> 'rejected'
         ORDER BY x.id DESC LIMIT 1) AS prev
"""

_ROWS = """
SELECT o.id, o.partner_id, p.name, p.code, c.email, p.payout_method, p.payout_details, o.amount_minor,
       lines.entries, lines.late
  FROM (SELECT o.*, p.name FROM commissions_payout o JOIN partners_partner p ON p.id = o.partner_id
         WHERE o.batch_id = %(batch_id)s ORDER BY p.name, o.id {window}) AS o
  JOIN partners_partner p ON p.id = o.partner_id
  JOIN contacts_contact c ON c.id = p.contact_id
  LEFT JOIN LATERAL ({late}) AS before ON true
 CROSS JOIN LATERAL (
    SELECT count(*) AS entries,
           count(*) FILTER (WHERE e.entered_on <= before.cut_off_on AND e.recorded_at > before.built_at)
             AS late
      FROM commissions_payoutline l JOIN commissions_commissionentry e ON e.id = l.entry_id
     WHERE l.payout_id = o.id) AS lines
 ORDER BY p.name, o.id
"""


def payouts_of_batch(batch_id: int, *, limit: int, offset: int) -> list[PayoutRow]:
    """What so many partners get, by name."""
    sql = _ROWS.format(late=LATE, window="LIMIT %(limit)s OFFSET %(offset)s")
    found = all_rows(sql, {"batch_id": batch_id, "limit": limit, "offset": offset})
    return [PayoutRow(*row) for row in found]


@dataclass(frozen=True, slots=True)
class BankRow:
    """A line of the file for the bank."""

    name: str
    code: str
    payout_method: str
    payout_details: str
    amount_minor: int


_BANK = """
SELECT p.name, p.code, p.payout_method, p.payout_details, o.amount_minor
  FROM commissions_payout o JOIN partners_partner p ON p.id = o.partner_id
 WHERE o.batch_id = %(batch_id)s ORDER BY p.name, o.id
"""


def every_bank_row(batch_id: int) -> Iterator[BankRow]:
    """All payouts of a batch with the details they are paid by, streamed."""
    return (BankRow(*row) for row in streamed_rows(_BANK, {"batch_id": batch_id}))


@dataclass(frozen=True, slots=True)
class BatchFacts:
    """A batch with what people want to know of it."""

    batch: PayoutBatch
    payouts: int
    built_by: str
    decided_by: str
    paid_by: str

    @property
    def cut_off_on(self) -> date:
        return self.batch.cut_off_on


def batch_facts(batch_id: int) -> BatchFacts:
    """The batch, and the names of those who acted on it. Raises NotFound."""
    batch = row_by_id(PayoutBatch.objects, batch_id, "Payout")
    return _with_facts([batch])[0]


def latest_batches(*, limit: int, offset: int) -> list[BatchFacts]:
    """Batches, the newest first."""
    return _with_facts(list(PayoutBatch.objects.order_by("-number")[offset : offset + limit]))


def _with_facts(batches: list[PayoutBatch]) -> list[BatchFacts]:
    ids = [batch.pk for batch in batches]
    counts: dict[Any, Any] = dict(
        all_rows(
            "SELECT batch_id, count(*) FROM commissions_payout WHERE batch_id = ANY(%(ids)s) GROUP BY 1",
            {"ids": ids},
        )
    )
    people = {pk for b in batches for pk in (b.built_by_id, b.decided_by_id, b.paid_by_id) if pk}
    names = dict(User.objects.filter(pk__in=people).values_list("pk", "name"))
    return [
        BatchFacts(
            batch,
            counts.get(batch.pk, 0),
            names.get(batch.built_by_id, "Duebook"),
            names.get(batch.decided_by_id or 0, ""),
            names.get(batch.paid_by_id or 0, ""),
        )
        for batch in batches
    ]
