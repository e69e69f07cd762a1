"""What one person asks for and another decides: a refund above a limit, an outcome at a gateway, a payout.

Invariants: whoever asked approves only an outcome or a payout, a day later, while nobody else could; what is
decided is never decided again; while the gateway may still say what became of money, no person does.
"""

from collections.abc import Set
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from duebook.domain.card_numbers import refuse_card_numbers
from duebook.domain.errors import (
    HappenedOutOfRange,
    NotYourRequest,
    OwnRequest,
    OwnRequestTooSoon,
    ProcessorReferenceRequired,
    ReasonRequired,
    RequestDecided,
    StillAsked,
)


class RequestState(StrEnum):
    WAITING = "waiting"
    APPROVED = "approved"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"


class Answer(StrEnum):
    """What a person says of a request."""

    APPROVE = "approve"
    REJECT = "reject"
    WITHDRAW = "withdraw"


_AFTER = {
    Answer.APPROVE: RequestState.APPROVED,
    Answer.REJECT: RequestState.REJECTED,
    Answer.WITHDRAW: RequestState.WITHDRAWN,
}


ALONE_AFTER = timedelta(hours=24)
"""So long who proposed an outcome or built a payout sleeps on it, before approving it for want of another."""


@dataclass(frozen=True, slots=True)
class Company:
    """Who else could decide a request now: so many active users with the right, besides who asked."""

    others: int
    asked_at: datetime
    now: datetime

    @property
    def alone_from(self) -> datetime:
        """From when who asked may approve it, while there is nobody else."""
        return self.asked_at + ALONE_AFTER

    @property
    def may_approve_own(self) -> bool:
        return not self.others and self.now >= self.alone_from


def decide_answer(
    state: RequestState,
    answer: Answer,
    *,
    asked_by: int,
    decided_by: int,
    reason: str = "",
    company: Company | None = None,
) -> RequestState:
    """The state that the answer brings a request to: only who asked withdraws, only another one decides.

    Where ``company`` says that there is no other one, who asked approves a day later; without it never.
    Raises RequestDecided, OwnRequest, OwnRequestTooSoon, NotYourRequest, ReasonRequired,
    CardNumberTyped.
    """
    if state is not RequestState.WAITING:
        raise RequestDecided(state=state.value)
    is_own = asked_by == decided_by
    if answer is Answer.WITHDRAW and not is_own:
        raise NotYourRequest
    if answer is not Answer.WITHDRAW and is_own:
        if answer is Answer.REJECT or company is None or company.others:
            raise OwnRequest
        if not company.may_approve_own:
            raise OwnRequestTooSoon(moment=company.alone_from)
    if answer is Answer.REJECT and not reason.strip():
        raise ReasonRequired
    refuse_card_numbers(reason=reason)
    return _AFTER[answer]


class Outcome(StrEnum):
    """What a person saw at the card processor."""

    HAPPENED = "happened"
    DID_NOT_HAPPEN = "did_not_happen"


@dataclass(frozen=True, slots=True)
class OutcomeInput:
    """What became of a charge or refund, as a person saw it on the processor's own pages."""

    outcome: Outcome
    reason: str
    happened_on: date | None = None
    reference: str = ""


@dataclass(frozen=True, slots=True)
class Asking:
    """How far asking the gateway about a charge or refund has come; ``is_ours`` before anything was sent."""

    number: str
    state: str
    open_states: Set[str]
    is_ours: bool
    has_turn: bool
    account_active: bool


def may_be_decided(asking: Asking) -> bool:
    """Whether a person decides: no outcome, and nobody asks any more or the account is not in use."""
    waits = asking.state in asking.open_states and not asking.is_ours
    return waits and (not asking.has_turn or not asking.account_active)


def check_outcome(wanted: OutcomeInput, asking: Asking, *, earliest: date, on: date) -> None:
    """Refuse an outcome that no person may propose now, or that lacks what was seen.

    It happened between ``earliest``, when it was prepared, and ``on``.
    Raises StillAsked, ReasonRequired, CardNumberTyped, ProcessorReferenceRequired, HappenedOutOfRange.
    """
    if not may_be_decided(asking):
        raise StillAsked(number=asking.number)
    if not wanted.reason.strip():
        raise ReasonRequired
    refuse_card_numbers(reference=wanted.reference, reason=wanted.reason)
    if wanted.outcome is Outcome.DID_NOT_HAPPEN:
        return
    if not wanted.reference.strip():
        raise ProcessorReferenceRequired
    if wanted.happened_on is None or not earliest <= wanted.happened_on <= on:
        raise HappenedOutOfRange(earliest=earliest, latest=on)
