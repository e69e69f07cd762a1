"""Adding an order and changing the items of one: the same lines, the same totals beside them.

The page asks for the totals while one types (htmx); without JavaScript the button *Update totals* does.
"""

from collections.abc import Callable
from typing import Any, cast

from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from duebook.catalog.queries import offered
from duebook.contacts.queries import contact_by_id
from duebook.domain.errors import DomainError
from duebook.domain.order_lines import OrderLines, total_lines
from duebook.domain.permissions import Right
from duebook.ledger.currencies import exponent, is_currency
from duebook.partners.models import Referral
from duebook.partners.queries import active_partners, referrers_of
from duebook.sales.queries import order_with_invoice
from duebook.sales.services.change_order import OrderChange, change_order, preview_change
from duebook.sales.services.place_order import place_order
from duebook.web.errors import text_of
from duebook.web.forms.keyed import KeyedForm
from duebook.web.forms.orders import (
    MOST_LINES,
    SPARE_LINES,
    BaseLineFormSet,
    LineFormSet,
    OrderForm,
    values_of_lines,
)
from duebook.web.notices import add_notice
from duebook.web.request import StaffRequest, actor_of, requires, today_of
from duebook.web.search import find_contacts
from duebook.web.words.calling_off import about_charges

_ROWS = "lines-TOTAL_FORMS"


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Right.EDIT_ORDERS)
def order_add(request: StaffRequest) -> HttpResponse:
    """Add an order for the contact named in the address, after choosing one if none is."""
    contact_id = request.GET.get("contact", "")
    if not contact_id.isdigit():
        return _choose_contact(request)
    contact = contact_by_id(int(contact_id))
    form = OrderForm(
        request.POST or None,
        business=request.business,
        partners=active_partners(),
        initial=_first_values(request, contact.pk) if request.method != "POST" else None,
    )
    currency = _currency_of(request)
    lines = _line_forms(request, currency, None)
    context = {"form": form, "lines": lines, "contact": contact, "currency": currency}
    if request.method == "POST" and _only_asks(request):
        context["preview"], context["refusal"] = _preview(request, lines, lambda: _totals(lines, currency))
        return _render_asked(request, "web/orders/add.html", context)
    if request.method == "POST" and all([form.is_valid(), lines.is_valid()]):
        data = form.cleaned_data
        placed = _carry_out(
            request,
            form,
            lines,
            lambda: place_order(
                contact_id=contact.pk,
                title=data["title"],
                ordered_on=data["ordered_on"],
                due_on=data["due_on"],
                currency=data["currency"],
                lines=lines.lines(),
                lead_partner_id=data["lead_partner"],
                sale_partner_id=data["sale_partner"],
                request_key=form.key,
                actor=actor_of(request),
                on=today_of(request),
            ),
        )
        if placed is not None:
            number, invoice = f"#{placed.number}", f"INV-{placed.invoice_number}"
            add_notice(
                request,
                _("Order %(number)s placed with %(invoice)s.") % {"number": number, "invoice": invoice},
            )
            return redirect("web:order", placed.order_id)
    context["preview"], context["refusal"] = _preview(request, lines, lambda: _totals(lines, currency))
    return render(request, "web/orders/add.html", context, status=_status(form, lines))


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Right.EDIT_ORDERS)
def order_change(request: StaffRequest, order_id: int) -> HttpResponse:
    """Change the items of an order; the preview shows the difference that will be booked."""
    invoice = order_with_invoice(order_id)
    order = invoice.order
    form = KeyedForm(request.POST or None)
    lines = _line_forms(request, invoice.currency, values_of_lines(order.items.all()))
    context = {"form": form, "lines": lines, "order": order, "invoice": invoice, "currency": invoice.currency}

    def difference() -> OrderChange:
        change = preview_change(
            order_id=order_id, lines=lines.lines(), actor=actor_of(request), on=today_of(request)
        )
        if getattr(invoice, "charge_under_way", None) is not None:
            context["called_off"] = about_charges({invoice.pk: change.balance_after}, request.business)
        return change

    if request.method == "POST" and _only_asks(request):
        context["change"], context["refusal"] = _preview(request, lines, difference)
        return _render_asked(request, "web/orders/change.html", context)
    if request.method == "POST" and all([form.is_valid(), lines.is_valid()]):
        changed = _carry_out(
            request,
            form,
            lines,
            lambda: (
                change_order(
                    order_id=order_id,
                    lines=lines.lines(),
                    request_key=form.key,
                    actor=actor_of(request),
                    on=today_of(request),
                ),
                True,
            ),
        )
        if changed is not None:
            add_notice(request, _("Items changed."))
            return redirect("web:order", order_id)
    if request.method == "POST":
        context["change"], context["refusal"] = _preview(request, lines, difference)
    return render(request, "web/orders/change.html", context, status=_status(form, lines))


def _choose_contact(request: StaffRequest) -> HttpResponse:
    text = request.GET.get("q", "").strip()[:100]
    context = {"text": text, "matches": find_contacts(text, 20) if text else []}
    only_list = "HX-Request" in request.headers
    template = "web/orders/_contacts.html" if only_list else "web/orders/choose_contact.html"
    answer = render(request, template, context)
    answer.headers["Vary"] = "HX-Request"
    return answer


def _first_values(request: StaffRequest, contact_id: int) -> dict[str, Any]:
    referrers = referrers_of(contact_id)
    return {
        "ordered_on": today_of(request),
        "currency": request.business.currency,
        "lead_partner": referrers.get(Referral.Roles.LEAD),
        "sale_partner": referrers.get(Referral.Roles.SALE),
    }


def _currency_of(request: StaffRequest) -> str:
    typed = request.POST.get("currency", "").upper()
    return typed if is_currency(typed) else request.business.currency


def _line_forms(
    request: StaffRequest, currency: str, initial: list[dict[str, Any]] | None
) -> BaseLineFormSet:
    """The lines as sent, with more spare ones when that was asked; else those of the order."""
    data: QueryDict | None = None
    if request.method == "POST":
        data = request.POST
        if "add_rows" in data:
            data = data.copy()
            rows = data.get(_ROWS, "")
            data[_ROWS] = str(min(MOST_LINES, (int(rows) if rows.isdigit() else 0) + SPARE_LINES))
    products = offered(currency)
    options = {"business": request.business, "currency": currency, "products": products}
    return cast(BaseLineFormSet, LineFormSet(data, prefix="lines", initial=initial, form_kwargs=options))


def _only_asks(request: StaffRequest) -> bool:
    """Whether the page wants totals or rows, and nothing saved."""
    return "HX-Request" in request.headers or "add_rows" in request.POST or "update_totals" in request.POST


def _render_asked(request: StaffRequest, template: str, context: dict[str, Any]) -> HttpResponse:
    if "HX-Request" in request.headers:
        return render(request, "web/orders/_preview.html", context)
    # Spare rows and totals come before anything is sent for good: no errors beside the fields yet.
    return render(request, template, context)


def _totals(lines: BaseLineFormSet, currency: str) -> OrderLines:
    return total_lines(lines.lines(), currency, exponent(currency))


def _preview(
    request: StaffRequest, lines: BaseLineFormSet, decide: Callable[[], Any]
) -> tuple[Any | None, str]:
    """What the lines would come to, or why they cannot be; neither while they are not complete."""
    if request.method != "POST" or not lines.is_valid() or not lines.filled:
        return None, ""
    try:
        return decide(), ""
    except DomainError as error:
        return None, text_of(error, request.business)


def _carry_out(
    request: StaffRequest, form: KeyedForm, lines: BaseLineFormSet, write: Callable[[], Any]
) -> Any | None:
    """As ``form.carry_out``; a refusal that names a line goes to that line."""

    def with_lines() -> Any:
        try:
            return write()
        except DomainError as error:
            if lines.add_refusal(error, request.business):
                return None
            raise

    return form.carry_out(request.business, with_lines)


def _status(form: KeyedForm, lines: BaseLineFormSet) -> int:
    if form.status != 200 or not form.is_bound:
        return form.status
    return 200 if lines.is_valid() else 422
