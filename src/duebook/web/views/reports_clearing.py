"""Card clearing: what processors have not paid out yet, and the settlements with which they paid the rest."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _, gettext_lazy, ngettext
from django.views.decorators.http import require_POST, require_safe

from duebook.domain.errors import GatewayUnreachable, SecretUnreadable
from duebook.domain.permissions import Right
from duebook.domain.settlements import LineKind
from duebook.events.rows import row_by_id
from duebook.gateways.models import MerchantAccount
from duebook.payments.models import Settlement, SettlementLine
from duebook.payments.services.fetch_settlements_now import fetch_settlements_now
from duebook.reports.queries.card_clearing import (
    ClearingFilter,
    ClearingSums,
    LineRow,
    SettlementRow,
    Waiting,
    accounts_with_clearing,
    clearing_sums,
    every_line_row,
    every_settlement_row,
    every_waiting_row,
    line_rows,
    settlement_rows,
    waiting_page,
)
from duebook.web.downloads import csv_download, processor_amount_cell
from duebook.web.errors import text_of
from duebook.web.notices import add_notice
from duebook.web.numbered_pages import numbered, page_number, window
from duebook.web.request import StaffRequest, actor_of, requires, today_of

_WHAT: Mapping[str, Any] = {
    "charge": gettext_lazy("Charge"),
    "refund": gettext_lazy("Refund"),
    "dispute": gettext_lazy("Dispute"),
    "other": gettext_lazy("Other"),
    "settlement": gettext_lazy("Returned settlement"),
}


@dataclass(frozen=True, slots=True)
class Asked:
    """Which account and currency the address asks for, and what else it could."""

    account: MerchantAccount
    accounts: list[MerchantAccount]
    currency: str = ""
    sums_of: Mapping[str, ClearingSums] = field(default_factory=dict)

    @property
    def currencies(self) -> list[str]:
        return sorted({*self.sums_of, self.currency})

    @property
    def sums(self) -> ClearingSums:
        return self.sums_of.get(self.currency, ClearingSums())

    def filter(self) -> ClearingFilter:
        return ClearingFilter(self.account.clearing_account_id, self.currency)


@require_safe
@requires(Right.VIEW)
def waiting(request: StaffRequest) -> HttpResponse:
    """What of an account's charges, refunds and disputes has not cleared, the oldest first."""
    asked = _asked(request)
    if asked is None:
        return render(request, "web/reports/card_clearing.html")
    asked = _with_sums(asked, request)
    number, today = page_number(request.GET), today_of(request)
    found = waiting_page(asked.filter(), **window(number))
    context = {
        "asked": asked,
        "sums": asked.sums,
        "page": numbered([(row, what_waits(row), (today - row.since).days) for row in found.rows], number),
    }
    return render(request, "web/reports/card_clearing.html", context)


@require_safe
@requires(Right.VIEW)
def waiting_csv(request: StaffRequest) -> HttpResponseBase:
    """The same as a file."""
    asked, today = _with_sums(_asked_or_404(request), request), today_of(request)
    return csv_download(
        f"card-clearing-{asked.account.pk}-{asked.currency}",
        ["Since", "What", "Charge or settlement", "Payment", "Contact", "Days waiting", "Amount", "Currency"],
        (
            [
                row.since,
                what_waits(row),
                f"C-{row.charge_id}" if row.charge_id else f"S-{row.settlement_id}",
                f"P-{row.payment_number}" if row.payment_number else "",
                row.name,
                (today - row.since).days,
                processor_amount_cell(row.minor, asked.currency),
                asked.currency,
            ]
            for row in every_waiting_row(asked.filter())
        ),
    )


@require_safe
@requires(Right.VIEW)
def settlements(request: StaffRequest) -> HttpResponse:
    """What an account's processor has paid, the newest first."""
    asked = _asked(request)
    if asked is None:
        return render(request, "web/reports/settlements.html")
    number = page_number(request.GET)
    only_open = request.GET.get("open") == "1"
    rows = settlement_rows(asked.account.pk, only_open=only_open, **window(number))
    context = {"asked": asked, "only_open": only_open, "page": numbered(rows, number)}
    return render(request, "web/reports/settlements.html", context)


@require_safe
@requires(Right.VIEW)
def settlements_csv(request: StaffRequest) -> HttpResponseBase:
    """All settlements of the account as a file."""
    asked = _asked_or_404(request)
    return csv_download(
        f"settlements-{asked.account.pk}",
        ["Settlement", "Processor's number", "Paid", "Gross", "Fees", "Net", "Currency", "Lines", "Returned"],
        (_settlement_cells(row) for row in every_settlement_row(asked.account.pk)),
    )


def _settlement_cells(row: SettlementRow) -> list[Any]:
    amounts = (row.gross_minor, row.fee_minor, row.net_minor)
    return [
        f"S-{row.settlement_id}",
        row.gateway_id,
        row.paid_on,
        *(processor_amount_cell(minor, row.currency) for minor in amounts),
        row.currency,
        row.lines,
        row.returned_on or "",
    ]


@require_safe
@requires(Right.VIEW)
def settlement(request: StaffRequest, settlement_id: int) -> HttpResponse:
    """One settlement with its lines, each leading to its charge and payment."""
    found = _settlement_by_id(settlement_id)
    number = page_number(request.GET)
    rows = line_rows(found.pk, **window(number))
    context = {
        "settlement": found,
        "returned": getattr(found, "returned", None),
        "page": numbered([(row, *words_of(row, found)) for row in rows], number),
    }
    return render(request, "web/reports/settlement.html", context)


@require_safe
@requires(Right.VIEW)
def settlement_csv(request: StaffRequest, settlement_id: int) -> HttpResponseBase:
    """Its lines as a file."""
    found = _settlement_by_id(settlement_id)
    return csv_download(
        f"settlement-{found.pk}",
        [
            "What",
            "Processor's number",
            "Charge",
            "Payment",
            "Contact",
            "Gross",
            "Fee",
            "Net",
            "Currency",
            "Remark",
        ],
        (_line_cells(row, found) for row in every_line_row(found.pk)),
    )


def _line_cells(row: LineRow, found: Settlement) -> list[Any]:
    what, remark = words_of(row, found)
    amounts = (row.gross_minor, row.fee_minor, row.net_minor)
    return [
        what,
        row.object_id,
        f"C-{row.charge_id}" if row.charge_id else "",
        f"P-{row.payment_number}" if row.payment_number else "",
        row.name,
        *(processor_amount_cell(minor, found.currency) for minor in amounts),
        found.currency,
        remark,
    ]


@require_POST
@requires(Right.RESOLVE_MESSAGES)
def settlement_inquiry(request: StaffRequest, merchant_account_id: int) -> HttpResponse:
    """Ask the processor now what it has paid. Not inside a transaction."""
    try:
        imported = fetch_settlements_now(merchant_account_id=merchant_account_id, actor=actor_of(request))
    except (GatewayUnreachable, SecretUnreadable) as refusal:
        add_notice(request, text_of(refusal, request.business))
    else:
        add_notice(request, _said(imported.new))
        if imported.returned:
            add_notice(request, _came_back(imported.returned))
        if imported.gone:
            add_notice(request, _gone(imported.gone))
    return redirect(f"{reverse('web:report_settlements')}?account={merchant_account_id}")


def _said(imported: int) -> str:
    if not imported:
        return _("The processor has paid nothing that was not here already.")
    text = ngettext("%(count)s settlement was fetched.", "%(count)s settlements were fetched.", imported)
    return text % {"count": imported}


def _came_back(returned: int) -> str:
    text = ngettext(
        "The bank sent %(count)s settlement back: it is booked back, and needs a decision.",
        "The bank sent %(count)s settlements back: they are booked back, and need a decision.",
        returned,
    )
    return text % {"count": returned}


def _gone(gateway_ids: Sequence[str]) -> str:
    text = _("The processor names %(ids)s no more, which is in the books: ask it, and look at the bank.")
    return text % {"ids": ", ".join(gateway_ids)}


def what_waits(row: Waiting) -> str:
    """What has not cleared, in words."""
    return str(_WHAT[row.what])


def words_of(row: LineRow, found: Settlement) -> tuple[str, str]:
    """What a line is, and what about it does not match; empty where all is well."""
    return str(SettlementLine.Kinds(row.kind).label), _remark(row, found)


def _remark(row: LineRow, found: Settlement) -> str:
    if row.kind == LineKind.UNEXPLAINED.value:
        return _("The lines of the processor do not come to its total.")
    if row.is_repeated:
        return _("It was settled before.")
    if row.kind == LineKind.SETTLEMENT_RETURNED.value:
        return "" if row.returned_id else _("Duebook knows no such settlement that came back.")
    if row.clears_minor and row.charge_id is None:
        return _("Duebook knows no such charge.")
    if row.clears_minor and row.charge_currency != found.currency:
        return _("Charged in %(currency)s.") % {"currency": row.charge_currency}
    return ""


def _settlement_by_id(settlement_id: int) -> Settlement:
    rows = Settlement.objects.select_related("merchant_account", "returned")
    return row_by_id(rows, settlement_id, "Settlement")


def _asked(request: StaffRequest) -> Asked | None:
    """The account that the address asks for, else the default one; None where there is no account at all."""
    accounts = list(accounts_with_clearing())
    if not accounts:
        return None
    by_id = {str(account.pk): account for account in accounts}
    return Asked(by_id.get(request.GET.get("account", ""), accounts[0]), accounts)


def _with_sums(asked: Asked, request: StaffRequest) -> Asked:
    """With the sums, in the currency that the address asks for, else in the business's if it moved there."""
    sums_of = clearing_sums(asked.account.clearing_account_id)
    own = request.business.currency
    fallback = own if own in sums_of else next(iter(sums_of), own)
    wanted = request.GET.get("currency", "")
    return replace(asked, currency=wanted if wanted in sums_of else fallback, sums_of=sums_of)


def _asked_or_404(request: StaffRequest) -> Asked:
    asked = _asked(request)
    if asked is None:
        raise Http404
    return asked
