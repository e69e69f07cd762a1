"""What became of a charge, in words that a clerk can say to the customer."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from django.utils.translation import gettext as _, gettext_lazy

from duebook.domain.charging import ChargeState
from duebook.domain.disputes import DisputeState
from duebook.domain.second_person import may_be_decided
from duebook.gateways.protocol import DeclineClass
from duebook.payments.models import Charge, Observation
from duebook.payments.outcomes import asking_about

_DECLINED = {
    DeclineClass.INSUFFICIENT_FUNDS: gettext_lazy(
        "The bank declined this card: not enough money is on it. Ask for another card or a smaller amount."
    ),
    DeclineClass.EXPIRED: gettext_lazy(
        "The bank declined this card: it has expired. Ask the customer for the new card."
    ),
    # Whoever holds a stolen card is told no more than this.
    DeclineClass.STOLEN: gettext_lazy("The bank declined this card. Ask for another card."),
    DeclineClass.NEVER_APPROVE: gettext_lazy(
        "The bank declined this card and will not approve it later either. Ask for another card."
    ),
    DeclineClass.AUTHENTICATION_REQUIRED: gettext_lazy(
        "The bank declined this card: it wants the customer to confirm the payment, which nobody can do for"
        " the customer. Send a pay link, or ask for another way to pay."
    ),
    DeclineClass.OTHER: gettext_lazy(
        "The bank declined this card and gave no reason. The customer can ask the bank, or use another card."
    ),
}

_EXPLAINED: Mapping[ChargeState, object] = {
    ChargeState.CREATED: gettext_lazy("It is being prepared. Nothing has been sent to the processor yet."),
    ChargeState.SENT: gettext_lazy("It is on its way to the processor."),
    ChargeState.SUCCEEDED: gettext_lazy("The card was charged."),
    ChargeState.NOT_PERFORMED: gettext_lazy("The processor did not carry it out. No card was charged."),
    ChargeState.REQUIRES_ACTION: gettext_lazy(
        "The bank wants the customer to confirm this payment. Send the link below; no money moves before."
    ),
    ChargeState.PENDING: gettext_lazy("The processor is working on it and will say what became of it."),
    ChargeState.UNKNOWN: gettext_lazy(
        "The processor gave no answer, so the card may have been charged or not. Duebook asks until it knows."
    ),
}

_NOBODY_SAYS = gettext_lazy(
    "The processor does not say what became of it, and nobody asks any more. Look at the processor’s own page"
    " and settle it by hand."
)
_BEING_CALLED_OFF = gettext_lazy(
    "Less is owed by now than it was to take, so it is being called off at the processor. The customer need"
    " not confirm anything any more."
)
_CALLED_OFF = gettext_lazy(
    "It was called off, since less was owed by then than it was to take. No card was charged."
)
_BLOCKS = gettext_lazy("Until then no other card can be charged for the same invoice.")
_CHANNELS: Mapping[str, object] = {
    Observation.Channels.REPLY.value: gettext_lazy("The processor answered: %(state)s."),
    Observation.Channels.WEBHOOK.value: gettext_lazy("The processor sent word: %(state)s."),
    Observation.Channels.POLL.value: gettext_lazy("The processor was asked: %(state)s."),
    Observation.Channels.PERSON.value: gettext_lazy("A person decided: %(state)s."),
    Observation.Channels.BY_HAND.value: gettext_lazy("It was settled by hand: %(state)s."),
}


def declined_words(decline_kind: str) -> str:
    """Why the card was declined, as far as the customer may hear it."""
    known = DeclineClass(decline_kind) if decline_kind in _KINDS else DeclineClass.OTHER
    return str(_DECLINED[known])


_KINDS = frozenset(kind.value for kind in DeclineClass)


def explained(charge: Charge, *, is_called_off: bool) -> str:
    """What the charge's state means, in one or two sentences. Reads its merchant account.

    ``is_called_off`` where it still waits for its customer although its invoices are settled otherwise.
    """
    state = ChargeState(charge.state)
    if state is ChargeState.DECLINED:
        return f"{declined_words(charge.decline_kind)} {_('Nothing was charged.')}"
    if state is ChargeState.NOT_PERFORMED and charge.called_off_at is not None:
        return str(_CALLED_OFF)
    if may_be_decided(asking_about(charge)):
        words = str(_NOBODY_SAYS)
    else:
        words = str(_BEING_CALLED_OFF if is_called_off else _EXPLAINED[state])
    return f"{words} {_BLOCKS}" if charge.is_open else words


def state_chip(state: str) -> str:
    """The colour of a state's chip."""
    if state == ChargeState.SUCCEEDED.value:
        return "paid"
    return "late" if state in (ChargeState.DECLINED.value, ChargeState.UNKNOWN.value) else "due"


@dataclass(frozen=True, slots=True)
class Said:
    """One line of what the gateway said of a charge, and how many times in a row; then ``at`` is the last."""

    text: str
    detail: str
    at: datetime
    times: int = 1


def said(observations: Iterable[Observation]) -> list[Said]:
    """Everything that the gateway said, the latest first as given; what it only said again stands once."""
    lines: list[Said] = []
    for one in observations:
        line = Said(_said(one), one.problem, one.observed_at)
        if lines and (lines[-1].text, lines[-1].detail) == (line.text, line.detail):
            lines[-1] = replace(lines[-1], times=lines[-1].times + 1)
        else:
            lines.append(line)
    return lines


def _said(one: Observation) -> str:
    if one.dispute_id is not None:
        return _said_of_dispute(one)
    labels = {value: str(label) for value, label in Charge.States.choices}
    is_answer = one.seen != ChargeState.UNKNOWN.value
    state = labels.get(one.seen, one.seen) if is_answer else _("no usable answer")
    return str(_CHANNELS[one.channel]) % {"state": state[:1].lower() + state[1:]}


def _said_of_dispute(one: Observation) -> str:
    labels = {
        DisputeState.OPEN.value: _("the customer's bank disputes it"),
        DisputeState.WON.value: _("the dispute is won"),
        DisputeState.LOST.value: _("the dispute is lost"),
    }
    return str(_CHANNELS[one.channel]) % {"state": labels[one.seen]}
