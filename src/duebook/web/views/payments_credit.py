"""Applying a contact's credit on account to invoices."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from duebook.domain.money import Money
from duebook.domain.permissions import Right
from duebook.domain.splitting import fill_in_order
from duebook.payments.services.apply_credit import apply_credit, preview_credit
from duebook.web import payment_preview
from duebook.web.formats import figure
from duebook.web.forms.payment_acts import CreditForm
from duebook.web.notices import add_notice
from duebook.web.payment_act import Act, perform, typed_or
from duebook.web.payment_preview import Preview
from duebook.web.payment_scene import Scene, read_scene
from duebook.web.request import StaffRequest, actor_of, requires, today_of


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Right.APPLY_CREDIT)
def credit_use(request: StaffRequest, contact_id: int) -> HttpResponse:
    """How much of the credit goes to which invoice, the longest due first unless one was chosen."""
    scene = read_scene(request, contact_id)
    actor, on = actor_of(request), today_of(request)
    currency = _currency(request, scene)
    form = CreditForm(scene, currency, request.POST or None, initial=_first_values(request, scene, currency))

    def preview() -> Preview:
        if not form.shares():
            return Preview(hint=_("Enter an amount for at least one invoice."))
        counts = typed_or(form, "apply_to_commissions")
        decision = preview_credit(
            contact_id=contact_id, shares=form.shares(), apply_to_commissions=counts, actor=actor, on=on
        )
        return payment_preview.of_credit(decision, scene, counts=counts)

    def done() -> HttpResponse:
        amount = figure(form.parts_total, scene.business)
        add_notice(request, _("%(amount)s of credit on account applied.") % {"amount": amount})
        return redirect("web:contact_orders", contact_id)

    act = Act(
        template="web/payments/credit.html",
        preview=preview,
        write=lambda: apply_credit(
            contact_id=contact_id,
            shares=form.shares(),
            apply_to_commissions=form.cleaned_data["apply_to_commissions"],
            request_key=form.key,
            actor=actor,
            on=on,
        ),
        done=done,
        context={"contact": scene.contact, "scene": scene, "credit": scene.credit_in(currency)},
    )
    return perform(request, form, act)


def _currency(request: StaffRequest, scene: Scene) -> str:
    """The currency asked for, else that of the chosen invoice, else one in which there is credit."""
    asked = request.GET.get("currency", "")
    known = [amount.currency for amount in scene.credit]
    if asked in known:
        return asked
    chosen = scene.due(_chosen(request))
    if chosen is not None:
        return chosen.balance.currency
    own = scene.business.currency
    return own if own in known or not known else known[0]


def _chosen(request: StaffRequest) -> int | None:
    text = request.GET.get("invoice", "")
    return int(text) if text.isdecimal() and len(text) < 19 else None


def _first_values(request: StaffRequest, scene: Scene, currency: str) -> dict[str, Any]:
    dues = scene.sharing(currency)
    chosen = [due for due in scene.of_currency(currency) if due.id == _chosen(request)]
    wanted = chosen or dues
    parts = fill_in_order(scene.credit_in(currency).minor, [due.balance.minor for due in wanted])
    filled = {
        due.part_name: Money(minor, currency) for due, minor in zip(wanted, parts, strict=True) if minor
    }
    return {"apply_to_commissions": True, **filled}
