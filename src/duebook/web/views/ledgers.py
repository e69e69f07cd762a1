"""Ledgers of referral partners: all of them for a period, and one line by line; as pages and as files."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils.translation import gettext
from django.views.decorators.http import require_safe

from duebook.commissions.models import CommissionEntry
from duebook.domain.permissions import Right
from duebook.ledger.currencies import is_currency
from duebook.partners.models import Partner
from duebook.partners.queries import partner_by_id
from duebook.reports.csv_text import Cell
from duebook.reports.queries.partner_ledgers import (
    LedgerFilter,
    PartnerLedger,
    every_partner_ledger,
    partner_ledgers,
)
from duebook.reports.queries.partner_movements import (
    Movement,
    MovementFilter,
    every_partner_movement,
    partner_movements,
)
from duebook.web.downloads import amount_cell, csv_download, xlsx_download
from duebook.web.forms.ledgers import LedgerForm
from duebook.web.forms.reports import Period, PeriodForm, this_month, usual_periods
from duebook.web.numbered_pages import NumberedPage, numbered, page_number, window
from duebook.web.request import StaffRequest, requires, today_of


@dataclass(frozen=True, slots=True)
class Sums:
    """What the ledgers of one currency come to."""

    currency: str
    beginning_minor: int
    earned_minor: int
    clawed_back_minor: int
    paid_minor: int
    ending_minor: int
    current_minor: int
    total_minor: int


@require_safe
@requires(Right.VIEW_COMMISSIONS)
def ledgers(request: StaffRequest) -> HttpResponse:
    """The ledgers of the partners that are asked for, a page at a time."""
    today = today_of(request)
    form = LedgerForm.asked(request.GET, default=this_month(today))
    context: dict[str, Any] = {"form": form, "periods": usual_periods(today)}
    if not form.is_valid():
        return render(request, "web/ledgers/list.html", context, status=422)
    number = page_number(request.GET)
    rows = partner_ledgers(form.wanted(), currency=request.business.currency, **window(number))
    page = _by_partner(rows, number)
    context |= {
        "period": form.period(),
        "page": page,
        "sums": [] if page.previous or page.following else _sums(page.rows),
    }
    return render(request, "web/ledgers/list.html", context)


def _by_partner(rows: Sequence[PartnerLedger], number: int) -> NumberedPage[PartnerLedger]:
    """The page: it holds so many partners, of which each may have several rows."""
    ids = list(dict.fromkeys(row.partner_id for row in rows))
    page = numbered(ids, number)
    shown = set(page.rows)
    return NumberedPage([row for row in rows if row.partner_id in shown], page.previous, page.following)


def _sums(rows: Iterable[PartnerLedger]) -> list[Sums]:
    """One for each currency; only of all the rows there are, for a sum of a page says nothing."""
    by_currency: dict[str, list[PartnerLedger]] = {}
    for row in rows:
        by_currency.setdefault(row.currency, []).append(row)
    return [
        Sums(
            currency=currency,
            beginning_minor=sum(row.beginning_minor for row in found),
            earned_minor=sum(row.earned_minor for row in found),
            clawed_back_minor=sum(row.clawed_back_minor for row in found),
            paid_minor=sum(row.paid_minor for row in found),
            ending_minor=sum(row.ending_minor for row in found),
            current_minor=sum(row.current_minor for row in found),
            total_minor=sum(row.total_minor for row in found),
        )
        for currency, found in sorted(by_currency.items())
        if len(found) > 1
    ]


@require_safe
@requires(Right.VIEW_COMMISSIONS)
def ledgers_csv(request: StaffRequest) -> HttpResponseBase:
    """The ledgers of all partners that are asked for, as CSV."""
    wanted = _wanted_or_404(request)
    return csv_download(_name(wanted.first, wanted.last), _HEADER, _cells(request, wanted))


@require_safe
@requires(Right.VIEW_COMMISSIONS)
def ledgers_xlsx(request: StaffRequest) -> HttpResponseBase:
    """The same as a spreadsheet."""
    wanted = _wanted_or_404(request)
    return xlsx_download(_name(wanted.first, wanted.last), _HEADER, _cells(request, wanted))


def _wanted_or_404(request: StaffRequest) -> LedgerFilter:
    form = LedgerForm.asked(request.GET, default=this_month(today_of(request)))
    if not form.is_valid():
        raise Http404
    return form.wanted()


def _name(first: Any, last: Any) -> str:
    return f"ledgers-{first.isoformat()}-{last.isoformat()}"


_HEADER = (
    *("Partner", "Code", "Status", "Beginning balance", "Commissions earned", "Clawbacks", "Payments"),
    *("Ending balance", "Current balance", "Total balance", "Currency"),
)


def _cells(request: StaffRequest, wanted: LedgerFilter) -> Iterator[list[Cell]]:
    for row in every_partner_ledger(wanted, currency=request.business.currency):
        amounts = (
            *(row.beginning_minor, row.earned_minor, row.clawed_back_minor, row.paid_minor),
            *(row.ending_minor, row.current_minor, row.total_minor),
        )
        yield [
            row.name,
            row.code,
            str(Partner.Statuses(row.status).label),
            *(amount_cell(minor, row.currency) for minor in amounts),
            row.currency,
        ]


@require_safe
@requires(Right.VIEW_COMMISSIONS)
def ledger(request: StaffRequest, partner_id: int) -> HttpResponse:
    """One partner's ledger: each entry and each payout, and the balance after it."""
    partner = partner_by_id(partner_id)
    today = today_of(request)
    form = PeriodForm.asked(request.GET, default=this_month(today))
    context: dict[str, Any] = {"form": form, "periods": usual_periods(today), "partner": partner}
    if not form.is_valid():
        return render(request, "web/ledgers/ledger.html", context, status=422)
    period, number = form.period(), page_number(request.GET)
    own = LedgerFilter(first=period.first, last=period.last, partner_id=partner_id)
    rows = partner_ledgers(own, currency=request.business.currency, limit=1, offset=0)
    currency = _currency(request)
    sums = next((row for row in rows if row.currency == currency), rows[0])
    movements = partner_movements(
        MovementFilter(partner_id, sums.currency, period.first, period.last), **window(number)
    )
    context |= {
        "period": period,
        "sums": sums,
        "currencies": [row.currency for row in rows],
        "page": numbered(movements, number),
        "today": today,
    }
    return render(request, "web/ledgers/ledger.html", context)


def _currency(request: StaffRequest) -> str:
    asked = request.GET.get("currency", "")
    return asked if is_currency(asked) else request.business.currency


@require_safe
@requires(Right.VIEW_COMMISSIONS)
def ledger_csv(request: StaffRequest, partner_id: int) -> HttpResponseBase:
    """One partner's ledger as CSV."""
    name, wanted = _movements_or_404(request, partner_id)
    return csv_download(name, _MOVEMENT_HEADER, _movement_cells(wanted))


@require_safe
@requires(Right.VIEW_COMMISSIONS)
def ledger_xlsx(request: StaffRequest, partner_id: int) -> HttpResponseBase:
    """One partner's ledger as a spreadsheet."""
    name, wanted = _movements_or_404(request, partner_id)
    return xlsx_download(name, _MOVEMENT_HEADER, _movement_cells(wanted))


def _movements_or_404(request: StaffRequest, partner_id: int) -> tuple[str, MovementFilter]:
    partner_by_id(partner_id)
    form = PeriodForm.asked(request.GET, default=this_month(today_of(request)))
    if not form.is_valid():
        raise Http404
    period: Period = form.period()
    name = f"ledger-{partner_id}-{period.first.isoformat()}-{period.last.isoformat()}"
    return name, MovementFilter(partner_id, _currency(request), period.first, period.last)


_MOVEMENT_HEADER = (
    *("Date", "What", "Order", "Customer", "Role", "Level", "Payable from", "Payout"),
    *("Amount", "Balance", "Currency"),
)


def _movement_cells(wanted: MovementFilter) -> Iterator[list[Cell]]:
    for row in every_partner_movement(wanted):
        yield [
            row.day,
            what_words(row),
            f"#{row.order_number}" if row.order_number else "",
            row.contact_name,
            row.role,
            row.level,
            row.payable_on,
            f"PO-{row.batch_number}" if row.batch_number else "",
            amount_cell(row.amount_minor, wanted.currency),
            amount_cell(row.balance_minor, wanted.currency),
            wanted.currency,
        ]


def what_words(row: Movement) -> str:
    """Payment, Order cancelled, Paid out."""
    return str(CommissionEntry.Causes(row.cause).label) if row.cause else gettext("Paid out")
