"""What each figure says to a partner, in plain words."""

from collections.abc import Callable

from django.utils.translation import gettext as _

from duebook.commissions.models import Accrual, CommissionEntry, PayoutBatch
from duebook.domain.commission_rules import PartnerRole, PayoutType
from duebook.domain.commission_steps import EntryCause
from duebook.domain.money import Money
from duebook.ledger.currencies import format_figure, format_money
from duebook.reports.commission_sums import role_words, sum_words
from duebook.staff.models import Business


def shower(currency: str, business: Business) -> Callable[[int], str]:
    """Writes minor units as the business does; a currency that is not its own always shows."""
    if currency == business.currency:
        return lambda minor: format_figure(minor, currency, locale=business.locale)
    return lambda minor: format_money(Money(minor, currency), locale=business.locale)


def role_of(accrual: Accrual) -> str:
    """lead · level 1"""
    return role_words(PartnerRole(accrual.role), accrual.level)


def sum_of(accrual: Accrual, business: Business) -> str:
    """5 % of 1,000.00 = 50.00; empty where no rule brought anything."""
    show = shower(accrual.currency, business)
    return sum_words(accrual.basis.lines, accrual.total_minor, show, business.locale)


def why_of(entry: CommissionEntry, business: Business) -> str:
    """The sum that made the entry: what can be earned, what released it, and what this step adds."""
    show = shower(entry.currency, business)
    accrual = entry.accrual
    told = sum_words(entry.basis.lines, entry.total_minor, show, business.locale)
    if accrual.payout_type == PayoutType.UP_FRONT:
        release = (
            _("earned as soon as the order was placed")
            if entry.part_after_minor == entry.whole_minor
            else _("the customer got %(back)s of %(whole)s back")
            % {"back": show(entry.whole_minor - entry.part_after_minor), "whole": show(entry.whole_minor)}
        )
    else:
        release = _("%(part)s of %(whole)s is paid") % {
            "part": show(entry.part_after_minor),
            "whole": show(entry.whole_minor),
        }
    before = entry.earned_after_minor - entry.amount_minor
    step = _("that makes %(after)s, before it was %(before)s") % {
        "after": show(entry.earned_after_minor),
        "before": show(before),
    }
    return "; ".join(part for part in (told, release, step) if part)


_CAUSES = {
    EntryCause.PAYMENT: lambda: _("The customer paid"),
    EntryCause.UNDONE: lambda: _("A payment was entered by mistake and undone"),
    EntryCause.RETURNED: lambda: _("The bank took a payment back"),
    EntryCause.REFUNDED: lambda: _("A payment was refunded"),
    EntryCause.REFUND_UNDONE: lambda: _("A refund was entered by mistake and undone"),
    EntryCause.DISPUTED: lambda: _("The customer disputed a payment at their bank"),
    EntryCause.DISPUTE_WON: lambda: _("A disputed payment came back"),
    EntryCause.MOVED: lambda: _("A payment was moved to or from this order"),
    EntryCause.CREDIT_APPLIED: lambda: _("The customer paid with credit"),
    EntryCause.ASSIGNED: lambda: _("The order's partners were set"),
    EntryCause.ORDER_PLACED: lambda: _("The order was placed"),
    EntryCause.ORDER_CHANGED: lambda: _("The order was changed"),
    EntryCause.ORDER_CANCELLED: lambda: _("The order was cancelled"),
    EntryCause.RECALCULATED: lambda: _("The commission was recalculated"),
}


def cause_of(entry: CommissionEntry) -> str:
    """What happened, as a partner would say it."""
    return _CAUSES[EntryCause(entry.cause)]()


def state_of(batch: PayoutBatch) -> str:
    """How far a payout is."""
    return _("paid") if batch.state == PayoutBatch.States.PAID else _("on its way")
