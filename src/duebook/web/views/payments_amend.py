"""Amending the reference and the notes of a payment."""

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from duebook.domain.permissions import Right
from duebook.payments.queries import payment_by_id
from duebook.payments.services.amend_payment import amend_payment
from duebook.web.forms.payment_acts import AmendForm
from duebook.web.notices import add_notice
from duebook.web.request import StaffRequest, actor_of, requires


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Right.AMEND_NOTES)
def payment_notes(request: StaffRequest, payment_id: int) -> HttpResponse:
    """Change reference and notes; the old ones stay in the history."""
    payment = payment_by_id(payment_id)
    form = AmendForm(request.POST or None, initial={"reference": payment.reference, "notes": payment.notes})
    if form.carries_out(
        request.business,
        lambda: amend_payment(
            payment_id=payment_id,
            reference=form.cleaned_data["reference"],
            notes=form.cleaned_data["notes"],
            request_key=form.key,
            actor=actor_of(request),
        ),
    ):
        add_notice(request, _("Reference and notes saved."))
        return redirect("web:payment", payment_id)
    context = {"form": form, "payment": payment, "contact": payment.contact}
    return render(request, "web/payments/amend.html", context, status=form.status)
