"""What a partner sees: figures, referrals, orders, earnings, payouts. Nothing is written here."""

from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from duebook.portal import queries
from duebook.portal.lines import entry_line, order_line
from duebook.portal.session import PartnerRequest, for_partners
from duebook.reports.queries.partner_statement import statement_of_payout
from duebook.reports.statement_pdf import statement_pdf
from duebook.staff.models import Business
from duebook.staff.queries import business_day

ROWS_A_PAGE = 50
LATEST = 5
_CODE_PLACE = "{code}"


@for_partners
@require_safe
def overview(request: PartnerRequest) -> HttpResponse:
    """The figures, the tracking code and its link, and what came last."""
    business, partner = request.business, request.partner
    today = business_day(business)
    latest = queries.entries_of(partner)[:LATEST]
    context = {
        "figures": queries.figures(partner, today=today),
        "link": business.partner_link.replace(_CODE_PLACE, partner.code),
        "lines": [entry_line(entry, business, today) for entry in latest],
    }
    return _page(request, "overview", context)


@for_partners
@require_safe
def referrals(request: PartnerRequest) -> HttpResponse:
    """Whom the partner brought; by name where the business allows."""
    page = _part(request, queries.referrals_of(request.partner))
    return _page(request, "referrals", {"page": page})


@for_partners
@require_safe
def orders(request: PartnerRequest) -> HttpResponse:
    """What each order can bring and has brought."""
    page = _part(request, queries.accruals_of(request.partner))
    lines = [order_line(accrual, request.business) for accrual in page.object_list]
    return _page(request, "orders", {"page": page, "lines": lines})


@for_partners
@require_safe
def earnings(request: PartnerRequest) -> HttpResponse:
    """Each step, with the sum that makes it and when it is paid out."""
    business = request.business
    page = _part(request, queries.entries_of(request.partner))
    today = business_day(business)
    lines = [entry_line(entry, business, today) for entry in page.object_list]
    return _page(request, "earnings", {"page": page, "lines": lines})


@for_partners
@require_safe
def payouts(request: PartnerRequest) -> HttpResponse:
    """What was paid out, and what is on its way."""
    return _page(request, "payouts", {"page": _part(request, queries.payouts_of(request.partner))})


@for_partners
@require_safe
def statement(request: PartnerRequest, payout_id: int) -> HttpResponse:
    """One payout with the entries it pays; the partner's own or none."""
    payout = get_object_or_404(queries.payouts_of(request.partner), pk=payout_id)
    business = request.business
    today = business_day(business)
    lines = [entry_line(entry, business, today) for entry in queries.entries_in(payout)]
    return _page(request, "statement", {"payout": payout, "lines": lines})


@for_partners
@require_safe
def statement_file(request: PartnerRequest, payout_id: int) -> HttpResponse:
    """The same payout as PDF."""
    payout = get_object_or_404(queries.payouts_of(request.partner), pk=payout_id)
    found = statement_of_payout(payout.pk)
    return HttpResponse(
        statement_pdf(found, Business.objects.get(pk=1)),
        content_type="application/pdf",
        headers={"Content-Disposition": f'inline; filename="statement-{found.number}.pdf"'},
    )


def _part(request: PartnerRequest, rows: QuerySet[Any]) -> Page[Any]:
    return Paginator(rows, ROWS_A_PAGE).get_page(request.GET.get("page"))


def _page(request: PartnerRequest, name: str, context: dict[str, Any]) -> HttpResponse:
    shared = {"partner": request.partner, "names_shown": request.business.partners_see_names}
    return render(request, f"portal/{name}.html", {**shared, **context})
