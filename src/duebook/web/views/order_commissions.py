"""Changing what one order brings to its partners: its partners, rates agreed for it, and recalculating."""

from typing import Any

from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from duebook.catalog.queries import products_to_offer
from duebook.commissions.models import OrderOverride
from duebook.domain.permissions import Right
from duebook.invoices.models import Invoice
from duebook.partners.queries import partners_to_offer
from duebook.sales.queries import order_with_invoice
from duebook.sales.services.assign_partners import assign_partners, preview_partners
from duebook.sales.services.override_order import OrderOverrideInput, override_order, preview_override
from duebook.sales.services.recalculate_order import preview_recalculation, recalculate_order
from duebook.web.commission_act import CommissionAct, perform
from duebook.web.forms.keyed import KeyedForm
from duebook.web.forms.order_commissions import AssignForm, OrderOverrideRows
from duebook.web.forms.rates import values_of_rates
from duebook.web.rate_rows import PREFIX, carry_out_with_rows, sent_rows, status_with_rows
from duebook.web.request import StaffRequest, actor_of, requires, today_of


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Right.MANAGE_PARTNERS)
def order_partners(request: StaffRequest, order_id: int) -> HttpResponse:
    """Change the lead and the sale partner; the difference is shown before it is posted."""
    invoice = order_with_invoice(order_id)
    order = invoice.order
    form = AssignForm(
        request.POST or None,
        partners=partners_to_offer(order.lead_partner_id, order.sale_partner_id),
        initial=AssignForm.values_of(order),
    )

    def chosen() -> dict[str, int | None]:
        if form.is_bound:
            return form.chosen()
        return {"lead_partner_id": order.lead_partner_id, "sale_partner_id": order.sale_partner_id}

    def save() -> bool:
        return form.carries_out(
            request.business,
            lambda: assign_partners(
                order_id=order_id,
                request_key=form.key,
                actor=actor_of(request),
                on=today_of(request),
                **form.chosen(),
            ),
        )

    act = CommissionAct(
        template="web/orders/partners.html",
        order_id=order_id,
        is_valid=form.is_valid,
        preview=lambda: preview_partners(
            order_id=order_id, actor=actor_of(request), on=today_of(request), **chosen()
        ),
        save=save,
        status=lambda: form.status,
        said=_("Partners changed."),
    )
    return perform(request, act, {**_head(invoice), "form": form})


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Right.SET_COMMISSIONS)
def order_overrides(request: StaffRequest, order_id: int) -> HttpResponse:
    """Agree rates for this order; they beat the partner's own and every program."""
    invoice = order_with_invoice(order_id)
    order = invoice.order
    stored = list(OrderOverride.objects.filter(order=order).order_by("id"))
    form = KeyedForm(request.POST or None)
    rows = OrderOverrideRows(
        sent_rows(request),
        prefix=PREFIX,
        initial=values_of_rates(stored, request.business),
        form_kwargs={
            "business": request.business,
            "currency": invoice.currency,
            "products": products_to_offer(*(row.product_id for row in stored)),
            "partners": partners_to_offer(
                order.lead_partner_id, order.sale_partner_id, *(row.partner_id for row in stored)
            ),
        },
    )

    def typed() -> list[OrderOverrideInput]:
        return [row.override() for row in rows.filled]

    def save() -> bool:
        return carry_out_with_rows(
            request,
            form,
            rows,
            lambda: override_order(
                order_id=order_id,
                overrides=typed(),
                request_key=form.key,
                actor=actor_of(request),
                on=today_of(request),
            ),
            lambda error: rows.refuse(error, request.business),
        )

    act = CommissionAct(
        template="web/orders/overrides.html",
        order_id=order_id,
        is_valid=lambda: form.is_valid() and rows.is_valid(),
        preview=lambda: (
            preview_override(
                order_id=order_id, overrides=typed(), actor=actor_of(request), on=today_of(request)
            )
            if form.is_bound
            else preview_recalculation(order_id=order_id, actor=actor_of(request), on=today_of(request))
        ),
        save=save,
        status=lambda: status_with_rows(form, rows),
        said=_("Overrides saved."),
    )
    return perform(request, act, {**_head(invoice), "form": form, "rows": rows})


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Right.SET_COMMISSIONS)
def order_recalculation(request: StaffRequest, order_id: int) -> HttpResponse:
    """Recalculate the order by the rules of today, after showing the difference."""
    invoice = order_with_invoice(order_id)
    form = KeyedForm(request.POST or None)

    def save() -> bool:
        return form.carries_out(
            request.business,
            lambda: recalculate_order(
                order_id=order_id, request_key=form.key, actor=actor_of(request), on=today_of(request)
            ),
        )

    act = CommissionAct(
        template="web/orders/recalculation.html",
        order_id=order_id,
        is_valid=form.is_valid,
        preview=lambda: preview_recalculation(
            order_id=order_id, actor=actor_of(request), on=today_of(request)
        ),
        save=save,
        status=lambda: form.status,
        said=_("Recalculated by the rules of today."),
    )
    return perform(request, act, {**_head(invoice), "form": form})


def _head(invoice: Invoice) -> dict[str, Any]:
    return {"order": invoice.order, "invoice": invoice, "currency": invoice.currency}
