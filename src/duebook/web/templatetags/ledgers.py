"""Words and addresses of the lines in partners' ledgers, statements and payouts."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from django import template
from django.urls import NoReverseMatch, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _, gettext_lazy

from duebook.commissions.models import CommissionEntry, PayoutBatch
from duebook.partners.models import Partner, Referral
from duebook.reports.queries.partner_movements import Movement

register = template.Library()

_CHIPS: Mapping[str, str] = {
    PayoutBatch.States.BUILT.value: "due",
    PayoutBatch.States.APPROVED.value: "active",
    PayoutBatch.States.PAID.value: "paid",
    PayoutBatch.States.REJECTED.value: "void",
}
_WHY_CARRIED: Mapping[str, Promise] = {
    "negative": gettext_lazy("below zero: more was taken back than earned"),
    "nothing": gettext_lazy("nothing is left to pay"),
    "minimum": gettext_lazy("below the minimum"),
}
_NO_ID = 987_654_321


@lru_cache(maxsize=1)
def _entry_address() -> str:
    return reverse("web:commission_entry", args=[_NO_ID]).replace(str(_NO_ID), "{}")


@register.simple_tag
def entry_url(entry_id: int) -> str:
    """The address of an entry's explanation; empty where this site has no such page."""
    try:
        return _entry_address().format(entry_id)
    except NoReverseMatch:
        return ""


@register.filter
def what_words(row: Movement) -> str:
    """Payment, Order cancelled, Paid out."""
    return cause_words(row.cause) if row.cause else _("Paid out")


@register.filter
def cause_words(cause: str) -> str:
    """What made an entry."""
    return str(CommissionEntry.Causes(cause).label)


@register.filter
def role_words(row: Any) -> str:
    """Lead, level 2; the level stands only above 1."""
    role = str(Referral.Roles(row.role).label)
    return _("%(role)s, level %(level)s") % {"role": role, "level": row.level} if row.level > 1 else role


@register.filter
def state_chip(state: str) -> str:
    """The kind of badge for a batch's state."""
    return _CHIPS[state]


@register.simple_tag
def why_carried(minor: int) -> str:
    """Why an amount is carried forward."""
    return str(_WHY_CARRIED["negative" if minor < 0 else "minimum" if minor else "nothing"])


@register.filter
def method_words(row: Any) -> str:
    """Bank transfer, and the details in one line."""
    method = str(dict(Partner.PayoutMethods.choices).get(row.payout_method, row.payout_method))
    details = " ".join(row.payout_details.split())
    return f"{method}: {details}" if details else method
