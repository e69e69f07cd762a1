"""Charges that are still under way although their invoices are settled otherwise.

Read from the rows as they stand, whatever settled an invoice: a payment by hand, credit, a write-off, a void.
"""

from collections.abc import Mapping

from django.db.models import Exists, F, OuterRef, Q

from duebook.domain.charging import is_settled_otherwise
from duebook.domain.money import Money
from duebook.payments.models import Charge, ChargeLine

_OWES_LESS = Q(is_open=True, amount_minor__gt=F("invoice__balance_due_minor"))

SETTLED_OTHERWISE = Exists(ChargeLine.objects.filter(_OWES_LESS, charge=OuterRef("pk")))
"""Of a charge: an invoice owes less by now than it is to pay of that."""


def is_to_be_called_off(charge_id: int) -> bool:
    """Whether an invoice of the charge owes less by now than the charge is to pay of it."""
    return ChargeLine.objects.filter(_OWES_LESS, charge=charge_id).exists()


def charges_that_no_longer_fit(balances: Mapping[int, Money]) -> list[Charge]:
    """The charges under way for which nothing would be left to pay if these invoices owed so much.

    What is due on the other invoices of such a charge is taken as it stands. One query.
    """
    of_them = ChargeLine.objects.filter(invoice__in=balances, is_open=True)
    rows = ChargeLine.objects.filter(charge__in=of_them.values("charge_id"))
    lines: dict[Charge, list[tuple[Money, Money]]] = {}
    for row in rows.select_related("charge", "invoice").order_by("charge_id", "id"):
        amount, due = due_of(row)
        lines.setdefault(row.charge, []).append((amount, balances.get(row.invoice_id, due)))
    return [charge for charge, its_lines in lines.items() if is_settled_otherwise(its_lines)]


def due_of(line: ChargeLine) -> tuple[Money, Money]:
    """What the line is to pay of its invoice, and what is due on that."""
    currency = line.invoice.currency
    return Money(line.amount_minor, currency), Money(line.invoice.balance_due_minor, currency)
