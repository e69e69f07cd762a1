"""One commission entry, told as a sentence and a small table."""

from fractions import Fraction

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from duebook.commissions.explaining import Explanation
from duebook.commissions.order_commissions import explanation_of
from duebook.domain.commission_rules import PartnerRole, PayoutType
from duebook.domain.money import Money
from duebook.domain.permissions import Right
from duebook.staff.models import Business
from duebook.web.formats import figure, short_date
from duebook.web.forms.fields import plain_number
from duebook.web.rates import percent_of
from duebook.web.request import StaffRequest, requires, today_of


@require_safe
@requires(Right.VIEW_COMMISSIONS)
def commission_entry(request: StaffRequest, entry_id: int) -> HttpResponse:
    """The entry with its rule, base, total, what was released, this step, hold and payout."""
    found = explanation_of(entry_id)
    context = {
        "entry": found,
        "sentence": sentence_of(found, request.business),
        "ruled": [line for line in found.lines if line.source is not None],
        "unruled": [line for line in found.lines if line.source is None],
        "exact": sum((line.exact for line in found.lines), Fraction(0)),
        "is_held": found.is_held(today_of(request)),
    }
    return render(request, "web/partners/entry.html", context)


def sentence_of(found: Explanation, business: Business) -> str:
    """Dana earned 3.33 on 13 Oct 2026: 33.3 % of INV-1042 is now paid and counted, …"""
    values = {
        "partner": found.partner_name,
        "amount": figure(Money(abs(found.minor), found.currency), business),
        "day": short_date(found.entered_on, business),
        "order": found.order,
        "invoice": found.invoice,
        "contact": found.contact_name,
        "total": figure(Money(found.total_minor, found.currency), business),
        "earned": figure(Money(found.earned_after_minor, found.currency), business),
        "before": figure(Money(found.earned_before_minor, found.currency), business),
        "released": figure(Money(found.part_after_minor, found.currency), business),
        "whole": figure(Money(found.whole_minor, found.currency), business),
        "share": share_in_words(found.part_after_minor, found.whole_minor, business),
    }
    return " ".join((_did(found) % values, _because(found) % values, _so(found) % values))


def share_in_words(part: int, whole: int, business: Business) -> str:
    """40 %; a share that is not exact is marked: ≈ 33.33 %."""
    if not whole:
        return "0 %"
    hundredths = 10_000 * part // whole
    exact = hundredths * whole == 10_000 * part
    text = plain_number(percent_of(hundredths), business.locale)
    return f"{text} %" if exact else f"≈ {text} %"


def _did(found: Explanation) -> str:
    as_lead = found.role is PartnerRole.LEAD
    if found.minor > 0:
        if as_lead:
            return _("%(partner)s earned %(amount)s on %(day)s as lead partner of order %(order)s.")
        return _("%(partner)s earned %(amount)s on %(day)s as sale partner of order %(order)s.")
    if as_lead:
        return _("%(amount)s was taken back from %(partner)s on %(day)s, lead partner of order %(order)s.")
    return _("%(amount)s was taken back from %(partner)s on %(day)s, sale partner of order %(order)s.")


def _because(found: Explanation) -> str:
    if not found.whole_minor and found.part_after_minor == 0 and not found.earned_after_minor:
        return _("The order brings %(total)s in all, and nothing of %(invoice)s releases it now.")
    if found.payout_type is PayoutType.UP_FRONT:
        if found.part_after_minor < found.whole_minor:
            return _(
                "The order brings %(total)s in all, earned up front; the customer's money stands for"
                " %(released)s of %(whole)s of %(invoice)s (%(share)s), the rest went back."
            )
        return _("The order brings %(total)s in all, earned up front when it was placed.")
    return _(
        "The order brings %(total)s in all; %(released)s of %(whole)s of %(invoice)s is paid and counted"
        " (%(share)s)."
    )


def _so(found: Explanation) -> str:
    if found.earned_before_minor:
        return _("So %(earned)s is earned by then, where it was %(before)s before.")
    return _("So %(earned)s is earned by then.")
