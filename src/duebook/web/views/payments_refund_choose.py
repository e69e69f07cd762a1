"""Choosing the payments of a contact of which money goes back."""

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from duebook.contacts.queries import contact_by_id
from duebook.domain.permissions import Right
from duebook.payments.queries import refundable_payments
from duebook.web.forms.refund_choice import RefundChoiceForm
from duebook.web.refund_turns import url_of
from duebook.web.request import StaffRequest, requires


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Right.REFUND)
def refund_choose(request: StaffRequest, contact_id: int) -> HttpResponse:
    """How much goes back of which payment; then each is refunded on its own page, one after the other.

    With ``invoice`` in the address only the payments that are applied to it are offered.
    """
    contact = contact_by_id(contact_id)
    asked = request.GET.get("invoice", "")
    invoice_id = int(asked) if asked.isdecimal() and len(asked) < 19 else None
    payments = list(refundable_payments(contact_id, invoice_id=invoice_id))
    form = RefundChoiceForm(payments, request.business, request.POST or None)
    if request.method == "POST" and form.is_valid():
        turns = form.turns
        return redirect(url_of(turns, len(turns)))
    context = {"contact": contact, "form": form, "only_invoice": invoice_id}
    return render(request, "web/payments/refund_choose.html", context, status=422 if form.errors else 200)
