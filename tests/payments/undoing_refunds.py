"""Refunds by hand that are undone, and every figure that must then be as before."""

from datetime import date
from typing import Any

from duebook.commissions.models import Accrual
from duebook.invoices.models import Invoice
from duebook.ledger.models import Transfer
from duebook.payments.models import Payment, Refund
from duebook.payments.services.reverse_refund import reverse_refund
from tests.factories import SYSTEM, day, key, make_invoice, make_payment, make_refund


def a_payment(amount: str = "100.00", **fields: Any) -> Payment:
    """A payment of an invoice of 100.00, made ten days ago."""
    invoice = make_invoice("100.00", ordered_on=day(-20))
    return make_payment(amount, **{"invoice": invoice, "received_on": day(-10), **fields})


def refunded(payment: Payment, amount: str = "40.00", **wanted: Any) -> Refund:
    make_refund(payment, amount, **wanted)
    return Refund.objects.latest("id")


def undo(refund: Refund, **fields: Any) -> Any:
    return reverse_refund(
        **{
            "refund_id": refund.pk,
            "reason": "Wrong customer",
            "request_key": key(),
            "actor": SYSTEM,
            "on": day(),
            **fields,
        }
    )


def figures() -> dict[str, Any]:
    """All counters, and the balance of every account on every day."""
    days: dict[tuple[int, date], int] = {}
    for one in Transfer.objects.all():
        for account, minor in (
            (one.debit_account_id, one.amount_minor),
            (one.credit_account_id, -one.amount_minor),
        ):
            place = (account, one.effective_on)
            days[place] = days.get(place, 0) + minor
    counters = ("applied_minor", "counted_minor", "uncounted_minor", "money_minor", "money_back_minor")
    parts = ("allocated_minor", "refunded_minor", "returned_minor", "reversed_minor", "credit_minor")
    standing = Payment.objects.filter(reversed_minor=0).order_by("id")
    return {
        "days": {place: minor for place, minor in days.items() if minor},
        "invoices": list(Invoice.objects.order_by("id").values_list("pk", *counters)),
        "payments": list(standing.values_list("pk", *parts)),
        "earned": list(Accrual.objects.order_by("id").values_list("pk", "earned_minor", "counted_minor")),
    }
