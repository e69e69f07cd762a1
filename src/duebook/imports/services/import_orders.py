"""Import a file of orders, with their contacts, products, invoices and payments."""

from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import replace
from datetime import date
from pathlib import Path

from duebook.domain.errors import UnknownCurrency
from duebook.domain.order_row import ImportTerms
from duebook.domain.permissions import Actor, Right, Source
from duebook.imports.ahead import ahead
from duebook.imports.batches_in_turn import import_batches, one_import_at_a_time
from duebook.imports.import_report import ImportReport
from duebook.imports.known_rows import KnownContact
from duebook.imports.order_batch import BatchOutcome, BatchTerms, Writing
from duebook.imports.order_file import open_order_file
from duebook.imports.order_reading import ReadBatch, currency_terms, is_day_first, read_batches
from duebook.imports.payment_labels import payment_labels
from duebook.imports.refusals import Refusal
from duebook.ledger.currencies import decimal_mark, is_currency
from duebook.ledger.queries import closed_until
from duebook.reports.services.verify_books import verify_books
from duebook.staff.models import Business
from duebook.staff.queries import business, business_day

ORDERS_OF_A_BATCH = 1000
"""Large enough that the statements of a batch cost little, small enough that memory and locks stay small."""

OnProgress = Callable[[int, int], None]
OnRefusal = Callable[[Refusal], None]


def import_orders(
    *,
    path: Path,
    columns: Mapping[str, str] | None = None,
    currency: str | None = None,
    writing: Writing = Writing.WRITE,
    actor: Actor | None = None,
    on: date | None = None,
    on_progress: OnProgress | None = None,
    on_refusal: OnRefusal | None = None,
) -> ImportReport:
    """Import the orders of a CSV file that are not there yet, each batch in a transaction of its own.

    ``columns`` maps known columns to the file's headers, ``currency`` counts for rows that name none (else
    the business's). A row that is refused leaves the others alone; a file read again adds nothing. Records
    ``order.placed``, ``payment.recorded``, ``contact.added`` and ``product.added``. The books are verified at
    the end. ``on_progress`` gets the rows done and all rows, ``on_refusal`` each refusal as it happens.
    Raises Forbidden, UnknownCurrency, ImportRunning and what ``open_order_file`` raises; then nothing is
    written.
    """
    settings = business()
    on = on or business_day(settings)
    actor = replace(actor or Actor.system(Source.IMPORT), source=Source.IMPORT)
    for right in (Right.EDIT_ORDERS, Right.EDIT_CONTACTS, Right.EDIT_PRODUCTS):
        actor.require(right)
    file = open_order_file(path, renamed=columns or {})
    reading = _reading_terms(settings, currency, on)
    terms = BatchTerms(actor, on, settings.terms_days, payment_labels(), writing)
    report = ImportReport()
    counted: set[str] = set()
    with (
        one_import_at_a_time(),
        closing(ahead(lambda: read_batches(file, reading, orders=ORDERS_OF_A_BATCH), most=2)) as batches,
    ):
        for batch, outcomes in import_batches(batches, terms):
            report.rows += batch.rows
            for refusal in _in_file_order(batch, outcomes):
                report.refuse(refusal)
                if on_refusal is not None:
                    on_refusal(refusal)
            for outcome in outcomes:
                _count(report, outcome, None if writing is Writing.WRITE else counted)
            if on_progress is not None:
                on_progress(report.rows, batch.all_rows)
    if writing is Writing.WRITE:
        report.findings = verify_books()
    return report


def _reading_terms(settings: Business, currency: str | None, on: date) -> ImportTerms:
    wanted = (currency or settings.currency).upper()
    if not is_currency(wanted):
        raise UnknownCurrency(currency=wanted)
    return ImportTerms(
        currency=wanted,
        currency_of=currency_terms(settings.locale),
        decimal_mark=decimal_mark(settings.locale),
        day_first=is_day_first(settings.locale),
        on=on,
        closed_until=closed_until(),
    )


def _in_file_order(batch: ReadBatch, outcomes: list[BatchOutcome]) -> list[Refusal]:
    refusals = [*batch.refusals, *(refusal for outcome in outcomes for refusal in outcome.refusals)]
    return sorted(refusals, key=lambda refusal: refusal.line)


def _count(report: ImportReport, outcome: BatchOutcome, counted: set[str] | None) -> None:
    """Add a batch's figures; in a dry run a new contact or product is met again and counts once."""
    report.created += outcome.created
    report.already_there += outcome.already_there
    report.payments += outcome.payments
    if counted is None:
        report.contacts += len(outcome.contacts)
        report.products += len(outcome.products)
    else:
        contacts = {f"contact:{_identity(each)}" for each in outcome.contacts} - counted
        products = {f"product:{each.name.lower()}" for each in outcome.products} - counted
        report.contacts += len(contacts)
        report.products += len(products)
        counted |= contacts | products
    for sums, more in (
        (report.ordered_minor, outcome.ordered_minor),
        (report.paid_minor, outcome.paid_minor),
    ):
        for currency, minor in more.items():
            sums[currency] = sums.get(currency, 0) + minor


def _identity(contact: KnownContact) -> str:
    return contact.external_id or contact.email.lower() or contact.name
