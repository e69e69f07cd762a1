"""The books: trial balance, one account, the journal as files."""

from datetime import date
from typing import Any

from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from duebook.domain.permissions import Right
from duebook.ledger.currencies import is_currency
from duebook.ledger.models import Account
from duebook.reports.hledger import hledger_lines
from duebook.reports.queries.journal import accounts_by_id, currencies_of_journal, every_transfer, first_day
from duebook.reports.queries.register import (
    DEBIT_KINDS,
    RegisterFilter,
    every_register_row,
    register_rows,
    register_sums,
)
from duebook.reports.queries.trial_balance import trial_balance as read_trial_balance
from duebook.web.downloads import amount_cell, csv_download, text_download
from duebook.web.forms.reports import AsOfForm, Period, PeriodForm, this_month, usual_periods
from duebook.web.numbered_pages import numbered, page_number, window
from duebook.web.request import StaffRequest, requires, today_of
from duebook.web.words.transfers import transfer_words


@require_safe
@requires(Right.VIEW)
def trial_balance(request: StaffRequest) -> HttpResponse:
    """The balance of every account on a day."""
    form = AsOfForm.asked(request.GET, today=today_of(request))
    context: dict[str, Any] = {"form": form}
    if not form.is_valid():
        return render(request, "web/reports/trial_balance.html", context, status=422)
    as_of = form.cleaned_data["as_of"]
    balances = read_trial_balance(as_of)
    context |= {
        "as_of": as_of,
        "year_start": as_of.replace(month=1, day=1),
        "sections": [
            (
                currency,
                rows,
                sum(max(row.balance_minor, 0) for row in rows),
                sum(max(-row.balance_minor, 0) for row in rows),
            )
            for currency, rows in balances.items()
        ],
    }
    return render(request, "web/reports/trial_balance.html", context)


@require_safe
@requires(Right.VIEW)
def trial_balance_csv(request: StaffRequest) -> HttpResponseBase:
    """The trial balance as a file."""
    form = AsOfForm.asked(request.GET, today=today_of(request))
    if not form.is_valid():
        raise Http404
    as_of: date = form.cleaned_data["as_of"]
    return csv_download(
        f"trial-balance-{as_of.isoformat()}",
        ["Code", "Account", "Kind", "Debit", "Credit", "Currency"],
        (
            [
                row.account.code,
                row.account.name,
                row.account.kind,
                amount_cell(max(row.balance_minor, 0), currency),
                amount_cell(max(-row.balance_minor, 0), currency),
                currency,
            ]
            for currency, rows in read_trial_balance(as_of).items()
            for row in rows
        ),
    )


@require_safe
@requires(Right.VIEW)
def register(request: StaffRequest, account_id: int) -> HttpResponse:
    """What moved an account during a period, with the balance after each movement."""
    account = get_object_or_404(Account, pk=account_id)
    today = today_of(request)
    form = PeriodForm.asked(request.GET, default=this_month(today))
    context: dict[str, Any] = {"form": form, "account": account, "periods": usual_periods(today)}
    if not form.is_valid():
        return render(request, "web/reports/register.html", context, status=422)
    wanted = _wanted(request, account, form.period())
    sums = register_sums(wanted)
    sign = _sign(account)
    number = page_number(request.GET)
    found = register_rows(wanted, opening_minor=sums.opening_minor, **window(number))
    context |= {
        "period": form.period(),
        "currency": wanted.currency,
        "sums": sums,
        "opening_minor": sign * sums.opening_minor,
        "closing_minor": sign * sums.closing_minor,
        "page": numbered(
            [(row, transfer_words(row.kind), sign * row.balance_minor) for row in found], number
        ),
    }
    return render(request, "web/reports/register.html", context)


@require_safe
@requires(Right.VIEW)
def register_csv(request: StaffRequest, account_id: int) -> HttpResponseBase:
    """All movements of the account in the period, as a file."""
    account = get_object_or_404(Account, pk=account_id)
    period = _period_or_404(request)
    wanted = _wanted(request, account, period)
    opening = register_sums(wanted).opening_minor
    sign = _sign(account)
    return csv_download(
        f"account-{account.pk}-{period.first.isoformat()}-{period.last.isoformat()}",
        [
            "Date",
            "What",
            "Contact",
            "Invoice",
            "Payment",
            "Account",
            "Debit",
            "Credit",
            "Balance",
            "Currency",
        ],
        (
            [
                row.day,
                transfer_words(row.kind),
                row.name,
                f"INV-{row.invoice_number}" if row.invoice_number else "",
                f"P-{row.payment_number}" if row.payment_number else "",
                f"{row.other_code} {row.other_name}",
                amount_cell(row.debit_minor, wanted.currency),
                amount_cell(row.credit_minor, wanted.currency),
                amount_cell(sign * row.balance_minor, wanted.currency),
                wanted.currency,
            ]
            for row in every_register_row(wanted, opening_minor=opening)
        ),
    )


@require_safe
@requires(Right.VIEW)
def journal(request: StaffRequest) -> HttpResponse:
    """Choose a period and take the journal home."""
    today = today_of(request)
    form = PeriodForm.asked(request.GET, default=this_month(today))
    everything = (_("Everything"), Period(first_day() or today, today))
    context: dict[str, Any] = {"form": form, "periods": [*usual_periods(today), everything]}
    if not form.is_valid():
        return render(request, "web/reports/journal.html", context, status=422)
    return render(request, "web/reports/journal.html", context | {"period": form.period()})


@require_safe
@requires(Right.VIEW)
def journal_csv(request: StaffRequest) -> HttpResponseBase:
    """Every transfer of the period, one a line."""
    period = _period_or_404(request)
    names = {pk: str(account) for pk, account in accounts_by_id().items()}
    return csv_download(
        f"journal-{period.first.isoformat()}-{period.last.isoformat()}",
        [
            "Transfer",
            "Date",
            "What",
            "Debit",
            "Credit",
            "Amount",
            "Currency",
            "Contact",
            "Invoice",
            "Payment",
            "Corrects",
        ],
        (
            [
                row.transfer_id,
                row.day,
                transfer_words(row.kind),
                names[row.debit_id],
                names[row.credit_id],
                amount_cell(row.amount_minor, row.currency),
                row.currency,
                row.name,
                f"INV-{row.invoice_number}" if row.invoice_number else "",
                f"P-{row.payment_number}" if row.payment_number else "",
                row.corrects_id,
            ]
            for row in every_transfer(period.first, period.last)
        ),
    )


@require_safe
@requires(Right.VIEW)
def journal_hledger(request: StaffRequest) -> HttpResponseBase:
    """The same for hledger."""
    period = _period_or_404(request)
    return text_download(
        f"journal-{period.first.isoformat()}-{period.last.isoformat()}.journal",
        hledger_lines(
            every_transfer(period.first, period.last),
            accounts=accounts_by_id(),
            currencies=currencies_of_journal(),
        ),
        "text/plain",
    )


def _sign(account: Account) -> int:
    """Whether the account's balance is shown as debits less credits, or the other way round."""
    return 1 if account.kind in DEBIT_KINDS else -1


def _period_or_404(request: StaffRequest) -> Period:
    form = PeriodForm.asked(request.GET, default=this_month(today_of(request)))
    if not form.is_valid():
        raise Http404
    return form.period()


def _wanted(request: StaffRequest, account: Account, period: Period) -> RegisterFilter:
    currency = request.GET.get("currency", "")
    return RegisterFilter(
        account_id=account.pk,
        currency=currency if is_currency(currency) else request.business.currency,
        first=period.first,
        last=period.last,
    )
