"""A payment's receipt: to print, as PDF, by e-mail."""

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from duebook.domain.permissions import Right
from duebook.reports.queries.receipt import receipt_of
from duebook.reports.receipt_pdf import receipt_pdf
from duebook.reports.receipt_words import balance_label, how_words, note_words, title_words
from duebook.reports.services.email_receipt import email_receipt
from duebook.staff.models import Business
from duebook.web.forms.receipts import EmailReceiptForm
from duebook.web.notices import add_notice
from duebook.web.request import StaffRequest, actor_of, requires


@require_safe
@requires(Right.VIEW)
def receipt(request: StaffRequest, payment_id: int) -> HttpResponse:
    """The receipt on a page to print."""
    found = receipt_of(payment_id)
    context = {
        "receipt": found,
        "title": title_words(found),
        "notes": note_words(found, request.business),
        "how": how_words(found),
        "balance_label": balance_label(found, request.business),
    }
    return render(request, "web/receipts/receipt.html", context)


@require_safe
@requires(Right.VIEW)
def receipt_file(request: StaffRequest, payment_id: int) -> HttpResponse:
    """The receipt as PDF."""
    found = receipt_of(payment_id)
    return HttpResponse(
        receipt_pdf(found, Business.objects.get(pk=1)),
        content_type="application/pdf",
        headers={"Content-Disposition": f'inline; filename="receipt-{found.number}.pdf"'},
    )


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Right.RECORD_PAYMENTS)
def receipt_message(request: StaffRequest, payment_id: int) -> HttpResponse:
    """Send the receipt by e-mail; the contact's address is offered."""
    found = receipt_of(payment_id)
    form = EmailReceiptForm(request.POST or None, initial={"address": found.email})
    if form.is_valid():
        sent = form.carry_out(
            request.business,
            lambda: email_receipt(
                payment_id=payment_id,
                address=form.cleaned_data["address"],
                request_key=form.key,
                actor=actor_of(request),
            ),
        )
        if sent is not None:
            text = _("Receipt of %(number)s sent to %(address)s.")
            add_notice(request, text % {"number": sent.number, "address": sent.address})
            return redirect("web:payment_receipt", payment_id)
    context = {"form": form, "receipt": found, "title": title_words(found)}
    return render(request, "web/receipts/email.html", context, status=form.status)
