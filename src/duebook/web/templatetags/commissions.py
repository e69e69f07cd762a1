"""Tags of the pages about commissions: a constant in words, a rate, an amount before rounding."""

from enum import StrEnum
from fractions import Fraction

from django import template
from django.template import Context
from django.utils.translation import gettext as _

from duebook.domain.commission_rules import half_up
from duebook.domain.money import Money
from duebook.web.formats import figure
from duebook.web.forms.fields import plain_number
from duebook.web.rates import percent_of
from duebook.web.request import business_of
from duebook.web.words.commissions import in_words

register = template.Library()


@register.filter
def words(value: StrEnum | None) -> str:
    """What a constant of the rules is called; nothing for None."""
    return in_words(value)


@register.simple_tag(takes_context=True)
def rate(context: Context, bps: int, fixed_minor: int = 0, currency: str = "") -> str:
    """10 %, 5.00 a unit, or both."""
    business = business_of(context["request"])
    parts = []
    if bps or not fixed_minor:
        parts.append(f"{plain_number(percent_of(bps), business.locale)} %")
    if fixed_minor:
        amount = figure(Money(fixed_minor, currency or business.currency), business)
        parts.append(_("%(amount)s a unit") % {"amount": amount})
    return " + ".join(parts)


@register.simple_tag(takes_context=True)
def exact_money(context: Context, exact: Fraction, currency: str) -> str:
    """An amount rounded to whole minor units, marked where something was rounded away: ≈ 3.33."""
    shown = figure(Money(half_up(exact), currency), business_of(context["request"]))
    return shown if exact.denominator == 1 else f"≈ {shown}"
