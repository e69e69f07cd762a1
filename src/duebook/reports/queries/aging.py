"""What is owed as of a day, by how late it is.

Exact for every day: an invoice's balance on a day is its balance now less what the receivable account moved
for it afterwards. For today nothing came afterwards, so the open invoices are read by their index.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Any

from duebook.domain.accounts import SystemAccount
from duebook.ledger.models import Transfer
from duebook.reports.queries.rows import all_rows, streamed_rows


class Bucket(StrEnum):
    """How late an invoice is; the value stands in addresses of pages."""

    NOT_DUE = "not-due"
    UP_TO_30 = "1-30"
    UP_TO_60 = "31-60"
    UP_TO_90 = "61-90"
    OVER_90 = "over-90"

    @property
    def days(self) -> tuple[int | None, int | None]:
        """The first and last day late that belong to it; None is without end."""
        return _DAYS[self]


_DAYS: dict[Bucket, tuple[int | None, int | None]] = {
    Bucket.NOT_DUE: (None, 0),
    Bucket.UP_TO_30: (1, 30),
    Bucket.UP_TO_60: (31, 60),
    Bucket.UP_TO_90: (61, 90),
    Bucket.OVER_90: (91, None),
}


@dataclass(frozen=True, slots=True)
class Aged:
    """Sums by bucket in minor units of one currency, in the order of ``Bucket``."""

    buckets: tuple[int, ...]
    invoices: int

    @property
    def total_minor(self) -> int:
        return sum(self.buckets)

    @property
    def overdue_minor(self) -> int:
        return sum(self.buckets[1:])


@dataclass(frozen=True, slots=True)
class AgedContact:
    """What one contact owes."""

    contact_id: int
    name: str
    aged: Aged


@dataclass(frozen=True, slots=True)
class AgedInvoice:
    """One invoice with something due on the day; ``late`` is in days, zero when it is not due yet."""

    invoice_id: int
    number: int
    order_id: int
    title: str
    contact_id: int
    name: str
    issued_on: date
    due_on: date
    balance_minor: int
    late: int


@dataclass(frozen=True, slots=True)
class AgingFilter:
    """Which invoices are meant: on which day, in which currency, of whom and how late."""

    as_of: date
    currency: str
    contact_id: int | None = None
    least_late: int | None = None
    most_late: int | None = None

    def within(self, bucket: Bucket) -> "AgingFilter":
        least, most = bucket.days
        return AgingFilter(self.as_of, self.currency, self.contact_id, least, most)


_OPEN_NOW = (
    "SELECT id AS invoice_id, balance_due_minor AS minor FROM invoices_invoice WHERE balance_due_minor > 0"
)

_OPEN_THEN = """
SELECT invoice_id, sum(minor)::bigint AS minor
  FROM (SELECT id AS invoice_id, balance_due_minor AS minor FROM invoices_invoice WHERE balance_due_minor > 0
        UNION ALL
        SELECT invoice_id, -amount_minor FROM ledger_transfer
         WHERE debit_account_id = %(receivable)s AND effective_on > %(as_of)s
        UNION ALL
        SELECT invoice_id, amount_minor FROM ledger_transfer
         WHERE credit_account_id = %(receivable)s AND effective_on > %(as_of)s) AS moved
 GROUP BY invoice_id HAVING sum(minor) <> 0
"""

_BUCKETS = """
       coalesce(sum(o.minor) FILTER (WHERE i.due_on >= %(as_of)s), 0)::bigint,
       coalesce(sum(o.minor) FILTER (WHERE i.due_on < %(as_of)s AND i.due_on >= %(day_30)s), 0)::bigint,
       coalesce(sum(o.minor) FILTER (WHERE i.due_on < %(day_30)s AND i.due_on >= %(day_60)s), 0)::bigint,
       coalesce(sum(o.minor) FILTER (WHERE i.due_on < %(day_60)s AND i.due_on >= %(day_90)s), 0)::bigint,
       coalesce(sum(o.minor) FILTER (WHERE i.due_on < %(day_90)s), 0)::bigint,
       count(*)
"""

_TOTALS = """
SELECT i.currency, {buckets}
  FROM ({open}) AS o JOIN invoices_invoice i ON i.id = o.invoice_id
 GROUP BY i.currency ORDER BY i.currency
"""

_CONTACTS = """
SELECT c.id, c.name, {buckets}
  FROM ({open}) AS o
  JOIN invoices_invoice i ON i.id = o.invoice_id
  JOIN contacts_contact c ON c.id = i.contact_id
 WHERE i.currency = %(currency)s
 GROUP BY c.id, c.name
 ORDER BY sum(o.minor) DESC, c.id
"""

_INVOICES = """
SELECT i.id, i.number, i.order_id, d.title, i.contact_id, c.name, i.issued_on, i.due_on, o.minor,
       greatest(%(as_of)s - i.due_on, 0)
  FROM ({open}) AS o
  JOIN invoices_invoice i ON i.id = o.invoice_id
  JOIN contacts_contact c ON c.id = i.contact_id
  JOIN orders_order d ON d.id = i.order_id
 WHERE {where}
 ORDER BY i.due_on, i.id
"""


def aging_totals(as_of: date) -> dict[str, Aged]:
    """What all owe together on the day, by currency."""
    rows = all_rows(_TOTALS.format(buckets=_BUCKETS, open=_open(as_of)), _days(as_of))
    return {row[0]: Aged(tuple(row[1:6]), row[6]) for row in rows}


def aging_by_contact(wanted: AgingFilter, *, limit: int, offset: int = 0) -> list[AgedContact]:
    """Who owes most on the day, some rows of all."""
    sql = _contacts(wanted.as_of) + " LIMIT %(limit)s OFFSET %(offset)s"
    rows = all_rows(sql, _parameters(wanted) | {"limit": limit, "offset": offset})
    return [_aged_contact(row) for row in rows]


def every_aged_contact(wanted: AgingFilter) -> Iterator[AgedContact]:
    """All contacts that owe something on the day, streamed."""
    return map(_aged_contact, streamed_rows(_contacts(wanted.as_of), _parameters(wanted)))


def aging_invoices(wanted: AgingFilter, *, limit: int, offset: int = 0) -> list[AgedInvoice]:
    """The invoices behind a figure, the longest due first, some rows of all."""
    sql = _invoices(wanted) + " LIMIT %(limit)s OFFSET %(offset)s"
    rows = all_rows(sql, _parameters(wanted) | {"limit": limit, "offset": offset})
    return [AgedInvoice(*row) for row in rows]


def every_aged_invoice(wanted: AgingFilter) -> Iterator[AgedInvoice]:
    """All invoices behind a figure, streamed."""
    return (AgedInvoice(*row) for row in streamed_rows(_invoices(wanted), _parameters(wanted)))


def _open(as_of: date) -> str:
    receivable = int(SystemAccount.RECEIVABLE)
    later = Transfer.objects.filter(effective_on__gt=as_of)
    moved = (
        later.filter(debit_account=receivable).exists() or later.filter(credit_account=receivable).exists()
    )
    return _OPEN_THEN if moved else _OPEN_NOW


def _contacts(as_of: date) -> str:
    return _CONTACTS.format(buckets=_BUCKETS, open=_open(as_of))


def _invoices(wanted: AgingFilter) -> str:
    where = ["i.currency = %(currency)s"]
    if wanted.contact_id is not None:
        where.append("i.contact_id = %(contact_id)s")
    if wanted.least_late is not None:
        where.append("i.due_on <= %(due_until)s")
    if wanted.most_late is not None:
        where.append("i.due_on >= %(due_from)s")
    return _INVOICES.format(open=_open(wanted.as_of), where=" AND ".join(where))


def _days(as_of: date) -> dict[str, Any]:
    return {
        "as_of": as_of,
        "receivable": int(SystemAccount.RECEIVABLE),
        **{f"day_{days}": as_of - timedelta(days=days) for days in (30, 60, 90)},
    }


def _parameters(wanted: AgingFilter) -> dict[str, Any]:
    parameters = _days(wanted.as_of) | {"currency": wanted.currency, "contact_id": wanted.contact_id}
    if wanted.least_late is not None:
        parameters["due_until"] = wanted.as_of - timedelta(days=wanted.least_late)
    if wanted.most_late is not None:
        parameters["due_from"] = wanted.as_of - timedelta(days=wanted.most_late)
    return parameters


def _aged_contact(row: tuple[Any, ...]) -> AgedContact:
    return AgedContact(row[0], row[1], Aged(tuple(row[2:7]), row[7]))
