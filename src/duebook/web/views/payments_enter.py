"""Enter a Payment: find the contact by typing, then go to the form. A correction finds another contact so."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.db.models import Sum
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_safe

from duebook.contacts.models import Contact
from duebook.domain.money import Money
from duebook.domain.permissions import Right
from duebook.invoices.models import Invoice
from duebook.payments.queries import payment_by_id
from duebook.web.payment_notice import FROM_ENTER
from duebook.web.request import StaffRequest, requires
from duebook.web.search import find

_MOST = 8
_MOST_ON_PAGE = 30
_LONGEST = 100


@dataclass(frozen=True, slots=True)
class Match:
    """A contact that the text found, by which number if by one, and what is due from it."""

    contact: Contact
    by: str
    invoice_id: int | None
    due: tuple[Money, ...]
    url: str


@require_safe
@requires(Right.RECORD_PAYMENTS)
def payment_enter(request: StaffRequest) -> HttpResponse:
    """The field Name and OK; one match leads on, several are a list, none says so."""
    return _choose(request, "web/payments/enter.html", _to_form, {})


@require_safe
@requires(Right.RECORD_PAYMENTS)
def payment_correction_contact(request: StaffRequest, payment_id: int) -> HttpResponse:
    """The same search, to choose from whom a payment really came."""
    payment = payment_by_id(payment_id)
    lead_to = partial(_to_correction, payment_id)
    return _choose(request, "web/payments/correct_contact.html", lead_to, {"payment": payment})


def _to_form(contact_id: int, invoice: str) -> str:
    asked = {"from": FROM_ENTER} | ({"invoice": invoice} if invoice.isdecimal() else {})
    return f"{reverse('web:payment_add', args=[contact_id])}?{urlencode(asked)}"


def _to_correction(payment_id: int, contact_id: int, invoice: str) -> str:
    asked = {"contact": str(contact_id)} | ({"invoice": invoice} if invoice.isdecimal() else {})
    return f"{reverse('web:payment_correction', args=[payment_id])}?{urlencode(asked)}"


def _choose(
    request: StaffRequest, template: str, lead_to: Callable[[int, str], str], context: dict[str, Any]
) -> HttpResponse:
    text = request.GET.get("q", "").strip()[:_LONGEST]
    chosen = request.GET.get("contact", "")
    if chosen.isdecimal() and len(chosen) < 19 and Contact.objects.filter(pk=int(chosen)).exists():
        return redirect(lead_to(int(chosen), request.GET.get("invoice", "")))
    as_list = request.headers.get("HX-Target") == "name-options"
    matches = _matches(text, _MOST if as_list else _MOST_ON_PAGE, lead_to) if text else []
    context |= {"text": text, "matches": matches, "most": _MOST_ON_PAGE, "asked": "q" in request.GET}
    if as_list:
        return render(request, "web/payments/_options.html", context)
    if len(matches) == 1:
        return redirect(matches[0].url)
    status = 422 if "q" in request.GET and not matches else 200
    return render(request, template, context, status=status)


def _matches(text: str, limit: int, lead_to: Callable[[int, str], str]) -> list[Match]:
    found = find(text, limit)
    by: dict[int, tuple[Contact, str, int | None]] = {}
    for invoice in found.invoices:
        by.setdefault(invoice.contact_id, (invoice.contact, str(invoice), invoice.pk))
    for order in found.orders:
        by.setdefault(order.contact_id, (order.contact, str(order), None))
    for contact in found.contacts:
        by.setdefault(contact.pk, (contact, "", None))
    due = _due_from(list(by))
    return [
        Match(contact, label, invoice_id, due.get(pk, ()), lead_to(pk, str(invoice_id or "")))
        for pk, (contact, label, invoice_id) in list(by.items())[:limit]
    ]


def _due_from(contact_ids: list[int]) -> dict[int, tuple[Money, ...]]:
    """What is due from each contact, by currency; one query."""
    rows = (
        Invoice.objects.filter(contact_id__in=contact_ids, balance_due_minor__gt=0)
        .order_by("contact_id", "currency")
        .values_list("contact_id", "currency")
        .annotate(Sum("balance_due_minor"))
    )
    due: dict[int, tuple[Money, ...]] = {}
    for contact_id, currency, minor in rows:
        due[contact_id] = (*due.get(contact_id, ()), Money(int(minor), currency))
    return due
