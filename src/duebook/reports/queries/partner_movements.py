"""What stands in one partner's ledger: each commission entry and each payout, with the balance after it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from duebook.reports.queries.rows import all_rows, streamed_rows


@dataclass(frozen=True, slots=True)
class Movement:
    """One line of a ledger: an entry (``entry_id``) or a payout (``batch_id``); amounts in minor units."""

    day: date
    entry_id: int | None
    cause: str
    order_id: int | None
    order_number: int | None
    contact_name: str
    role: str
    level: int | None
    payable_on: date | None
    batch_id: int | None
    batch_number: int | None
    amount_minor: int
    balance_minor: int


# A payout comes after the entries of its day.
_ROWS = """
SELECT day, entry_id, cause, order_id, order_number, contact_name, role, level, payable_on, batch_id,
       batch_number, amount_minor, balance
  FROM (
    SELECT moved.*, (sum(amount_minor) OVER (ORDER BY day, is_payout, id))::bigint AS balance
      FROM (
        SELECT e.entered_on AS day, false AS is_payout, e.id, e.id AS entry_id, e.cause, e.accrual_id,
               e.payable_on, NULL::bigint AS batch_id, NULL::bigint AS batch_number, e.amount_minor
          FROM commissions_commissionentry e
         WHERE e.partner_id = %(partner_id)s AND e.currency = %(currency)s AND e.entered_on <= %(last)s
        UNION ALL
        SELECT b.paid_on, true, o.id, NULL, '', NULL, NULL, b.id, b.number, -o.amount_minor
          FROM commissions_payout o JOIN commissions_payoutbatch b ON b.id = o.batch_id
         WHERE o.partner_id = %(partner_id)s AND o.currency = %(currency)s AND b.state = 'paid'
           AND b.paid_on <= %(last)s
      ) AS moved
     ORDER BY day, is_payout, id
  ) AS rows
  LEFT JOIN LATERAL (
    SELECT a.role, a.level, r.id AS order_id, r.number AS order_number, c.name AS contact_name
      FROM commissions_accrual a
      JOIN invoices_invoice i ON i.id = a.invoice_id
      JOIN orders_order r ON r.id = i.order_id
      JOIN contacts_contact c ON c.id = r.contact_id
     WHERE a.id = rows.accrual_id
  ) AS about ON true
 WHERE day >= %(first)s
 ORDER BY day, is_payout, rows.id
"""


@dataclass(frozen=True, slots=True)
class MovementFilter:
    """Whose ledger, in which currency, on which days."""

    partner_id: int
    currency: str
    first: date
    last: date


def partner_movements(wanted: MovementFilter, *, limit: int, offset: int) -> list[Movement]:
    """The lines of the ledger, the oldest first."""
    values = _parameters(wanted) | {"limit": limit, "offset": offset}
    return [_movement(row) for row in all_rows(_ROWS + "LIMIT %(limit)s OFFSET %(offset)s", values)]


def every_partner_movement(wanted: MovementFilter) -> Iterator[Movement]:
    """All lines of the ledger, streamed."""
    return (_movement(row) for row in streamed_rows(_ROWS, _parameters(wanted)))


def _movement(row: tuple[Any, ...]) -> Movement:
    day, entry_id, cause, order_id, number, name, role, level, *rest = row
    return Movement(day, entry_id, cause, order_id, number, name or "", role or "", level, *rest)


def _parameters(wanted: MovementFilter) -> dict[str, Any]:
    return {
        "partner_id": wanted.partner_id,
        "currency": wanted.currency,
        "first": wanted.first,
        "last": wanted.last,
    }
