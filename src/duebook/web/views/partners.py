"""Referral partners: the list, adding, editing, deleting."""

from dataclasses import dataclass, replace
from typing import Any

from django.db.models.functions import Lower
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from duebook.commissions.partner_figures import PartnerFigures, figures_of
from duebook.contacts.queries import contact_by_id
from duebook.domain.errors import PartnerHasEntries
from duebook.domain.permissions import Right
from duebook.partners.models import Partner
from duebook.partners.queries import details_of, partner_by_id, partners_listed, partners_to_offer
from duebook.partners.services.add_partner import add_partner
from duebook.partners.services.delete_partner import delete_partner
from duebook.partners.services.edit_partner import edit_partner
from duebook.web.errors import text_of
from duebook.web.forms.keyed import KeyedForm
from duebook.web.forms.partners import PartnerForm
from duebook.web.notices import add_notice
from duebook.web.paging import page_of
from duebook.web.request import StaffRequest, actor_of, requires, today_of
from duebook.web.search import find_contacts

_MOST_CONTACTS = 20
_LONGEST_ID = 18


@dataclass(frozen=True, slots=True)
class ListedPartner:
    """A partner with its figures, a row a currency."""

    partner: Partner
    figures: list[PartnerFigures]


@require_safe
@requires(Right.VIEW_COMMISSIONS)
def partner_list(request: StaffRequest) -> HttpResponse:
    """Partners by name, by status, or those that a text finds, with what they earned and can be paid."""
    text = request.GET.get("q", "").strip()[:100]
    asked = request.GET.get("status", "")
    status = asked if asked in Partner.Statuses.values else ""
    rows = partners_listed(text, status).annotate(name_key=Lower("name"))
    page = page_of(rows, ("name_key", "id"), request.GET)
    figures = figures_of([partner.pk for partner in page.rows], today=today_of(request))
    context = {
        "page": page,
        "listed": [ListedPartner(partner, figures.get(partner.pk, [])) for partner in page.rows],
        "text": text,
        "status": status,
        "statuses": [("", _("All")), *Partner.Statuses.choices],
    }
    return render(request, "web/partners/list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Right.MANAGE_PARTNERS)
def partner_add(request: StaffRequest) -> HttpResponse:
    """Add a partner for the contact named in the address, after choosing one if none is."""
    contact_id = _asked_contact(request)
    if contact_id is None:
        return _choose_contact(request, reverse("web:partner_add"), {})
    contact = contact_by_id(contact_id)
    form = PartnerForm(request.POST or None, partners=partners_to_offer(), initial={"name": contact.name})
    if form.is_valid():
        partner = form.carry_out(
            request.business,
            lambda: add_partner(
                details=form.details(contact.pk), request_key=form.key, actor=actor_of(request)
            ),
        )
        if partner is not None:
            add_notice(request, _("%(name)s added.") % {"name": partner})
            return redirect("web:partner", partner.pk)
    context = {"form": form, "contact": contact}
    return render(request, "web/partners/form.html", context, status=form.status)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Right.MANAGE_PARTNERS)
def partner_edit(request: StaffRequest, partner_id: int) -> HttpResponse:
    """Edit a partner; another contact is named in the address."""
    partner = partner_by_id(partner_id)
    contact_id = _asked_contact(request) or partner.contact_id
    contact = partner.contact if contact_id == partner.contact_id else contact_by_id(contact_id)
    form = PartnerForm(
        request.POST or None,
        partners=partners_to_offer(partner.parent_id),
        initial=PartnerForm.values_of(partner),
    )
    if form.carries_out(
        request.business,
        lambda: edit_partner(
            partner_id=partner_id,
            details=form.details(contact.pk),
            request_key=form.key,
            actor=actor_of(request),
        ),
    ):
        add_notice(request, _("Saved."))
        return redirect("web:partner", partner_id)
    context = {"form": form, "contact": contact, "partner": partner}
    return render(request, "web/partners/form.html", context, status=form.status)


@require_safe
@requires(Right.MANAGE_PARTNERS)
def partner_contact(request: StaffRequest, partner_id: int) -> HttpResponse:
    """Choose another contact for the partner, then go on editing."""
    partner = partner_by_id(partner_id)
    return _choose_contact(request, reverse("web:partner_edit", args=[partner_id]), {"partner": partner})


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Right.MANAGE_PARTNERS)
def partner_delete(request: StaffRequest, partner_id: int) -> HttpResponse:
    """Delete a partner entered by mistake; one that earned something can be made inactive instead."""
    partner = partner_by_id(partner_id)
    form = KeyedForm(request.POST or None)
    refusal = ""
    if form.is_valid():
        if "make_inactive" in request.POST:
            return _make_inactive(request, partner, form)
        try:
            delete_partner(partner_id=partner_id, actor=actor_of(request))
        except PartnerHasEntries as error:
            refusal = text_of(error, request.business)
        else:
            add_notice(request, _("%(name)s deleted.") % {"name": partner})
            return redirect("web:partner_list")
    context = {"form": form, "partner": partner, "refusal": refusal}
    return render(request, "web/partners/delete.html", context, status=422 if refusal else form.status)


def _make_inactive(request: StaffRequest, partner: Partner, form: KeyedForm) -> HttpResponse:
    edit_partner(
        partner_id=partner.pk,
        details=replace(details_of(partner), active=False),
        request_key=form.key,
        actor=actor_of(request),
    )
    add_notice(request, _("%(name)s is inactive now.") % {"name": partner})
    return redirect("web:partner", partner.pk)


def _asked_contact(request: StaffRequest) -> int | None:
    asked = request.GET.get("contact", "")
    return int(asked) if asked.isascii() and asked.isdigit() and len(asked) <= _LONGEST_ID else None


def _choose_contact(request: StaffRequest, leads_to: str, context: dict[str, Any]) -> HttpResponse:
    text = request.GET.get("q", "").strip()[:100]
    found = find_contacts(text, _MOST_CONTACTS) if text else []
    context |= {
        "text": text,
        "matches": [(match, f"{leads_to}?{urlencode({'contact': match.contact.pk})}") for match in found],
    }
    only_list = "HX-Request" in request.headers
    template = "web/partners/_contacts.html" if only_list else "web/partners/choose_contact.html"
    answer = render(request, template, context)
    answer.headers["Vary"] = "HX-Request"
    return answer
