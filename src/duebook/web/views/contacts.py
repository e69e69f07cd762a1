"""Contacts: the list, adding, editing, and the record with its tabs."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from duebook.contacts.queries import contact_by_id, contacts_in_order
from duebook.contacts.services.add_contact import add_contact
from duebook.contacts.services.edit_contact import edit_contact
from duebook.domain.permissions import Right
from duebook.events.models import Event
from duebook.invoices.queries import balance_due_of
from duebook.payments.queries import credit_of, payments_of
from duebook.sales.queries import orders_of
from duebook.web.forms.contacts import ContactForm
from duebook.web.notices import add_notice
from duebook.web.paging import page_of
from duebook.web.request import StaffRequest, actor_of, requires
from duebook.web.search import find_contacts
from duebook.web.timeline import told

_MOST_FOUND = 100


@require_safe
def contact_list(request: StaffRequest) -> HttpResponse:
    """All contacts by name, or those that a text finds."""
    text = request.GET.get("q", "").strip()[:100]
    context: dict[str, Any] = {"text": text}
    if text:
        context["matches"] = find_contacts(text, _MOST_FOUND)
        context["most"] = _MOST_FOUND
    else:
        context["page"] = page_of(contacts_in_order(), ("name_key", "id"), request.GET)
    return render(request, "web/contacts/list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Right.EDIT_CONTACTS)
def contact_add(request: StaffRequest) -> HttpResponse:
    """Add a contact, then show its Order tab."""
    form = ContactForm(request.POST or None)
    if form.is_valid():
        contact = form.carry_out(
            request.business,
            lambda: add_contact(details=form.details(), request_key=form.key, actor=actor_of(request)),
        )
        if contact is not None:
            add_notice(request, _("%(name)s added.") % {"name": contact})
            return redirect("web:contact_orders", contact.pk)
    return render(request, "web/contacts/form.html", {"form": form}, status=form.status)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Right.EDIT_CONTACTS)
def contact_edit(request: StaffRequest, contact_id: int) -> HttpResponse:
    """Edit a contact's details."""
    contact = contact_by_id(contact_id)
    form = ContactForm(request.POST or None, initial=ContactForm.values_of(contact))
    if form.carries_out(
        request.business,
        lambda: edit_contact(
            contact_id=contact_id, details=form.details(), request_key=form.key, actor=actor_of(request)
        ),
    ):
        add_notice(request, _("Saved."))
        return redirect("web:contact", contact_id)
    context = {"form": form, "contact": contact}
    return render(request, "web/contacts/form.html", context, status=form.status)


@require_safe
def contact_details(request: StaffRequest, contact_id: int) -> HttpResponse:
    """The Details tab."""
    return render(request, "web/contacts/details.html", record_of(contact_id, "details"))


@require_safe
def contact_orders(request: StaffRequest, contact_id: int) -> HttpResponse:
    """The Order tab: what was bought, what is paid, what is due."""
    context = record_of(contact_id, "orders")
    context["page"] = page_of(orders_of(contact_id), ("-id",), request.GET)
    context["here"] = reverse("web:contact_orders", args=[contact_id])
    return render(request, "web/contacts/orders.html", context)


@require_safe
def contact_payments(request: StaffRequest, contact_id: int) -> HttpResponse:
    """The Payments tab."""
    context = record_of(contact_id, "payments")
    context["page"] = page_of(payments_of(contact_id), ("-received_on", "-id"), request.GET)
    return render(request, "web/contacts/payments.html", context)


@require_safe
def contact_history(request: StaffRequest, contact_id: int) -> HttpResponse:
    """The History tab: every event, newest first."""
    context = record_of(contact_id, "history")
    page = page_of(Event.objects.filter(contact_id=contact_id), ("-id",), request.GET)
    context["page"] = page
    context["entries"] = told(page.rows, request.business)
    return render(request, "web/contacts/history.html", context)


def record_of(contact_id: int, tab: str) -> dict[str, Any]:
    """What the head of a contact's record shows on every tab."""
    return {
        "contact": contact_by_id(contact_id),
        "tab": tab,
        "owes": balance_due_of(contact_id),
        "credit": credit_of(contact_id),
    }
