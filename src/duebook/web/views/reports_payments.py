"""Payments of a period by type, and the payments behind each figure."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_safe

from duebook.domain.permissions import Right
from duebook.ledger.currencies import is_currency
from duebook.payments.models import PaymentType
from duebook.reports.queries.payments_of_period import (
    DayFigure,
    Happening,
    PaymentFilter,
    TypeFigures,
    every_payment_row,
    payment_rows,
    payments_by_type,
    received_by_day,
)
from duebook.staff.models import Business
from duebook.web.charts import BarChart, Stack, day_labels, month_labels
from duebook.web.downloads import amount_cell, csv_download
from duebook.web.forms.reports import Period, PeriodForm, this_month, usual_periods
from duebook.web.numbered_pages import numbered, page_number, window
from duebook.web.request import StaffRequest, requires, today_of

MOST_DAYS_IN_A_CHART = 92


@dataclass(frozen=True, slots=True)
class CurrencySection:
    """The figures of one currency: money by type with its sums, and adjustments by type."""

    currency: str
    money: list[TypeFigures]
    adjustments: list[TypeFigures]
    chart: BarChart

    @property
    def payments(self) -> int:
        return sum(row.payments for row in self.money)

    @property
    def received_minor(self) -> int:
        return sum(row.received_minor for row in self.money)

    @property
    def undone_minor(self) -> int:
        return sum(row.undone_minor for row in self.money)

    @property
    def returned_minor(self) -> int:
        return sum(row.returned_minor for row in self.money)

    @property
    def refunded_minor(self) -> int:
        return sum(row.refunded_minor for row in self.money)

    @property
    def kept_minor(self) -> int:
        return sum(row.kept_minor for row in self.money)

    @property
    def largest_minor(self) -> int:
        return max((row.received_minor for row in self.money), default=0)


@require_safe
@requires(Right.VIEW)
def payments(request: StaffRequest) -> HttpResponse:
    """What came in during a period, money and adjustments apart."""
    today = today_of(request)
    form = PeriodForm.asked(request.GET, default=this_month(today))
    context: dict[str, Any] = {"form": form, "periods": usual_periods(today)}
    if not form.is_valid():
        return render(request, "web/reports/payments.html", context, status=422)
    period = form.period()
    context |= {"period": period, "sections": _sections(period, request.business)}
    return render(request, "web/reports/payments.html", context)


def _sections(period: Period, business: Business) -> list[CurrencySection]:
    by_currency: dict[str, list[TypeFigures]] = defaultdict(list)
    for row in payments_by_type(period.first, period.last):
        by_currency[row.currency].append(row)
    by_day: dict[str, list[DayFigure]] = defaultdict(list)
    for figure in received_by_day(period.first, period.last):
        by_day[figure.currency].append(figure)
    return [
        CurrencySection(
            currency=currency,
            money=[row for row in by_currency[currency] if row.is_money],
            adjustments=[row for row in by_currency[currency] if not row.is_money],
            chart=_chart(by_day[currency], period, currency, business),
        )
        for currency in sorted(by_currency, key=lambda code: (code != business.currency, code))
    ]


def _chart(figures: Sequence[DayFigure], period: Period, currency: str, business: Business) -> BarChart:
    """Bars by day, or by month where so many days would be too thin."""
    by_month = period.days > MOST_DAYS_IN_A_CHART
    bars = _months(figures) if by_month else [period.first + timedelta(days=n) for n in range(period.days)]
    place = {bar: index for index, bar in enumerate(bars)}
    stacks: dict[str, list[int]] = {}
    for figure in figures:
        bar = figure.day.replace(day=1) if by_month else figure.day
        stacks.setdefault(figure.label, [0] * len(bars))[place[bar]] += figure.received_minor
    return BarChart(
        labels=month_labels(bars, business) if by_month else day_labels(bars, business),
        stacks=[Stack(label, values) for label, values in stacks.items()],
        currency=currency,
        locale=business.locale,
    )


def _months(figures: Sequence[DayFigure]) -> list[date]:
    """The months from the first that has a figure to the last."""
    numbers = [figure.day.year * 12 + figure.day.month - 1 for figure in figures]
    first, last = min(numbers, default=0), max(numbers, default=-1)
    return [date(month // 12, month % 12 + 1, 1) for month in range(first, last + 1)]


@require_safe
@requires(Right.VIEW)
def payments_csv(request: StaffRequest) -> HttpResponseBase:
    """The figures by type as a file."""
    period = _period_or_404(request)
    return csv_download(
        f"payments-by-type-{period.first.isoformat()}-{period.last.isoformat()}",
        [
            "Payment Type",
            "Money",
            "Payments",
            "Received",
            "Undone",
            "Returned",
            "Refunded",
            "Kept",
            "Currency",
        ],
        (
            [
                row.label,
                "yes" if row.is_money else "no",
                row.payments,
                amount_cell(row.received_minor, row.currency),
                amount_cell(row.undone_minor, row.currency),
                amount_cell(row.returned_minor, row.currency),
                amount_cell(row.refunded_minor, row.currency),
                amount_cell(row.kept_minor, row.currency),
                row.currency,
            ]
            for row in payments_by_type(period.first, period.last)
        ),
    )


@require_safe
@requires(Right.VIEW)
def rows(request: StaffRequest) -> HttpResponse:
    """The payments behind a figure, the newest first."""
    today = today_of(request)
    form = PeriodForm.asked(request.GET, default=this_month(today))
    context: dict[str, Any] = {"form": form, "periods": usual_periods(today)}
    if not form.is_valid():
        return render(request, "web/reports/payment_rows.html", context, status=422)
    wanted = _wanted(request, form.period())
    number = page_number(request.GET)
    context |= {
        "period": form.period(),
        "wanted": wanted,
        "type": PaymentType.objects.filter(pk=wanted.type_id or 0).first(),
        "page": numbered(payment_rows(wanted, **window(number)), number),
    }
    return render(request, "web/reports/payment_rows.html", context)


@require_safe
@requires(Right.VIEW)
def rows_csv(request: StaffRequest) -> HttpResponseBase:
    """All payments behind a figure, as a file."""
    period = _period_or_404(request)
    found = every_payment_row(_wanted(request, period))
    return csv_download(
        f"payments-{period.first.isoformat()}-{period.last.isoformat()}",
        ["Date", "What", "Payment", "Contact", "Payment Type", "Reference", "Amount", "Currency"],
        (
            [
                row.day,
                row.happening.value,
                f"P-{row.number}",
                row.name,
                row.label,
                row.reference,
                amount_cell(row.signed_minor, row.currency),
                row.currency,
            ]
            for row in found
        ),
    )


def _period_or_404(request: StaffRequest) -> Period:
    form = PeriodForm.asked(request.GET, default=this_month(today_of(request)))
    if not form.is_valid():
        raise Http404
    return form.period()


def _wanted(request: StaffRequest, period: Period) -> PaymentFilter:
    """Which payments the address asks for; what makes no sense there is left out."""
    type_id, what = request.GET.get("type", ""), request.GET.get("what", "")
    currency = request.GET.get("currency", "")
    return PaymentFilter(
        first=period.first,
        last=period.last,
        type_id=int(type_id) if type_id.isascii() and type_id.isdigit() and len(type_id) < 19 else None,
        currency=currency if is_currency(currency) else None,
        happening=Happening(what) if what in set(Happening) else None,
    )
