"""A dispute in plain words: how it stands, what the money does, and what a person can do about it."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.utils.translation import gettext as _, gettext_lazy

from duebook.domain.disputes import DisputeState
from duebook.domain.money import Money
from duebook.payments.models import Dispute
from duebook.staff.models import Business
from duebook.web.formats import deadline, figure

_REASONS = {
    "duplicate": gettext_lazy("charged twice"),
    "fraudulent": gettext_lazy("not authorized by the cardholder"),
    "product_not_received": gettext_lazy("goods or services not received"),
    "product_unacceptable": gettext_lazy("goods or services not as described"),
    "subscription_canceled": gettext_lazy("charged after a cancellation"),
    "credit_not_processed": gettext_lazy("a promised refund did not come"),
    "unrecognized": gettext_lazy("not recognized by the cardholder"),
    "general": gettext_lazy("no reason given"),
}
"""What banks give as the reason; another one stands as the processor says it."""


@dataclass(frozen=True, slots=True)
class Told:
    """A dispute with its words; ``title`` is for where nothing else says that it is one.

    ``may_be_seen`` is whether somebody can say that it is seen.
    """

    dispute: Dispute
    reason: str
    state: str
    title: str
    money: str
    todo: str
    may_be_seen: bool


def told_disputes(disputes: Iterable[Dispute], business: Business) -> list[Told]:
    """Each dispute in words."""
    return [
        Told(
            dispute=dispute,
            reason=reason_words(dispute.reason),
            state=_state(dispute),
            title=_title(dispute),
            money=_money(dispute, business),
            todo=_todo(dispute, business),
            may_be_seen=dispute.waits_since is not None and not dispute.is_open,
        )
        for dispute in disputes
    ]


def reason_words(reason: str) -> str:
    """Why the customer's bank wants the money back."""
    known = _REASONS.get(reason or "general")
    return str(known) if known else reason.replace("_", " ")


def _state(dispute: Dispute) -> str:
    if dispute.state == DisputeState.WON.value:
        return _("Won")
    return _("Lost") if dispute.state == DisputeState.LOST.value else _("Disputed")


def _title(dispute: Dispute) -> str:
    if dispute.state == DisputeState.WON.value:
        return _("Dispute won")
    return _("Dispute lost") if dispute.state == DisputeState.LOST.value else _("Disputed")


def _money(dispute: Dispute, business: Business) -> str:
    """What is gone, and what of it stands in the books."""
    parts = []
    if not dispute.taken_minor:
        parts.append(
            _("The money is back.")
            if dispute.state == DisputeState.WON.value
            else _("The processor has not taken the money so far.")
        )
    elif dispute.unbooked_minor:
        parts.append(
            _("The processor took %(taken)s, of which %(booked)s is booked.")
            % {
                "taken": _amount(dispute.taken_minor, dispute, business),
                "booked": _amount(dispute.booked_minor, dispute, business),
            }
        )
    else:
        taken = _amount(dispute.taken_minor, dispute, business)
        parts.append(_("The processor took %(taken)s.") % {"taken": taken})
    if dispute.fee_minor:
        parts.append(_("Its fee: %(fee)s.") % {"fee": _amount(dispute.fee_minor, dispute, business)})
    return " ".join(parts)


def _todo(dispute: Dispute, business: Business) -> str:
    if dispute.is_open:
        if dispute.answer_by is not None:
            day = deadline(dispute.answer_by, business)
            return _("Answer it on the processor's own pages until %(day)s.") % {"day": day}
        return _("Answer it on the processor's own pages.")
    if dispute.state == DisputeState.LOST.value:
        return _("Ask the customer to pay in another way, or write the balance off.")
    return ""


def _amount(minor: int, dispute: Dispute, business: Business) -> str:
    return figure(Money(minor, dispute.currency), business)
