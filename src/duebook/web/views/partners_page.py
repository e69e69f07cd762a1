"""The page of one referral partner: figures, chart, entries, referrals, programs, and its overrides."""

from datetime import date

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from duebook.catalog.queries import products_to_offer
from duebook.commissions.models import CommissionEntry
from duebook.commissions.partner_figures import PartnerFigures, figures_by_month, figures_of
from duebook.domain.permissions import Right
from duebook.partners.models import PartnerOverride, Program, Referral
from duebook.partners.queries import partner_by_id
from duebook.partners.services.set_partner_overrides import set_partner_overrides
from duebook.staff.models import Business
from duebook.web.charts import BarChart, Stack, month_labels
from duebook.web.forms.keyed import KeyedForm
from duebook.web.forms.partners import OverrideRows
from duebook.web.forms.rates import values_of_rates
from duebook.web.notices import add_notice
from duebook.web.rate_rows import PREFIX, carry_out_with_rows, only_adds_rows, sent_rows, status_with_rows
from duebook.web.request import StaffRequest, actor_of, requires, today_of

_MONTHS = 12
_LATEST = 20
_REFERRALS = 20


@require_safe
@requires(Right.VIEW_COMMISSIONS)
def partner(request: StaffRequest, partner_id: int) -> HttpResponse:
    """One partner."""
    found = partner_by_id(partner_id)
    today = today_of(request)
    currency = request.business.currency
    figures = figures_of([partner_id], today=today).get(partner_id, [])
    own = [row for row in figures if row.currency == currency] or [PartnerFigures(currency, 0, 0, 0, 0, 0)]
    months = _last_months(today)
    by_month = figures_by_month(partner_id, currency, first_month=months[0], today=today)
    referrals = Referral.objects.filter(partner=found).select_related("contact").order_by("-since", "-id")
    context = {
        "partner": found,
        "figures": [*own, *(row for row in figures if row.currency != currency)],
        "chart": _chart(months, by_month, request.business),
        "months": [
            (label, by_month[month])
            for month, label in zip(months, month_labels(months, request.business), strict=True)
            if month in by_month
        ],
        "currency": currency,
        "entries": CommissionEntry.objects.filter(partner=found)
        .select_related("accrual__invoice__order")
        .order_by("-entered_on", "-id")[:_LATEST],
        "referrals": referrals[:_REFERRALS],
        "overrides": PartnerOverride.objects.filter(partner=found).select_related("product").order_by("id"),
        "programs": Program.objects.filter(members=found),
        "children": found.children.order_by("name", "id"),
    }
    return render(request, "web/partners/page.html", context)


def _last_months(today: date) -> list[date]:
    """The first days of this month and those before it, the oldest first."""
    number = today.year * 12 + today.month - 1
    return [date(n // 12, n % 12 + 1, 1) for n in range(number - _MONTHS + 1, number + 1)]


def _chart(months: list[date], by_month: dict[date, PartnerFigures], business: Business) -> BarChart:
    none = PartnerFigures(business.currency, 0, 0, 0, 0, 0)
    rows = [by_month.get(month, none) for month in months]
    stacks = [
        Stack(_("Paid"), [row.paid_minor for row in rows]),
        Stack(_("In a payout"), [row.in_payout_minor for row in rows]),
        Stack(_("Payable"), [row.payable_minor for row in rows]),
        Stack(_("Held"), [row.held_minor for row in rows]),
    ]
    return BarChart(
        labels=month_labels(months, business),
        stacks=[stack for stack in stacks if any(stack.values)],
        currency=business.currency,
        locale=business.locale,
    )


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Right.SET_COMMISSIONS)
def partner_overrides(request: StaffRequest, partner_id: int) -> HttpResponse:
    """The rates agreed with one partner; they beat every program."""
    found = partner_by_id(partner_id)
    stored = list(PartnerOverride.objects.filter(partner=found).order_by("id"))
    form = KeyedForm(request.POST or None)
    rows = OverrideRows(
        sent_rows(request),
        prefix=PREFIX,
        initial=values_of_rates(stored, request.business),
        form_kwargs={
            "business": request.business,
            "currency": request.business.currency,
            "products": products_to_offer(*(row.product_id for row in stored)),
        },
    )
    context = {"form": form, "rows": rows, "partner": found}

    def save() -> None:
        set_partner_overrides(
            partner_id=partner_id,
            overrides=[row.override() for row in rows.filled],
            request_key=form.key,
            actor=actor_of(request),
        )

    if request.method == "POST" and only_adds_rows(request):
        return render(request, "web/partners/overrides.html", context)
    if request.method == "POST" and carry_out_with_rows(
        request, form, rows, save, lambda error: rows.refuse(error, request.business)
    ):
        add_notice(request, _("Saved. Orders that exist keep the rules they have."))
        return redirect("web:partner", partner_id)
    return render(request, "web/partners/overrides.html", context, status=status_with_rows(form, rows))
