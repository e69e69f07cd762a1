"""What the pages of a pay link show of its invoices and its payments."""

from typing import Any

from django.db.models import prefetch_related_objects

from duebook.domain.money import Money
from duebook.invoices.models import Invoice
from duebook.payments.models import LinkPayment, LinkPaymentLine, PayLink, Payment
from duebook.payments.pay_links import payments_of_link
from duebook.staff.queries import today


def told(begun: LinkPayment, token: str) -> dict[str, Any]:
    """What every page of a payment shows: how much it is, for which invoices."""
    lines = LinkPaymentLine.objects.filter(payment=begun).select_related("invoice__order").order_by("id")
    return {
        "link": begun.link,
        "token": token,
        "payment": begun,
        "charge": begun.charge,
        "amount": Money(begun.amount_minor, begun.link.currency),
        "lines": [
            {
                "invoice": line.invoice,
                "amount": Money(line.amount_minor, begun.link.currency),
                "rest": Money(line.balance_seen_minor - line.amount_minor, begun.link.currency),
            }
            for line in lines
        ],
    }


def shown(invoices: list[Invoice]) -> list[dict[str, Any]]:
    """What stands on the page of each invoice; its items are read for all of them at once."""
    prefetch_related_objects(invoices, "order__items")
    on = today()
    return [
        {
            "invoice": invoice,
            "balance": Money(invoice.balance_due_minor, invoice.currency),
            "total": Money(invoice.total_minor, invoice.currency),
            "paid": Money(invoice.applied_minor, invoice.currency),
            "items": invoice.order.items.all(),
            "is_late": invoice.due_on < on,
            "is_under_way": getattr(invoice, "charge_under_way", None) is not None,
        }
        for invoice in invoices
    ]


def paid_by(found: PayLink) -> list[dict[str, Any]]:
    """The payments that were made by the link, the newest first."""
    made = [one for one in payments_of_link(found) if one.charge is not None]
    booked = {
        one.charge_id: str(one)
        for one in Payment.objects.filter(charge_id__in=[one.charge_id for one in made])
    }
    return [
        {
            "number": one.number,
            "receipt": booked[one.charge_id],
            "amount": Money(one.amount_minor, found.currency),
        }
        for one in made
        if one.charge_id in booked
    ]
