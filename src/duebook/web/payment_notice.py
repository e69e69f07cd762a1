"""Where a payment leads back to, and what is said there: what it settled, what is due, what to do next."""

from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _

from duebook.payments.models import Payment
from duebook.payments.queries import AppliedTo, applied_by
from duebook.web.forms.payment_words import Mode
from duebook.web.notices import Action, add_payment_notice
from duebook.web.request import StaffRequest

FROM_ORDER = "order"
FROM_ENTER = "enter"


def back_to_origin(
    request: StaffRequest, payment: Payment, origin: str, *, corrects: Payment | None = None
) -> HttpResponse:
    """Say what the payment did and go back to the order, or to the contact's Order tab.

    ``corrects`` is the payment that was undone for it.
    """
    parts = applied_by(payment)
    add_payment_notice(
        request,
        {
            "payment": str(payment),
            "payment_url": reverse("web:payment", args=[payment.pk]),
            "amount_minor": payment.amount_minor,
            "currency": payment.currency,
            "applied": [
                {
                    "invoice": str(part.invoice),
                    "url": reverse("web:order", args=[part.invoice.order_id]),
                    "balance_minor": part.invoice.balance_due_minor,
                }
                for part in parts
            ],
            "credit_minor": payment.credit_minor,
            "corrects": str(corrects) if corrects else "",
            "corrects_url": reverse("web:payment", args=[corrects.pk]) if corrects else "",
            "actions": _next_acts(payment, parts, origin),
        },
    )
    if origin == FROM_ORDER and parts:
        return redirect("web:order", parts[0].invoice.order_id)
    return redirect("web:contact_orders", payment.contact_id)


def _next_acts(payment: Payment, parts: list[AppliedTo], origin: str) -> list[Action]:
    one = [payment.pk]
    add = (
        reverse("web:payment_enter")
        if origin == FROM_ENTER
        else reverse("web:payment_add", args=[payment.contact_id])
    )
    if not parts and origin != FROM_ENTER:
        add += f"?{Mode.ACCOUNT.value}"
    # What was charged goes back as a refund; it is not undone.
    undo: list[Action] = [{"label": _("Undo"), "url": reverse("web:payment_reversal", args=one)}]
    return [
        *(undo if payment.charge_id is None else []),
        {"label": _("Receipt"), "url": reverse("web:payment_receipt", args=one)},
        {"label": _("Add another"), "url": add},
    ]
