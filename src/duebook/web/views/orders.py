"""Orders: the list, one order with its invoice and its story, printing, void and cancel."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import Q, QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _, gettext_lazy
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_http_methods, require_safe

from duebook.commissions.order_commissions import commissions_of
from duebook.domain.money import Money
from duebook.domain.payment_kinds import PaymentKind
from duebook.domain.permissions import Right
from duebook.events.models import Event
from duebook.invoices.models import Invoice
from duebook.payments.card_reading import takes_cards
from duebook.payments.models import Allocation, Payment
from duebook.payments.queries import allocations_to
from duebook.sales.queries import OrderState, invoice_with_order, order_with_invoice, orders_in_state
from duebook.sales.services.cancel_order import cancel_order
from duebook.sales.services.void_invoice import void_invoice
from duebook.staff.models import Business
from duebook.web.forms.orders import ReasonForm
from duebook.web.notices import add_notice
from duebook.web.paging import page_of
from duebook.web.request import StaffRequest, actor_of, requires, rights_of, today_of
from duebook.web.search import find
from duebook.web.timeline import told
from duebook.web.words.calling_off import about_charges

STATES = {
    OrderState.ALL: gettext_lazy("All"),
    OrderState.OPEN: gettext_lazy("Open"),
    OrderState.OVERDUE: gettext_lazy("Overdue"),
    OrderState.PAID: gettext_lazy("Paid"),
    OrderState.VOID: gettext_lazy("Void"),
}
_MOST_EVENTS = 200
_MOST_CONTACTS = 50


@require_safe
def order_list(request: StaffRequest) -> HttpResponse:
    """Orders by state; a text narrows them to a number or to the contacts it finds."""
    asked = request.GET.get("state", "")
    state = OrderState(asked) if asked in OrderState.__members__.values() else OrderState.ALL
    text = request.GET.get("q", "").strip()[:100]
    listed = orders_in_state(state, today=today_of(request))
    rows = _matching(listed.rows, text) if text else listed.rows
    context = {
        "page": page_of(rows, listed.keys, request.GET),
        "text": text,
        "state": state.value,
        "states": [(one.value, label) for one, label in STATES.items()],
    }
    return render(request, "web/orders/list.html", context)


def _matching(rows: QuerySet[Invoice], text: str) -> QuerySet[Invoice]:
    found = find(text, _MOST_CONTACTS)
    if found.invoices or found.orders:
        # By ids on one table: an OR over two tables would read both from end to end.
        of_order = Q(order_id__in=[order.pk for order in found.orders])
        return rows.filter(of_order | Q(pk__in=[invoice.pk for invoice in found.invoices]))
    return rows.filter(contact_id__in=[contact.pk for contact in found.contacts])


@require_safe
def order(request: StaffRequest, order_id: int) -> HttpResponse:
    """One order: items, invoice, what was paid, what is due, and what happened to it."""
    invoice = order_with_invoice(order_id)
    applied = _by_payment(allocations_to(invoice.pk))
    about = Q(order_id=order_id) | Q(payment_id__in=[part.payment.pk for part in applied])
    credit = Q(contact_id=invoice.contact_id, payload__invoices__contains=[{"invoice_id": invoice.pk}])
    events = Event.objects.filter(about | credit).order_by("-id")[:_MOST_EVENTS]
    context = {
        **_facts(invoice),
        "applied": applied,
        "entries": told(events, request.business),
        "is_open": not hasattr(invoice, "void"),
    }
    if Right.CHARGE_CARDS in rights_of(request) and invoice.balance_due_minor:
        context["offers_pay_link"] = takes_cards()
    if Right.VIEW_COMMISSIONS in rights_of(request):
        context["commissions"] = commissions_of(invoice, context["items"])
    return render(request, "web/orders/order.html", context)


@dataclass(slots=True)
class _Applied:
    """What of a payment is applied to the invoice now; zero when all of it was taken off again."""

    payment: Payment
    minor: int

    @property
    def can_be_released(self) -> bool:
        """Whether it may become credit on account: money may, an adjustment is only undone."""
        return self.payment.kind == PaymentKind.MONEY.value


def _by_payment(rows: Iterable[Allocation]) -> list[_Applied]:
    parts: dict[int, _Applied] = {}
    for row in rows:
        parts.setdefault(row.payment_id, _Applied(row.payment, 0)).minor += row.amount_minor
    return list(parts.values())


def _called_off(invoice: Invoice, business: Business) -> dict[str, Any]:
    """What becomes of a charge under way when nothing is owed on the invoice any more."""
    is_under_way = getattr(invoice, "charge_under_way", None) is not None
    nothing = {invoice.pk: Money(0, invoice.currency)} if is_under_way else {}
    return {"called_off": about_charges(nothing, business)}


def _in_the_way(invoice: Invoice, way_back: str) -> dict[str, Any]:
    """The payments that must be released or undone before the invoice can become void, and then back here."""
    parts = [part for part in _by_payment(allocations_to(invoice.pk)) if part.minor]
    return {"in_the_way": parts, "way_back": way_back}


def _facts(invoice: Invoice) -> dict[str, Any]:
    return {
        "order": invoice.order,
        "invoice": invoice,
        "items": list(invoice.order.items.all()),
        "contact": invoice.contact,
    }


@require_safe
def invoice(request: StaffRequest, invoice_id: int) -> HttpResponse:
    """An invoice lives on its order's page."""
    return redirect("web:order", invoice_with_order(invoice_id).order_id)


@require_safe
def order_print(request: StaffRequest, order_id: int) -> HttpResponse:
    """The invoice on paper."""
    found = order_with_invoice(order_id)
    return render(request, "web/orders/print.html", _facts(found))


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Right.VOID)
def order_cancel(request: StaffRequest, order_id: int) -> HttpResponse:
    """Ask why the order is cancelled, then cancel it and void its invoice."""
    invoice = order_with_invoice(order_id)
    form = ReasonForm(request.POST or None)
    if form.carries_out(
        request.business,
        lambda: cancel_order(
            order_id=order_id,
            reason=form.cleaned_data["reason"],
            request_key=form.key,
            actor=actor_of(request),
            on=today_of(request),
        ),
    ):
        add_notice(request, _("Order %(number)s is cancelled.") % {"number": invoice.order})
        return redirect("web:order", order_id)
    context = {
        **_facts(invoice),
        "form": form,
        "cancels": True,
        **_called_off(invoice, request.business),
        **_in_the_way(invoice, f"?cancellation={order_id}"),
    }
    return render(request, "web/orders/reason.html", context, status=form.status)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Right.VOID)
def invoice_void(request: StaffRequest, invoice_id: int) -> HttpResponse:
    """Ask why the invoice is void, then make it so."""
    invoice = invoice_with_order(invoice_id)
    form = ReasonForm(request.POST or None)
    if form.carries_out(
        request.business,
        lambda: void_invoice(
            invoice_id=invoice_id,
            reason=form.cleaned_data["reason"],
            request_key=form.key,
            actor=actor_of(request),
            on=today_of(request),
        ),
    ):
        add_notice(request, _("%(number)s is void.") % {"number": invoice})
        return redirect("web:order", invoice.order_id)
    context = {
        **_facts(invoice),
        "form": form,
        "cancels": False,
        **_called_off(invoice, request.business),
        **_in_the_way(invoice, f"?void={invoice_id}"),
    }
    return render(request, "web/orders/reason.html", context, status=form.status)


@require_safe
@cache_control(private=True, max_age=300)
def logo(request: StaffRequest) -> HttpResponse:
    """The business's logo."""
    row = Business.objects.only("logo", "logo_type").get(pk=1)
    if not row.logo or not row.logo_type:
        raise Http404
    return HttpResponse(bytes(row.logo), content_type=row.logo_type)
