"""The list of reports, and what is held on account."""

from dataclasses import dataclass

from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from duebook.commissions.payouts import payable_by_partner
from duebook.domain.permissions import Right
from duebook.reports.queries.credit import contacts_with_credit, every_contact_with_credit
from duebook.web.downloads import amount_cell, csv_download
from duebook.web.numbered_pages import numbered, page_number, window
from duebook.web.request import StaffRequest, requires, rights_of, today_of


@dataclass(frozen=True, slots=True)
class Entry:
    """A report in the list: its name, what it answers and where it is."""

    name: str
    answers: str
    url: str
    icon: str


@require_safe
@requires(Right.VIEW)
def report_list(request: StaffRequest) -> HttpResponse:
    """All reports and the question that each answers."""
    return render(request, "web/reports/list.html", {"sections": _sections(rights_of(request))})


def _sections(rights: frozenset[Right]) -> list[tuple[str, list[Entry]]]:
    sections = [
        (
            _("Customers"),
            [
                Entry(
                    _("Receivables aging"),
                    _("Who owes what, and for how long, on any day."),
                    reverse("web:report_receivables"),
                    "ti-clock-dollar",
                ),
                Entry(
                    _("Credit on account"),
                    _("Whose money is here without an invoice to settle."),
                    reverse("web:report_credit"),
                    "ti-wallet",
                ),
                Entry(
                    _("Payments of a period"),
                    _("What came in, by type; what was undone and what the bank took back."),
                    reverse("web:report_payments"),
                    "ti-cash",
                ),
            ],
        ),
        (
            _("Books"),
            [
                Entry(
                    _("Card clearing"),
                    _("What card processors have not paid out yet, and what they have paid."),
                    reverse("web:report_card_clearing"),
                    "ti-credit-card",
                ),
                Entry(
                    _("Trial balance"),
                    _("The balance of every account on any day, and what moved each."),
                    reverse("web:report_trial_balance"),
                    "ti-scale",
                ),
                Entry(
                    _("Journal"),
                    _("Every entry of a period, as CSV or for hledger."),
                    reverse("web:report_journal"),
                    "ti-book",
                ),
            ],
        ),
    ]
    if Right.VIEW_COMMISSIONS in rights:
        sections.insert(1, (_("Referral partners"), _about_partners()))
    return sections


def _about_partners() -> list[Entry]:
    return [
        Entry(
            _("Commissions payable"),
            _("What can be paid out to each partner today."),
            reverse("web:report_commissions"),
            "ti-users",
        ),
        Entry(
            _("Ledgers"),
            _("What each partner earned, gave back and was paid in a period."),
            reverse("web:ledgers"),
            "ti-notebook",
        ),
    ]


@require_safe
@requires(Right.VIEW_COMMISSIONS)
def commissions_payable(request: StaffRequest) -> HttpResponse:
    """What each partner can be paid out today, past the hold; those who owe some are carried forward."""
    today = today_of(request)
    rows = payable_by_partner(currency=request.business.currency, cut_off_on=today, minimum_minor=0)
    number = page_number(request.GET)
    view = window(number)
    shown = rows[view["offset"] : view["offset"] + view["limit"]]
    context = {
        "page": numbered(shown, number),
        "total_minor": sum(row.minor for row in rows if row.minor > 0),
        "currency": request.business.currency,
    }
    return render(request, "web/reports/commissions.html", context)


@require_safe
@requires(Right.VIEW)
def credit(request: StaffRequest) -> HttpResponse:
    """Contacts with credit on account, those first whose open invoices it could settle."""
    number = page_number(request.GET)
    only_usable = request.GET.get("usable") == "1"
    rows = contacts_with_credit(only_usable=only_usable, **window(number))
    context = {"page": numbered(rows, number), "only_usable": only_usable}
    return render(request, "web/reports/credit.html", context)


@require_safe
@requires(Right.VIEW)
def credit_csv(request: StaffRequest) -> HttpResponseBase:
    """The same contacts as a file."""
    rows = every_contact_with_credit(only_usable=request.GET.get("usable") == "1")
    return csv_download(
        "credit-on-account",
        ["Contact", "Currency", "Credit on account", "Balance due"],
        (
            [
                row.name,
                row.currency,
                amount_cell(row.credit_minor, row.currency),
                amount_cell(row.due_minor, row.currency),
            ]
            for row in rows
        ),
    )
