"""The first page: what is owed, what came in, what needs doing, what to do first in an empty business."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_time
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _, ngettext
from django.views.decorators.http import require_safe

from duebook.domain.accounts import SystemAccount
from duebook.domain.permissions import Right
from duebook.payments.to_decide import count_to_decide
from duebook.reports.dashboard_figures import DAYS, CurrencyFigures, DashboardFigures
from duebook.reports.queries.latest_payments import latest_payments
from duebook.reports.snapshots import dashboard_figures
from duebook.staff.models import UNNAMED, Business
from duebook.web.aging_bars import aging_bars
from duebook.web.charts import BarChart, Stack, day_labels
from duebook.web.formats import ENGLISH
from duebook.web.request import StaffRequest, requires, rights_of, today_of
from duebook.web.views.reports_receivables import OVER_60, OVERDUE

LATEST = 7


@dataclass(frozen=True, slots=True)
class FigureCard:
    """One of the large figures, with what it says beside it and its rows."""

    label: str
    minor: int
    note: str
    url: str
    tone: str = ""


@dataclass(frozen=True, slots=True)
class Todo:
    """Something to be done, what it comes to where that is one figure, and where."""

    text: str
    minor: int | None
    url: str


@dataclass(frozen=True, slots=True)
class Step:
    """What an empty business does first."""

    name: str
    why: str
    label: str
    url: str
    is_done: bool


@require_safe
@requires(Right.VIEW)
def dashboard(request: StaffRequest) -> HttpResponse:
    """The dashboard; its totals are those of the snapshot, its lists and links those of now."""
    business, today = request.business, today_of(request)
    taken = dashboard_figures(on=today)
    now = timezone.now().astimezone(ZoneInfo(business.time_zone))
    context: dict[str, Any] = {
        "greeting": _greeting(now),
        "day": _long_date(today, business),
        "figures_of": _clock(taken.taken_at, business),
        "currency": business.currency,
    }
    if not taken.figures.has_orders:
        steps = _steps(request, taken.figures)
        context |= {"steps": steps, "next_step": next((step for step in steps if not step.is_done), None)}
        return render(request, "web/dashboard/first_steps.html", context)
    figures = taken.figures.of(business.currency)
    with_partners = taken.figures.has_partners and Right.VIEW_COMMISSIONS in rights_of(request)
    to_decide = count_to_decide() if Right.CHARGE_CARDS in rights_of(request) else 0
    context |= {
        "to_decide": to_decide,
        "cards": list(_cards(figures, today, with_partners=with_partners)),
        "bars": aging_bars(figures.aging, currency=business.currency),
        "chart": _chart(figures, today, business),
        "todos": [
            *_decision_todos(to_decide),
            *_todos(figures, today),
            *(_payout_todos(figures) if with_partners else ()),
        ],
        "latest": latest_payments(LATEST),
        "other_currencies": [code for code in taken.figures.by_currency if code != business.currency],
    }
    return render(request, "web/dashboard/dashboard.html", context)


def _greeting(now: datetime) -> str:
    if now.hour < 12:
        return _("Good morning")
    return _("Good afternoon") if now.hour < 18 else _("Good evening")


def _long_date(day: date, business: Business) -> str:
    """Monday, 23 November 2026 in English, the locale's own long form elsewhere."""
    pattern = "EEEE, d MMMM y" if business.locale.startswith(ENGLISH) else "full"
    return format_date(day, pattern, locale=business.locale)


def _clock(moment: datetime, business: Business) -> str:
    return format_time(moment, "HH:mm", tzinfo=ZoneInfo(business.time_zone), locale=business.locale)


def _cards(figures: CurrencyFigures, today: date, *, with_partners: bool) -> Iterator[FigureCard]:
    invoices = ngettext("in %(count)s invoice", "in %(count)s invoices", figures.owed_invoices)
    yield FigureCard(
        _("Owed to you"),
        figures.owed_minor,
        invoices % {"count": figures.owed_invoices},
        reverse("web:report_receivables"),
    )
    yield FigureCard(
        _("Overdue"),
        figures.overdue_minor,
        _overdue_note(figures),
        _address("report_receivable_invoices", late=OVERDUE),
        "is-late" if figures.overdue_minor else "",
    )
    yield FigureCard(
        _("Received, last %(days)s days") % {"days": DAYS},
        figures.received_minor,
        _received_note(figures),
        _address("report_payments", first=today - timedelta(days=DAYS - 1), last=today),
        "is-good",
    )
    if with_partners:
        partners = ngettext(
            "to %(count)s partner, past hold", "to %(count)s partners, past hold", figures.payable_partners
        )
        yield FigureCard(
            _("Commissions payable"),
            figures.payable_minor,
            partners % {"count": figures.payable_partners},
            reverse("web:report_commissions"),
        )
        return
    contacts = ngettext("of %(count)s contact", "of %(count)s contacts", figures.credit_contacts)
    yield FigureCard(
        _("Credit on account"),
        figures.credit_minor,
        contacts % {"count": figures.credit_contacts},
        reverse("web:report_credit"),
    )


def _overdue_note(figures: CurrencyFigures) -> str:
    if not figures.overdue_invoices:
        return _("nothing is late")
    invoices = ngettext(
        "%(count)s invoice, oldest %(days)s days",
        "%(count)s invoices, oldest %(days)s days",
        figures.overdue_invoices,
    )
    return invoices % {"count": figures.overdue_invoices, "days": figures.oldest_days_late}


def _received_note(figures: CurrencyFigures) -> str:
    before = figures.before_minor
    if before <= 0:
        return _("nothing in the %(days)s days before") % {"days": DAYS}
    change = round(100 * (figures.received_minor - before) / before)
    values = {"change": abs(change), "days": DAYS}
    if change > 0:
        return _("up %(change)s %% on the %(days)s before") % values
    return (
        _("down %(change)s %% on the %(days)s before") % values
        if change
        else _("as in the %(days)s before") % values
    )


def _decision_todos(count: int) -> Iterator[Todo]:
    """Counted now, not taken from the snapshot: money that waits for a person should not wait for it too."""
    if count:
        text = ngettext(
            "%(count)s decision about money is waiting", "%(count)s decisions about money are waiting", count
        )
        yield Todo(text % {"count": count}, None, reverse("web:decisions"))


def _todos(figures: CurrencyFigures, today: date) -> Iterator[Todo]:
    if count := figures.usable_credit_contacts:
        text = ngettext(
            "%(count)s contact with credit on account and open invoices",
            "%(count)s contacts with credit on account and open invoices",
            count,
        )
        yield Todo(text % {"count": count}, figures.usable_credit_minor, _address("report_credit", usable=1))
    if count := figures.late_over_60_invoices:
        text = ngettext(
            "%(count)s invoice more than 60 days late", "%(count)s invoices more than 60 days late", count
        )
        url = _address("report_receivable_invoices", late=OVER_60)
        yield Todo(text % {"count": count}, figures.late_over_60_minor, url)
    if count := figures.returned:
        text = ngettext(
            "%(count)s payment taken back by the bank in the last %(days)s days",
            "%(count)s payments taken back by the bank in the last %(days)s days",
            count,
        )
        url = _address(
            "report_payment_rows", first=today - timedelta(days=DAYS - 1), last=today, what="returned"
        )
        yield Todo(text % {"count": count, "days": DAYS}, figures.returned_minor, url)
    if figures.undeposited_minor > 0:
        url = reverse("web:report_register", args=[int(SystemAccount.UNDEPOSITED_FUNDS)])
        yield Todo(_("Checks and cash not yet deposited"), figures.undeposited_minor, url)


def _payout_todos(figures: CurrencyFigures) -> Iterator[Todo]:
    url = reverse("web:payouts")
    if count := figures.waiting_payouts:
        text = ngettext("%(count)s payout waits for approval", "%(count)s payouts wait for approval", count)
        yield Todo(text % {"count": count}, figures.waiting_minor, url)
    if count := figures.unpaid_payouts:
        text = ngettext(
            "%(count)s approved payout to be paid", "%(count)s approved payouts to be paid", count
        )
        yield Todo(text % {"count": count}, figures.unpaid_minor, url)


def _chart(figures: CurrencyFigures, today: date, business: Business) -> BarChart:
    days = [today - timedelta(days=DAYS - 1 - number) for number in range(DAYS)]
    return BarChart(
        labels=day_labels(days, business),
        stacks=[Stack(series.label, series.days) for series in figures.series],
        currency=business.currency,
        locale=business.locale,
    )


def _steps(request: StaffRequest, figures: DashboardFigures) -> list[Step]:
    rights = rights_of(request)
    steps = [
        (
            Right.CHANGE_SETTINGS,
            Step(
                _("Introduce your business"),
                _("Its name and address stand on what customers get; new orders are in its currency."),
                _("Open Settings"),
                reverse("web:settings_business"),
                request.business.name != UNNAMED,
            ),
        ),
        (
            Right.EDIT_CONTACTS,
            Step(
                _("Add a contact"),
                _("Someone who buys from you: a person or a company."),
                _("Add Contact"),
                reverse("web:contact_add"),
                figures.has_contacts,
            ),
        ),
        (
            Right.EDIT_PRODUCTS,
            Step(
                _("Add a product"),
                _("What you sell, with its price. Orders can do without."),
                _("Add Product"),
                reverse("web:product_add"),
                figures.has_products,
            ),
        ),
        (
            Right.EDIT_ORDERS,
            Step(
                _("Add an order"),
                _("Its invoice is made with it. Then you can enter the payments."),
                _("Add Order"),
                reverse("web:order_add"),
                figures.has_orders,
            ),
        ),
    ]
    return [step for right, step in steps if right in rights]


def _address(name: str, **query: object) -> str:
    return f"{reverse(f'web:{name}')}?{urlencode(query)}"
