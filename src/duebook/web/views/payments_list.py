"""All payments, narrowed down by date, type, contact, amount and state, with what they come to."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from duebook.contacts.models import Contact
from duebook.payments.listing import MOST_SUMMED, listed, payments_matching, sums_of
from duebook.web.forms.payment_filter import PaymentFilterForm
from duebook.web.paging import page_of
from duebook.web.request import StaffRequest


@require_safe
def payment_list(request: StaffRequest) -> HttpResponse:
    """The list, newest first."""
    form = PaymentFilterForm(request.business, request.GET)
    wanted = form.filter()
    rows = payments_matching(wanted)
    contact_id = form.cleaned_data.get("contact")
    context = {
        "form": form,
        "page": page_of(listed(rows), ("-received_on", "-id"), request.GET),
        "sums": sums_of(rows),
        "most_summed": MOST_SUMMED,
        "contact": Contact.objects.filter(pk=contact_id).first() if contact_id else None,
        "is_narrowed": any(request.GET.get(name) for name in form.fields),
    }
    return render(request, "web/payments/list.html", context, status=422 if form.errors else 200)
