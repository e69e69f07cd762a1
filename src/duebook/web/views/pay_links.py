"""The Pay Links tab of a contact's record: links by which the customer pays, and withdrawing one."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from duebook.domain.errors import Forbidden, PayLinkOver
from duebook.domain.permissions import Right
from duebook.invoices.models import Invoice
from duebook.payments.card_links import PLACE
from duebook.payments.card_reading import accounts_to_offer
from duebook.payments.pay_links import link_by_id, open_pay_links_of
from duebook.payments.queries import invoices_due_from
from duebook.payments.services.offer_pay_link import OfferedPayLink, offer_pay_link
from duebook.payments.services.withdraw_pay_link import withdraw_pay_link
from duebook.web.errors import text_of
from duebook.web.forms.keyed import KeyedForm, new_request_key
from duebook.web.forms.pay_links import PayLinkForm
from duebook.web.notices import add_notice
from duebook.web.request import StaffRequest, actor_of, requires, rights_of
from duebook.web.views.contacts import record_of

MOST = 100
"""How many open links the tab shows; those before them run out, or come up as these do."""


@require_http_methods(["GET", "HEAD", "POST"])
def contact_pay_links(request: StaffRequest, contact_id: int) -> HttpResponse:
    """The contact's links that still take a payment; sent, the form makes one, which is then shown once."""
    may_offer = Right.CHARGE_CARDS in rights_of(request)
    if request.method == "POST" and not may_offer:
        raise Forbidden(right=Right.CHARGE_CARDS.value)
    context = record_of(contact_id, "pay_links")
    due = invoices_due_from(contact_id)
    accounts = accounts_to_offer() if may_offer and due else []
    form = None
    status = 200
    if accounts:
        options: dict[str, Any] = {"invoices": due, "accounts": accounts}
        first = {"invoices": _asked_for(request, due)}
        form = PayLinkForm(request.POST or None, initial=first, **options)
        if form.is_valid() and (offered := _offer(request, form, contact_id)) is not None:
            context |= {"link": _link(request, offered.token), "is_sent": form.cleaned_data["send"]}
            form = PayLinkForm(initial=first, **options)
        status = form.status
    links = open_pay_links_of(contact_id, most=MOST + 1)
    context |= {
        "form": form,
        "due": due,
        "links": links[:MOST],
        "most": MOST if len(links) > MOST else None,
        "request_key": new_request_key(),
    }
    return render(request, "web/contacts/pay_links.html", context, status=status)


@require_POST
@requires(Right.CHARGE_CARDS)
def pay_link_withdrawal(request: StaffRequest, link_id: int) -> HttpResponse:
    """Withdraw the link."""
    link = link_by_id(link_id)
    form = KeyedForm(request.POST)
    if form.is_valid():
        try:
            withdraw_pay_link(link_id=link_id, request_key=form.key, actor=actor_of(request))
        except PayLinkOver as refusal:
            add_notice(request, text_of(refusal, request.business))
        else:
            add_notice(request, _("The pay link is withdrawn. Nobody can pay with it any more."))
    return redirect("web:contact_pay_links", link.contact_id)


def _asked_for(request: StaffRequest, due: list[Invoice]) -> list[int]:
    """The invoice that the page was opened for, else all that are due in the first one's currency."""
    asked = [invoice.pk for invoice in due if str(invoice.pk) == request.GET.get("invoice")]
    return asked or [invoice.pk for invoice in due if invoice.currency == due[0].currency]


def _offer(request: StaffRequest, form: PayLinkForm, contact_id: int) -> OfferedPayLink | None:
    return form.carry_out(
        request.business,
        lambda: offer_pay_link(
            contact_id=contact_id,
            invoice_ids=form.cleaned_data["invoices"],
            merchant_account_id=form.cleaned_data["account"],
            link_to_send=_link(request, PLACE) if form.cleaned_data["send"] else "",
            request_key=form.key,
            actor=actor_of(request),
        ),
    )


def _link(request: StaffRequest, token: str) -> str:
    return request.build_absolute_uri(reverse("pay:link", args=[token]))
