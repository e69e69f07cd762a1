"""What card processors still owe the business, and the settlements that paid the rest.

Each charge counts what the books hold of it on card clearing and what the lines of settlements have cleared,
so only what is open is read. A charge that was given back before it was paid out leaves nothing to clear, and
does not show. Invariant: the balance of card clearing is what waits, what was paid out and is not in the
books (below zero), and what somebody booked there by hand.
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
    """What of a charge has not cleared: the charge itself, its refunds, its dispute or something else.

    Or the net of a settlement that the bank sent back and that was not paid again.
    """

    charge_id: int | None
    settlement_id: int | None
    what: str
    since: date
    minor: int
    contact_id: int | None
    name: str
    payment_id: int | None
    payment_number: int | None


_WHAT = 4
"""The column that a row without anything that waits has not."""


@dataclass(frozen=True, slots=True)
class WaitingPage:
    """Some of what waits, and how much all of it is."""

    waiting: int
    waiting_minor: int
    rows: list[Waiting]


@dataclass(frozen=True, slots=True)
class ClearingSums:
    """What of the balance waits, and what of it is of no charge. In minor units."""

    waiting_minor: int = 0
    unknown: int = 0
    """Lines of settlements that clear nothing in their currency; what they took off is below zero."""
    unknown_minor: int = 0
    by_hand_minor: int = 0
    """What payments without a charge moved there."""

    @property
    def balance_minor(self) -> int:
        """Every movement of the account is of a charge, a settlement or a payment by hand: ``verify``."""
        return self.waiting_minor + self.unknown_minor + self.by_hand_minor


_ACCOUNTS = "(SELECT id FROM gateways_merchantaccount WHERE clearing_account_id = %(clearing)s)"

# What is open is found by its counter; of that alone both sides are read, which a lateral query sees to.
# One row at least, so that the sums are there on a page without rows too.
_WAITING = """
WITH open AS (
  SELECT c.id, c.contact_id FROM payments_charge c
   WHERE c.merchant_account_id IN {accounts} AND c.currency = %(currency)s AND c.uncleared_minor <> 0
), of_charges AS (
  SELECT o.id AS charge_id, o.contact_id, p.id AS payment_id, p.number, part.what, part.day, part.minor
    FROM open o
    LEFT JOIN payments_payment p ON p.charge_id = o.id
   CROSS JOIN LATERAL (
     SELECT what, min(day) AS day, sum(minor)::bigint AS minor
       FROM (SELECT t.effective_on AS day,
                    CASE t.debit_account_id WHEN %(clearing)s THEN t.amount_minor
                                            ELSE -t.amount_minor END AS minor,
                    CASE t.kind WHEN 'payment_received' THEN 'charge' WHEN 'refunded' THEN 'refund'
                                WHEN 'returned' THEN 'dispute' WHEN 'processor_fee' THEN 'dispute'
                                ELSE 'other' END AS what
               FROM ledger_transfer t
              WHERE t.payment_id = p.id AND %(clearing)s IN (t.debit_account_id, t.credit_account_id)
             UNION ALL
             SELECT s.paid_on, -l.clears_minor,
                    CASE WHEN l.kind IN ('charge', 'charge failed') THEN 'charge'
                         WHEN l.kind IN ('refund', 'refund failed') THEN 'refund'
                         WHEN l.kind IN ('dispute', 'dispute reversed') THEN 'dispute'
                         ELSE 'other' END
               FROM payments_settlementline l JOIN payments_settlement s ON s.id = l.settlement_id
              WHERE l.charge_id = o.id) AS both_sides
      GROUP BY what HAVING sum(minor) <> 0) AS part
), waiting AS (
  SELECT charge_id, NULL::bigint AS settlement_id, contact_id, payment_id, number, what, day, minor
    FROM of_charges
   UNION ALL
  SELECT NULL, r.settlement_id, NULL, NULL, NULL, 'settlement', r.returned_on, r.uncleared_minor
    FROM payments_settlementreturn r
   WHERE r.merchant_account_id IN {accounts} AND r.currency = %(currency)s AND r.uncleared_minor <> 0
), totals AS (
  SELECT count(*) AS waiting, coalesce(sum(minor), 0)::bigint AS minor FROM waiting
), shown AS (SELECT * FROM waiting ORDER BY day, charge_id, settlement_id, what {limit})
SELECT a.waiting, a.minor, w.charge_id, w.settlement_id, w.what, w.day, w.minor, w.contact_id,
       coalesce(x.name, ''), w.payment_id, w.number
  FROM totals a
  LEFT JOIN shown w ON true
  LEFT JOIN contacts_contact x ON x.id = w.contact_id
 ORDER BY w.day, w.charge_id, w.settlement_id, w.what
"""

# By counters and partial indexes; the settlements say in which currencies the account ever moved.
_SUMS = """
SELECT currency, sum(waiting)::bigint, sum(lines)::bigint, sum(unknown)::bigint, sum(by_hand)::bigint
  FROM (SELECT currency, uncleared_minor AS waiting, 0 AS lines, 0 AS unknown, 0 AS by_hand
          FROM payments_charge
         WHERE merchant_account_id IN {accounts} AND uncleared_minor <> 0
        UNION ALL
        SELECT currency, uncleared_minor, 0, 0, 0 FROM payments_settlementreturn
         WHERE merchant_account_id IN {accounts} AND uncleared_minor <> 0
        UNION ALL
        SELECT s.currency, 0, 1, -l.clears_minor, 0
          FROM payments_settlementline l JOIN payments_settlement s ON s.id = l.settlement_id
         WHERE l.merchant_account_id IN {accounts} AND l.charge_id IS NULL
           AND l.settlement_return_id IS NULL AND l.clears_minor <> 0 AND s.booked_on IS NOT NULL
        UNION ALL
        SELECT currency, 0, 0, 0, moved_minor FROM payments_clearingbyhand WHERE account_id = %(clearing)s
        UNION ALL
        SELECT DISTINCT currency, 0, 0, 0, 0 FROM payments_settlement
         WHERE merchant_account_id IN {accounts} AND booked_on IS NOT NULL) AS parts
 GROUP BY currency ORDER BY currency
"""

_SETTLEMENTS = """
WITH shown AS (
  SELECT s.* FROM payments_settlement s
   WHERE s.merchant_account_id = %(merchant_account)s
     AND (NOT %(only_open)s OR EXISTS (SELECT FROM ({to_explain}) AS open WHERE open.settlement_id = s.id))
   ORDER BY s.paid_on DESC, s.id DESC {limit}
)
SELECT s.id, s.gateway_id, s.currency, s.gross_minor, s.fee_minor, s.net_minor, s.paid_on, s.booked_on,
       l.lines, o.to_explain, r.returned_on
  FROM shown s
  LEFT JOIN payments_settlementreturn r ON r.settlement_id = s.id
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
 WHERE l.is_repeated OR ls.booked_on IS NULL OR l.kind = 'unexplained'
    OR (l.clears_minor <> 0 AND l.charge_id IS NULL AND l.settlement_return_id IS NULL)
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
    returned_on: date | None


@dataclass(frozen=True, slots=True)
class LineRow:
    """One line of a settlement with the charge that it goes back to, where the books know it.

    One that pays a returned settlement again has that one's id.
    """

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
    returned_id: int | None

    @property
    def net_minor(self) -> int:
        return self.gross_minor - self.fee_minor


_LINES = """
SELECT l.kind, l.object_id, l.gross_minor, l.fee_minor, l.is_repeated, l.clears_minor,
       c.id, c.currency, c.contact_id, coalesce(x.name, ''), p.id, p.number, r.settlement_id
  FROM (SELECT * FROM payments_settlementline WHERE settlement_id = %(settlement)s ORDER BY id {limit}) AS l
  LEFT JOIN payments_charge c ON c.merchant_account_id = l.merchant_account_id
                             AND c.gateway_id = l.charge_gateway_id AND c.gateway_id <> ''
  LEFT JOIN contacts_contact x ON x.id = c.contact_id
  LEFT JOIN payments_payment p ON p.charge_id = c.id
  LEFT JOIN payments_settlementreturn r ON r.id = l.settlement_return_id
 ORDER BY l.id
"""

_LIMIT = "LIMIT %(limit)s OFFSET %(offset)s"


def accounts_with_clearing() -> QuerySet[MerchantAccount]:
    """The merchant accounts, the default first, then by name; those out of use last."""
    return MerchantAccount.objects.order_by("-is_default", "-active", "name")


def clearing_sums(clearing_account_id: int) -> dict[str, ClearingSums]:
    """The sums of each currency in which the account ever moved; one statement, so that they add up."""
    rows = all_rows(_SUMS.format(accounts=_ACCOUNTS), {"clearing": clearing_account_id})
    return {currency: ClearingSums(*sums) for currency, *sums in rows}


def waiting_page(wanted: ClearingFilter, *, limit: int, offset: int = 0) -> WaitingPage:
    """Some of what has not cleared, the oldest first, and the sum of all of it."""
    parameters = _parameters(wanted) | {"limit": limit, "offset": offset}
    rows = all_rows(_WAITING.format(accounts=_ACCOUNTS, limit=_LIMIT), parameters)
    return WaitingPage(rows[0][0], rows[0][1], [Waiting(*row[2:]) for row in rows if row[_WHAT] is not None])


def every_waiting_row(wanted: ClearingFilter) -> Iterator[Waiting]:
    """All of it, streamed."""
    rows = streamed_rows(_WAITING.format(accounts=_ACCOUNTS, limit=""), _parameters(wanted))
    return (Waiting(*row[2:]) for row in rows if row[_WHAT] is not None)


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
