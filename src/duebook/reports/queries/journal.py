"""Every transfer of a period in the order of its days, streamed."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from django.db.models import Min, OuterRef, Subquery

from duebook.ledger.models import Account, Transfer
from duebook.reports.queries.rows import all_rows, streamed_rows


@dataclass(frozen=True, slots=True)
class JournalRow:
    """One transfer with the numbers that people know it by."""

    transfer_id: int
    day: date
    kind: str
    debit_id: int
    credit_id: int
    amount_minor: int
    currency: str
    contact_id: int | None
    name: str
    invoice_number: int | None
    payment_number: int | None
    corrects_id: int | None


_ROWS = """
SELECT t.id, t.effective_on, t.kind, t.debit_account_id, t.credit_account_id, t.amount_minor, t.currency,
       t.contact_id, coalesce(c.name, ''), i.number, p.number, t.corrects_id
  FROM ledger_transfer t
  LEFT JOIN contacts_contact c ON c.id = t.contact_id
  LEFT JOIN invoices_invoice i ON i.id = t.invoice_id
  LEFT JOIN payments_payment p ON p.id = t.payment_id
 WHERE t.effective_on BETWEEN %(first)s AND %(last)s
 ORDER BY t.effective_on, t.id
"""


def every_transfer(first: date, last: date) -> Iterator[JournalRow]:
    """All transfers from the first to the last day."""
    return (JournalRow(*row) for row in streamed_rows(_ROWS, {"first": first, "last": last}))


def currencies_of_journal() -> list[str]:
    """The currencies that the books know."""
    return [row[0] for row in all_rows("SELECT DISTINCT currency FROM ledger_transfer ORDER BY 1", {})]


def first_day() -> date | None:
    """The day of the first transfer; one look into an index for each account."""
    own = Transfer.objects.filter(debit_account=OuterRef("pk")).order_by("effective_on")
    first = Account.objects.annotate(first=Subquery(own.values("effective_on")[:1])).aggregate(
        day=Min("first")
    )
    day: date | None = first["day"]
    return day


def accounts_by_id() -> dict[int, Account]:
    """All accounts, for naming those of a row."""
    return Account.objects.in_bulk()
