"""Commissions in plain words: which rule, why nothing, what made an entry."""

from collections.abc import Mapping
from enum import StrEnum

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from duebook.commissions.explaining import SoFar
from duebook.commissions.trying import Verdict
from duebook.domain.commission_base import Exclusion
from duebook.domain.commission_release import WhyNothing
from duebook.domain.commission_rules import PartnerRole, PayoutType, RuleSource, Silence
from duebook.domain.commission_steps import EntryCause

WORDS: Mapping[StrEnum, Promise] = {
    PartnerRole.LEAD: _("Lead"),
    PartnerRole.SALE: _("Sale"),
    PayoutType.UP_FRONT: _("Up-Front Credit in Full"),
    PayoutType.ON_PAYMENT: _("Credit on Customer Payment"),
    RuleSource.ORDER_OVERRIDE: _("override on the order"),
    RuleSource.PARTNER_OVERRIDE: _("override for the partner"),
    RuleSource.PROGRAM_PRODUCT: _("rule for the product"),
    RuleSource.PROGRAM_DEFAULT: _("default rule"),
    Silence.NO_PARTNER: _("The order has no referral partner in this role."),
    Silence.INACTIVE: _("The partner was inactive when the order got its partners."),
    Silence.NO_PROGRAM: _("The partner is in no program that covers this, and has no override for it."),
    Silence.NO_RULE: _("The program that covers this has no rule for this role at this level."),
    Silence.OTHER_CURRENCY: _("The fixed amount is in another currency than the order."),
    Silence.NOTHING_SOLD: _("The order has no product: nothing on it counts for commissions."),
    WhyNothing.NOTHING_TO_PAY: _("There is nothing to pay on the invoice, so nothing releases it."),
    WhyNothing.SET_TO_NO: _("What was paid was set to Apply to Commissions: No."),
    WhyNothing.ALREADY_EARNED: _("All of it was earned up front, when the order was placed."),
    WhyNothing.NOTHING_LEFT: _("All of it has been earned already."),
    WhyNothing.FINANCE_CHARGE_FIRST: _("What was paid settles the finance charge first."),
    WhyNothing.TOO_SMALL: _("So far it is less than the smallest coin. The next payment carries it."),
    WhyNothing.DEAD: _("The order is cancelled, or its invoice is void."),
    SoFar.NO_RATE: _("The rates come to nothing on these items."),
    SoFar.NOT_PAID: _("Nothing has been paid yet."),
    SoFar.MONEY_BACK: _("The customer's money went back."),
    Exclusion.TAX: _("Tax never counts."),
    Exclusion.SHIPPING: _("Shipping never counts."),
    Exclusion.FINANCE_CHARGE: _("A finance charge never counts."),
    Exclusion.OTHER: _("It is not a product."),
    Exclusion.DISCOUNT_TAKEN: _("Spread over the products of the order."),
    Exclusion.DISCOUNT_LEFT: _("This discount does not lower commissions."),
    EntryCause.PAYMENT: _("Payment"),
    EntryCause.UNDONE: _("Payment undone"),
    EntryCause.RETURNED: _("Payment returned"),
    EntryCause.REFUNDED: _("Payment refunded"),
    EntryCause.REFUND_UNDONE: _("Refund undone"),
    EntryCause.DISPUTED: _("Payment disputed"),
    EntryCause.DISPUTE_WON: _("Dispute won, the money is back"),
    EntryCause.MOVED: _("Payment moved"),
    EntryCause.CREDIT_APPLIED: _("Credit applied"),
    EntryCause.ASSIGNED: _("Partners assigned"),
    EntryCause.ORDER_PLACED: _("Order placed"),
    EntryCause.ORDER_CHANGED: _("Items of the order changed"),
    EntryCause.ORDER_CANCELLED: _("Order cancelled"),
    EntryCause.RECALCULATED: _("Recalculated"),
    Verdict.APPLIES: _("applies"),
    Verdict.NONE: _("there is none"),
    Verdict.NOT_COVERED: _("has no rule for this product and no default"),
    Verdict.NO_RULE: _("covers it, but has no rule for this role at this level: so nothing is earned"),
    Verdict.OTHER_CURRENCY: _("would apply, but its fixed amount is in another currency"),
    Verdict.LATER: _("comes later, so it is not asked"),
}
"""What each constant of the rules is called on a page."""


def in_words(value: StrEnum | None) -> str:
    """The constant in plain words; nothing for None."""
    return str(WORDS[value]) if value is not None else ""
