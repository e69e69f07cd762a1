"""The Referrals tab of a contact's record: who referred the contact, and noting who did."""

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from duebook.domain.errors import Forbidden
from duebook.domain.permissions import Right
from duebook.partners.queries import partners_to_offer, referrals_of
from duebook.partners.services.refer_contact import refer_contact
from duebook.web.forms.partners import ReferralForm
from duebook.web.notices import add_notice
from duebook.web.request import StaffRequest, actor_of, rights_of, today_of
from duebook.web.views.contacts import record_of


@require_http_methods(["GET", "HEAD", "POST"])
def referrals(request: StaffRequest, contact_id: int) -> HttpResponse:
    """Who referred the contact; those who manage partners can note another referral."""
    may_refer = Right.MANAGE_PARTNERS in rights_of(request)
    if request.method == "POST" and not may_refer:
        raise Forbidden(right=Right.MANAGE_PARTNERS.value)
    context = record_of(contact_id, "referrals")
    form = None
    status = 200
    if may_refer:
        form = ReferralForm(
            request.POST or None, partners=partners_to_offer(), initial={"since": today_of(request)}
        )
        if _saved(request, form, contact_id):
            add_notice(request, _("Saved. New orders of this contact get the partner."))
            return redirect("web:contact_referrals", contact_id)
        status = form.status
    context |= {"form": form, "referrals": referrals_of(contact_id)}
    return render(request, "web/contacts/referrals.html", context, status=status)


def _saved(request: StaffRequest, form: ReferralForm, contact_id: int) -> bool:
    return form.carries_out(
        request.business,
        lambda: refer_contact(
            contact_id=contact_id,
            partner_id=form.cleaned_data["partner"],
            role=form.chosen_role,
            since=form.cleaned_data["since"],
            request_key=form.key,
            actor=actor_of(request),
        ),
    )
