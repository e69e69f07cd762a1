"""Reads of invoices."""

from django.db.models import Sum

from duebook.domain.money import Money
from duebook.invoices.models import Invoice


def balance_due_of(contact_id: int) -> list[Money]:
    """What the contact owes, one amount for each currency; empty when nothing is due."""
    rows = (
        Invoice.objects.filter(contact_id=contact_id, balance_due_minor__gt=0)
        .order_by("currency")
        .values_list("currency")
        .annotate(Sum("balance_due_minor"))
    )
    return [Money(int(minor), currency) for currency, minor in rows]
