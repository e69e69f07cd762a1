"""An order as the rows of a file give it, decided as a whole; nothing is written here.

Rows with one order number are the items of one order; what belongs to the order (customer, dates, title,
currency, payment) stands in its first row and is empty or the same in the others. A row that cannot be right
takes the whole order with it: half an order would be a wrong total.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import NamedTuple

from duebook.domain.errors import (
    AmountsDisagree,
    DueBeforeOrder,
    FutureOrderDate,
    PaidAboveTotal,
    PaidUnclear,
    PeriodClosed,
    RowsDisagree,
    UnknownCurrency,
    ValueMissing,
)
from duebook.domain.money import Money, to_decimal, to_minor
from duebook.domain.order_row import PRICE_PLACES, CheckedRow, Column, Customer, ImportTerms

_PRICE_STEP = Decimal(1).scaleb(-PRICE_PLACES)


class ImportedLine(NamedTuple):
    """One item; the amount counts, the price is what it comes to for one."""

    item: str
    quantity: Decimal
    unit_price: Decimal
    line_minor: int


class Paid(NamedTuple):
    """What has been paid of the order; the label is empty when the file does not say how."""

    minor: int
    paid_on: date
    label: str


@dataclass(frozen=True, slots=True)
class ImportedOrder:
    """One order, ready to be placed once its contact and its products are known."""

    line: int
    rows: int
    customer: Customer
    number: str
    ordered_on: date
    due_on: date | None
    title: str
    currency: str
    lines: tuple[ImportedLine, ...]
    total_minor: int
    paid: Paid | None
    lead_partner: str = ""
    sale_partner: str = ""


def decide_order(rows: Sequence[CheckedRow], terms: ImportTerms) -> ImportedOrder:
    """Join the checked rows of one order.

    Raises the subclass of DomainError that names the first thing wrong; its value ``line`` is the row's.
    """
    first = rows[0]
    for row in rows[1:]:
        _check_same_order(first, row)
    if first.ordered_on is None:
        raise ValueMissing(field=Column.ORDER_DATE, name=Column.ORDER_DATE.value, line=first.line)
    if not any(first.customer):
        raise ValueMissing(field=Column.CUSTOMER_ID, name="The customer", line=first.line)
    if first.ordered_on > terms.on:
        raise FutureOrderDate(field=Column.ORDER_DATE, date=first.ordered_on, line=first.line)
    if first.due_on is not None and first.due_on < first.ordered_on:
        raise DueBeforeOrder(field=Column.DUE_DATE, date=first.ordered_on, line=first.line)
    if terms.closed_until is not None and first.ordered_on <= terms.closed_until:
        raise PeriodClosed(field=Column.ORDER_DATE, closed_until=terms.closed_until, line=first.line)
    lines = _decide_lines(rows, terms)
    total_minor = sum(line.line_minor for line in lines)
    return ImportedOrder(
        line=first.line,
        rows=len(rows),
        customer=first.customer,
        number=first.number,
        ordered_on=first.ordered_on,
        due_on=first.due_on,
        title=_title(first, lines),
        currency=first.currency,
        lines=lines,
        total_minor=total_minor,
        paid=_decide_paid(first, first.ordered_on, total_minor),
        lead_partner=first.lead_partner,
        sale_partner=first.sale_partner,
    )


def _check_same_order(first: CheckedRow, row: CheckedRow) -> None:
    pairs = (
        (Column.CUSTOMER_ID, first.customer.external_id, row.customer.external_id),
        (Column.CUSTOMER_EMAIL, first.customer.email, row.customer.email),
        (Column.CUSTOMER_NAME, first.customer.name, row.customer.name),
        (Column.ORDER_DATE, first.ordered_on, row.ordered_on),
        (Column.DUE_DATE, first.due_on, row.due_on),
        (Column.TITLE, first.title, row.title),
        (Column.CURRENCY, first.currency, row.currency),
        (Column.PAID, first.is_paid, row.is_paid),
        (Column.PAID, first.paid_minor, row.paid_minor),
        (Column.PAID_ON, first.paid_on, row.paid_on),
        (Column.PAYMENT_TYPE, first.payment_label.lower(), row.payment_label.lower()),
        (Column.LEAD_PARTNER, first.lead_partner.lower(), row.lead_partner.lower()),
        (Column.SALE_PARTNER, first.sale_partner.lower(), row.sale_partner.lower()),
    )
    for column, of_first, of_row in pairs:
        if of_row not in (None, "", of_first):
            raise RowsDisagree(field=column, name=column.value, first_line=first.line, line=row.line)


def _decide_lines(rows: Sequence[CheckedRow], terms: ImportTerms) -> tuple[ImportedLine, ...]:
    money = terms.currency_of(rows[0].currency)
    if money is None:
        raise UnknownCurrency(currency=rows[0].currency, line=rows[0].line)
    lines = []
    disagreement: AmountsDisagree | None = None
    for row in rows:
        computed = None if row.unit_price is None else to_minor(row.quantity * row.unit_price, money.exponent)
        amount = computed if row.amount_minor is None else row.amount_minor
        if amount is None:
            raise ValueMissing(field=Column.AMOUNT, name=Column.AMOUNT.value, line=row.line)
        if computed is not None and amount != computed and not _only_rounded(row, amount, money.exponent):
            disagreement = disagreement or AmountsDisagree(
                computed=Money(computed, row.currency), amount=Money(amount, row.currency), line=row.line
            )
        price = row.unit_price
        if price is None:
            price = (to_decimal(amount, money.exponent) / row.quantity).quantize(_PRICE_STEP, ROUND_HALF_UP)
        lines.append(ImportedLine(row.item, row.quantity, price, amount))
    if disagreement is None:
        return tuple(lines)
    return _lines_of_order_total(rows, money.exponent, disagreement)


def _only_rounded(row: CheckedRow, amount_minor: int, exponent: int) -> bool:
    """Whether the price is the amount's, rounded: 3 at 3.33 may come to 10.00, within 3 times half a cent."""
    if row.unit_price is None:
        return True
    places = max(0, -int(row.unit_price.normalize().as_tuple().exponent))
    tolerance = row.quantity * Decimal(5).scaleb(-max(places, exponent) - 1)
    return abs(row.quantity * row.unit_price - to_decimal(amount_minor, exponent)) <= tolerance


def _lines_of_order_total(
    rows: Sequence[CheckedRow], exponent: int, disagreement: AmountsDisagree
) -> tuple[ImportedLine, ...]:
    """The lines by quantity and price, when the amounts given are the order's total, once or repeated."""
    lines = [
        ImportedLine(
            row.item, row.quantity, row.unit_price, to_minor(row.quantity * row.unit_price, exponent)
        )
        for row in rows
        if row.unit_price is not None
    ]
    given = {row.amount_minor for row in rows if row.amount_minor is not None}
    if len(lines) < len(rows) or given != {sum(line.line_minor for line in lines)}:
        raise disagreement
    return tuple(lines)


def _decide_paid(first: CheckedRow, ordered_on: date, total_minor: int) -> Paid | None:
    if not first.is_paid:
        if first.paid_on is not None:
            raise PaidUnclear(text="paid_on without paid", line=first.line)
        return None
    minor = total_minor if first.paid_minor is None else first.paid_minor
    if minor > total_minor:
        raise PaidAboveTotal(
            paid=Money(minor, first.currency), total=Money(total_minor, first.currency), line=first.line
        )
    if minor == 0:
        return None
    return Paid(minor, first.paid_on or ordered_on, first.payment_label)


def _title(first: CheckedRow, lines: Sequence[ImportedLine]) -> str:
    if first.title:
        return first.title
    if first.number:
        return f"Order {first.number}"
    items = [line.item for line in lines if line.item]
    return items[0] if items else "Imported order"
