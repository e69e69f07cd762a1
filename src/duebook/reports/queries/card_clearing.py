"""What card processors still owe the business, and the settlements that paid the rest.

For each charge, what the books hold on card clearing is compared with what the lines of settlements have
cleared. A charge that was given back before it was paid out leaves nothing to clear, and does not show.
Invariant: the balance of card clearing is what waits, what was paid out and is not in the books (below zero),
and what somebody booked there by hand.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import QuerySet

from duebook.gateways.models import MerchantAccount
from duebook.reports.queries.rows import all_rows, streamed_rows


@dataclass(frozen=True, slots=True)
class ClearingFilter:
    """Which card clearing account is meant, and in which currency."""

    clearing_account_id: int
    currency: str


@dataclass(frozen=True, slots=True)
class Waiting:
    """What of a charge has not cleared: the charge itself, its refunds, its dispute or something else."""

    charge_id: int
    what: str
    since: date
    minor: int
    contact_id: int
    name: str
    payment_id: int | None
    payment_number: int | None


@dataclass(frozen=True, slots=True)
class WaitingPage:
    """Some of what waits, and how much all of it is."""

    waiting: int
    waiting_minor: int
    rows: list[Waiting]


@dataclass(frozen=True, slots=True)
class ClearingSums:
    """The balance of the account, and what in it is of no charge; what waits is the rest. In minor units."""

    balance_minor: int
    unknown: int
    """Lines of settlements whose charge is not in the books; what they took off is below zero."""
    unknown_minor: int
    by_hand_minor: int


_SIDES = """
WITH moved AS (
  SELECT t.id, t.kind, t.payment_id, t.effective_on AS day, t.amount_minor AS minor
    FROM ledger_transfer t WHERE t.debit_account_id = %(clearing)s AND t.currency = %(currency)s
  UNION ALL
  SELECT t.id, t.kind, t.payment_id, t.effective_on, -t.amount_minor
    FROM ledger_transfer t WHERE t.credit_account_id = %(clearing)s AND t.currency = %(currency)s
), of_payments AS (
  SELECT m.kind, m.day, m.minor, m.payment_id, p.charge_id
    FROM moved m LEFT JOIN payments_payment p ON p.id = m.payment_id
), cleared AS (
  SELECT l.kind, s.paid_on AS day, l.clears_minor AS minor, c.id AS charge_id
    FROM payments_settlementline l
    JOIN payments_settlement s ON s.id = l.settlement_id
    LEFT JOIN payments_charge c ON c.merchant_account_id = l.merchant_account_id
                               AND c.gateway_id = l.charge_gateway_id AND c.gateway_id <> ''
   WHERE s.currency = %(currency)s AND s.booked_on IS NOT NULL
     AND l.merchant_account_id IN (SELECT id FROM gateways_merchantaccount
                                    WHERE clearing_account_id = %(clearing)s)
)
"""

# One row at least, so that the sums are there on a page without rows too.
_WAITING = """
{sides}, parts AS (
  SELECT charge_id, what, min(day) AS day, sum(minor)::bigint AS minor
    FROM (SELECT charge_id, day, minor,
                 CASE kind WHEN 'payment_received' THEN 'charge' WHEN 'refunded' THEN 'refund'
                           WHEN 'returned' THEN 'dispute' WHEN 'processor_fee' THEN 'dispute'
                           ELSE 'other' END AS what
            FROM of_payments WHERE charge_id IS NOT NULL
          UNION ALL
          SELECT charge_id, day, -minor,
                 CASE WHEN kind IN ('charge', 'charge failed') THEN 'charge'
                      WHEN kind IN ('refund', 'refund failed') THEN 'refund'
                      WHEN kind IN ('dispute', 'dispute reversed') THEN 'dispute'
                      ELSE 'other' END
            FROM cleared WHERE charge_id IS NOT NULL) AS both_sides
   GROUP BY charge_id, what HAVING sum(minor) <> 0
), waiting AS (
  SELECT * FROM (SELECT *, sum(minor) OVER (PARTITION BY charge_id) AS left_of_charge FROM parts) AS each
   WHERE left_of_charge <> 0
), totals AS (
  SELECT count(*) AS waiting, coalesce(sum(minor), 0)::bigint AS minor FROM waiting
), shown AS (SELECT * FROM waiting ORDER BY day, charge_id, what {limit})
SELECT a.waiting, a.minor, w.charge_id, w.what, w.day, w.minor, c.contact_id, x.name, p.id, p.number
  FROM totals a
  LEFT JOIN shown w ON true
  LEFT JOIN payments_charge c ON c.id = w.charge_id
  LEFT JOIN contacts_contact x ON x.id = c.contact_id
  LEFT JOIN payments_payment p ON p.charge_id = c.id
 ORDER BY w.day, w.charge_id, w.what
"""

_SUMS = """
{sides} SELECT (SELECT coalesce(sum(minor), 0)::bigint FROM moved), u.lines, u.minor,
       (SELECT coalesce(sum(minor), 0)::bigint FROM of_payments WHERE charge_id IS NULL
           AND kind <> 'settled' AND (kind <> 'processor_fee' OR payment_id IS NOT NULL))
  FROM (SELECT count(*) FILTER (WHERE minor <> 0) AS lines, -coalesce(sum(minor), 0)::bigint AS minor
          FROM cleared WHERE charge_id IS NULL) AS u
"""

_SETTLEMENTS = """
WITH shown AS (
  SELECT s.* FROM payments_settlement s
   WHERE s.merchant_account_id = %(merchant_account)s
     AND (NOT %(only_open)s OR EXISTS (SELECT FROM ({to_explain}) AS open WHERE open.settlement_id = s.id))
   ORDER BY s.paid_on DESC, s.id DESC {limit}
)
SELECT s.id, s.gateway_id, s.currency, s.gross_minor, s.fee_minor, s.net_minor, s.paid_on, s.booked_on,
       l.lines, o.to_explain
  FROM shown s
  CROSS JOIN LATERAL (SELECT count(*) AS lines FROM payments_settlementline
                       WHERE settlement_id = s.id) AS l
  CROSS JOIN LATERAL (SELECT count(*) AS to_explain FROM ({to_explain}) AS open
                       WHERE open.settlement_id = s.id) AS o
 ORDER BY s.paid_on DESC, s.id DESC
"""

_TO_EXPLAIN = """
SELECT l.settlement_id
  FROM payments_settlementline l
  JOIN payments_settlement ls ON ls.id = l.settlement_id
  LEFT JOIN payments_charge c ON c.merchant_account_id = l.merchant_account_id
                             AND c.gateway_id = l.charge_gateway_id AND c.gateway_id <> ''
 WHERE l.is_repeated OR ls.booked_on IS NULL
    OR (l.clears_minor <> 0 AND (c.id IS NULL OR c.currency <> ls.currency))
    OR l.kind = 'unexplained'
"""


@dataclass(frozen=True, slots=True)
class SettlementRow:
    """A settlement and how much of it there is to explain."""

    settlement_id: int
    gateway_id: str
    currency: str
    gross_minor: int
    fee_minor: int
    net_minor: int
    paid_on: date
    booked_on: date | None
    lines: int
    to_explain: int


@dataclass(frozen=True, slots=True)
class LineRow:
    """One line of a settlement with the charge that it goes back to, where the books know it."""

    line_id: int
    kind: str
    object_id: str
    gross_minor: int
    fee_minor: int
    is_repeated: bool
    clears_minor: int
    charge_id: int | None
    charge_currency: str | None
    contact_id: int | None
    name: str
    payment_id: int | None
    payment_number: int | None

    @property
    def net_minor(self) -> int:
        return self.gross_minor - self.fee_minor


_LINES = """
SELECT l.id, l.kind, l.object_id, l.gross_minor, l.fee_minor, l.is_repeated, l.clears_minor,
       c.id, c.currency, c.contact_id, coalesce(x.name, ''), p.id, p.number
  FROM (SELECT * FROM payments_settlementline WHERE settlement_id = %(settlement)s ORDER BY id {limit}) AS l
  LEFT JOIN payments_charge c ON c.merchant_account_id = l.merchant_account_id
                             AND c.gateway_id = l.charge_gateway_id AND c.gateway_id <> ''
  LEFT JOIN contacts_contact x ON x.id = c.contact_id
  LEFT JOIN payments_payment p ON p.charge_id = c.id
 ORDER BY l.id
"""

_LIMIT = "LIMIT %(limit)s OFFSET %(offset)s"


def accounts_with_clearing() -> QuerySet[MerchantAccount]:
    """The merchant accounts, the default first, then by name; those out of use last."""
    return MerchantAccount.objects.order_by("-is_default", "-active", "name")


def currencies_of_clearing(clearing_account_id: int) -> list[str]:
    """The currencies in which the account ever moved."""
    sql = """
        SELECT currency FROM ledger_transfer WHERE debit_account_id = %(clearing)s
        UNION SELECT currency FROM ledger_transfer WHERE credit_account_id = %(clearing)s ORDER BY 1
    """
    return [row[0] for row in all_rows(sql, {"clearing": clearing_account_id})]


def clearing_sums(wanted: ClearingFilter) -> ClearingSums:
    """The balance, and what of it is of no charge."""
    return ClearingSums(*all_rows(_SUMS.format(sides=_SIDES), _parameters(wanted))[0])


def waiting_page(wanted: ClearingFilter, *, limit: int, offset: int = 0) -> WaitingPage:
    """Some of what has not cleared, the oldest first, and the sum of all of it."""
    parameters = _parameters(wanted) | {"limit": limit, "offset": offset}
    rows = all_rows(_WAITING.format(sides=_SIDES, limit=_LIMIT), parameters)
    return WaitingPage(rows[0][0], rows[0][1], [Waiting(*row[2:]) for row in rows if row[2] is not None])


def every_waiting_row(wanted: ClearingFilter) -> Iterator[Waiting]:
    """All of it, streamed."""
    rows = streamed_rows(_WAITING.format(sides=_SIDES, limit=""), _parameters(wanted))
    return (Waiting(*row[2:]) for row in rows if row[2] is not None)


def settlement_rows(
    merchant_account_id: int, *, only_open: bool, limit: int, offset: int = 0
) -> list[SettlementRow]:
    """Some settlements of the account, the newest first; only those with something to explain, if so."""
    parameters = {
        "merchant_account": merchant_account_id,
        "only_open": only_open,
        "limit": limit,
        "offset": offset,
    }
    sql = _SETTLEMENTS.format(limit=_LIMIT, to_explain=_TO_EXPLAIN)
    return [SettlementRow(*row) for row in all_rows(sql, parameters)]


def every_settlement_row(merchant_account_id: int) -> Iterator[SettlementRow]:
    """All settlements of the account, streamed."""
    parameters = {"merchant_account": merchant_account_id, "only_open": False}
    sql = _SETTLEMENTS.format(limit="", to_explain=_TO_EXPLAIN)
    return (SettlementRow(*row) for row in streamed_rows(sql, parameters))


def line_rows(settlement_id: int, *, limit: int, offset: int = 0) -> list[LineRow]:
    """Some lines of the settlement, as the processor gave them."""
    parameters = {"settlement": settlement_id, "limit": limit, "offset": offset}
    return [LineRow(*row) for row in all_rows(_LINES.format(limit=_LIMIT), parameters)]


def every_line_row(settlement_id: int) -> Iterator[LineRow]:
    """All lines of the settlement, streamed."""
    rows = streamed_rows(_LINES.format(limit=""), {"settlement": settlement_id})
    return (LineRow(*row) for row in rows)


def _parameters(wanted: ClearingFilter) -> dict[str, Any]:
    return {"clearing": wanted.clearing_account_id, "currency": wanted.currency}
