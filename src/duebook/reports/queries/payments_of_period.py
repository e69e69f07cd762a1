"""What payments brought in during a period, by type, from the books: money and adjustments apart.

A payment counts on the day its transfer is dated. One that was undone counts no more: its mirror image is
dated the same day, or, where that day was closed already, on the day it was undone, and then lowers that
period. What the bank took back and what was refunded stand beside what was received, on their own days.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from duebook.domain.accounts import SystemAccount
from duebook.domain.payment_kinds import PaymentKind
from duebook.reports.queries.rows import all_rows, streamed_rows


class Happening(StrEnum):
    """What a row of the report is; the value stands in addresses of pages."""

    RECEIVED = "received"
    UNDONE = "undone"
    RETURNED = "returned"
    REFUNDED = "refunded"


# What was undone is a part of the figure "received": its rows lower it.
_ROWS_OF: dict[Happening | None, tuple[Happening, ...]] = {
    Happening.RECEIVED: (Happening.RECEIVED, Happening.UNDONE),
    Happening.UNDONE: (Happening.UNDONE,),
    Happening.RETURNED: (Happening.RETURNED,),
    Happening.REFUNDED: (Happening.REFUNDED,),
}


@dataclass(frozen=True, slots=True)
class TypeFigures:
    """What payments of one type came to in one currency; amounts in minor units.

    ``received_minor`` is what is left after what was undone.
    """

    type_id: int
    label: str
    is_money: bool
    currency: str
    payments: int
    received_minor: int
    undone: int
    undone_minor: int
    returned: int
    returned_minor: int
    refunded: int = 0
    refunded_minor: int = 0

    @property
    def kept_minor(self) -> int:
        return self.received_minor - self.returned_minor - self.refunded_minor


@dataclass(frozen=True, slots=True)
class DayFigure:
    """What money of one type came to on one day, less what was undone; minor units."""

    day: date
    type_id: int
    label: str
    currency: str
    received_minor: int


@dataclass(frozen=True, slots=True)
class PaymentRow:
    """One payment that was received, undone, returned or refunded on the day."""

    day: date
    happening: Happening
    payment_id: int
    number: int
    contact_id: int
    name: str
    label: str
    reference: str
    amount_minor: int
    currency: str
    is_undone: bool

    @property
    def signed_minor(self) -> int:
        """The amount as it counts: what was undone or went back lowers the sum, what came back does not."""
        return self.amount_minor if self.happening is Happening.RECEIVED else -self.amount_minor


@dataclass(frozen=True, slots=True)
class PaymentFilter:
    """Which payments are meant; all types, currencies and happenings unless named.

    ``Happening.RECEIVED`` means the figure received: what came in and, against it, what was undone.
    """

    first: date
    last: date
    type_id: int | None = None
    currency: str | None = None
    happening: Happening | None = None


# What a won dispute brings back lowers what was returned, a refund that was undone what was refunded.
# Every payment, return and refund moves customer credit, so the indexes by account and day find them.
_HAPPENED = """
SELECT t.effective_on AS day, t.payment_id, t.amount_minor, 'received' AS happening, t.id
  FROM ledger_transfer t
 WHERE t.credit_account_id = %(credit)s AND t.effective_on BETWEEN %(first)s AND %(last)s
   AND t.kind IN ('payment_received', 'adjustment') AND t.corrects_id IS NULL
UNION ALL
SELECT t.effective_on, t.payment_id, t.amount_minor,
       CASE WHEN t.kind IN ('returned', 'refunded') THEN t.kind ELSE 'undone' END, t.id
  FROM ledger_transfer t
 WHERE t.debit_account_id = %(credit)s AND t.effective_on BETWEEN %(first)s AND %(last)s
   AND (t.kind IN ('returned', 'refunded')
        OR (t.kind IN ('payment_received', 'adjustment') AND t.corrects_id IS NOT NULL))
UNION ALL
SELECT t.effective_on, t.payment_id, -t.amount_minor, t.kind, t.id
  FROM ledger_transfer t
 WHERE t.credit_account_id = %(credit)s AND t.effective_on BETWEEN %(first)s AND %(last)s
   AND t.kind IN ('returned', 'refunded')
"""

_BY_TYPE = """
SELECT y.id, y.label, p.kind <> %(adjustment)s, p.currency,
       (count(*) FILTER (WHERE h.happening = 'received') - count(*) FILTER (WHERE h.happening = 'undone')),
       coalesce(sum(CASE h.happening WHEN 'received' THEN h.amount_minor
                                     WHEN 'undone' THEN -h.amount_minor END), 0)::bigint,
       count(*) FILTER (WHERE h.happening = 'undone'),
       coalesce(sum(h.amount_minor) FILTER (WHERE h.happening = 'undone'), 0)::bigint,
       (count(*) FILTER (WHERE h.happening = 'returned' AND h.amount_minor > 0)
        - count(*) FILTER (WHERE h.happening = 'returned' AND h.amount_minor < 0)),
       coalesce(sum(h.amount_minor) FILTER (WHERE h.happening = 'returned'), 0)::bigint,
       (count(*) FILTER (WHERE h.happening = 'refunded' AND h.amount_minor > 0)
        - count(*) FILTER (WHERE h.happening = 'refunded' AND h.amount_minor < 0)),
       coalesce(sum(h.amount_minor) FILTER (WHERE h.happening = 'refunded'), 0)::bigint
  FROM ({happened}) AS h
  JOIN payments_payment p ON p.id = h.payment_id
  JOIN payments_paymenttype y ON y.id = p.payment_type_id
 GROUP BY y.id, p.kind, p.currency ORDER BY p.currency, y.position, y.id
"""

_BY_DAY = """
SELECT h.day, y.id, y.label, p.currency,
       sum(CASE h.happening WHEN 'received' THEN h.amount_minor ELSE -h.amount_minor END)::bigint
  FROM ({happened}) AS h
  JOIN payments_payment p ON p.id = h.payment_id
  JOIN payments_paymenttype y ON y.id = p.payment_type_id
 WHERE h.happening IN ('received', 'undone') AND p.kind <> %(adjustment)s
 GROUP BY h.day, y.id, p.currency ORDER BY p.currency, y.position, y.id, h.day
"""

_ROWS = """
SELECT h.day, h.happening, p.id, p.number, c.id, c.name, y.label, p.reference, h.amount_minor, p.currency,
       p.reversed_minor > 0
  FROM ({happened}) AS h
  JOIN payments_payment p ON p.id = h.payment_id
  JOIN payments_paymenttype y ON y.id = p.payment_type_id
  JOIN contacts_contact c ON c.id = p.contact_id
 WHERE {where}
 ORDER BY h.day DESC, h.id DESC
"""


def payments_by_type(first: date, last: date) -> list[TypeFigures]:
    """What each type of payment came to from the first to the last day, one row a type and currency."""
    rows = all_rows(_BY_TYPE.format(happened=_HAPPENED), _parameters(PaymentFilter(first, last)))
    return [TypeFigures(*row) for row in rows]


def received_by_day(first: date, last: date) -> list[DayFigure]:
    """Money received from the first to the last day, by day and type; days without any are left out."""
    rows = all_rows(_BY_DAY.format(happened=_HAPPENED), _parameters(PaymentFilter(first, last)))
    return [DayFigure(*row) for row in rows]


def payment_rows(wanted: PaymentFilter, *, limit: int, offset: int = 0) -> list[PaymentRow]:
    """The payments behind a figure, the newest first, some rows of all."""
    sql = _rows(wanted) + " LIMIT %(limit)s OFFSET %(offset)s"
    rows = all_rows(sql, _parameters(wanted) | {"limit": limit, "offset": offset})
    return [_payment_row(row) for row in rows]


def every_payment_row(wanted: PaymentFilter) -> Iterator[PaymentRow]:
    """All payments behind a figure, streamed."""
    return map(_payment_row, streamed_rows(_rows(wanted), _parameters(wanted)))


def _rows(wanted: PaymentFilter) -> str:
    where = ["TRUE"]
    if wanted.type_id is not None:
        where.append("p.payment_type_id = %(type_id)s")
    if wanted.currency is not None:
        where.append("p.currency = %(currency)s")
    if wanted.happening is not None:
        where.append("h.happening = ANY(%(happenings)s)")
    return _ROWS.format(happened=_HAPPENED, where=" AND ".join(where))


def _parameters(wanted: PaymentFilter) -> dict[str, Any]:
    return {
        "credit": int(SystemAccount.CUSTOMER_CREDIT),
        "adjustment": PaymentKind.ADJUSTMENT.value,
        "first": wanted.first,
        "last": wanted.last,
        "type_id": wanted.type_id,
        "currency": wanted.currency,
        "happenings": [h.value for h in _ROWS_OF.get(wanted.happening, tuple(Happening))],
    }


def _payment_row(row: tuple[Any, ...]) -> PaymentRow:
    return PaymentRow(row[0], Happening(row[1]), *row[2:])
