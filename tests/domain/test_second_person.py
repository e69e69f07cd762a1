"""What one person asks for and another decides."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, strategies as st

from duebook.domain import errors
from duebook.domain.charging import OPEN_STATES, ChargeState
from duebook.domain.gateway_refunds import OPEN_REFUND_STATES, RefundState
from duebook.domain.second_person import (
    ALONE_AFTER,
    Answer,
    Asking,
    Company,
    Outcome,
    OutcomeInput,
    RequestState,
    check_outcome,
    decide_answer,
    may_be_decided,
)

TODAY = date(2026, 11, 27)
EARLIEST = TODAY - timedelta(days=9)
ENDED = Asking(
    number="C-7",
    state="unknown",
    open_states=OPEN_STATES,
    is_ours=False,
    has_turn=False,
    account_active=True,
)
HAPPENED = OutcomeInput(Outcome.HAPPENED, "Seen in the dashboard", TODAY - timedelta(days=8), "ch_42")
NOTHING = OutcomeInput(Outcome.DID_NOT_HAPPEN, "The dashboard has no such charge")

people = st.integers(1, 3)
answers = st.tuples(st.sampled_from(Answer), people, st.sampled_from(["", " ", "No"]))


@given(asked_by=people, said=st.lists(answers, max_size=8))
def test_whatever_is_said_a_request_ends_once_and_never_by_who_asked(
    asked_by: int, said: list[tuple[Answer, int, str]]
) -> None:
    state, ends = RequestState.WAITING, []

    for answer, person, reason in said:
        try:
            state = decide_answer(state, answer, asked_by=asked_by, decided_by=person, reason=reason)
        except errors.DomainError:
            continue
        ends.append((answer, person))

    assert len(ends) <= 1
    for answer, person in ends:
        assert (answer is Answer.WITHDRAW) == (person == asked_by)
        assert state is not RequestState.WAITING


@pytest.mark.parametrize(
    ("answer", "person", "reason", "refusal"),
    [
        (Answer.APPROVE, 1, "", errors.OwnRequest),
        (Answer.REJECT, 1, "No", errors.OwnRequest),
        (Answer.WITHDRAW, 2, "", errors.NotYourRequest),
        (Answer.REJECT, 2, " ", errors.ReasonRequired),
    ],
)
def test_who_may_not_answer_so_is_refused(
    answer: Answer, person: int, reason: str, refusal: type[errors.DomainError]
) -> None:
    with pytest.raises(refusal):
        decide_answer(RequestState.WAITING, answer, asked_by=1, decided_by=person, reason=reason)


@pytest.mark.parametrize("answer", Answer)
@pytest.mark.parametrize("state", [state for state in RequestState if state is not RequestState.WAITING])
def test_what_is_decided_is_not_decided_again(state: RequestState, answer: Answer) -> None:
    with pytest.raises(errors.RequestDecided):
        decide_answer(state, answer, asked_by=1, decided_by=2, reason="No")


ASKED_AT = datetime(2026, 11, 26, 15, 30, tzinfo=UTC)


def company(others: int = 0, after: timedelta = ALONE_AFTER) -> Company:
    return Company(others=others, asked_at=ASKED_AT, now=ASKED_AT + after)


def test_where_nobody_else_could_who_asked_approves_a_day_later() -> None:
    state = decide_answer(RequestState.WAITING, Answer.APPROVE, asked_by=1, decided_by=1, company=company())

    assert state is RequestState.APPROVED
    with pytest.raises(errors.OwnRequestTooSoon) as refusal:
        decide_answer(
            RequestState.WAITING,
            Answer.APPROVE,
            asked_by=1,
            decided_by=1,
            company=company(after=ALONE_AFTER - timedelta(seconds=1)),
        )
    assert refusal.value.values == {"moment": datetime(2026, 11, 27, 15, 30, tzinfo=UTC)}


@pytest.mark.parametrize("answer", [Answer.APPROVE, Answer.REJECT])
@pytest.mark.parametrize("others", [0, 1, 7])
def test_as_soon_as_there_is_another_one_that_one_is_needed(answer: Answer, others: int) -> None:
    if others or answer is Answer.REJECT:
        with pytest.raises(errors.OwnRequest):
            decide_answer(
                RequestState.WAITING,
                answer,
                asked_by=1,
                decided_by=1,
                reason="No",
                company=company(others, timedelta(days=9)),
            )
    assert decide_answer(
        RequestState.WAITING, answer, asked_by=1, decided_by=2, reason="No", company=company(others)
    ) in (RequestState.APPROVED, RequestState.REJECTED)


@given(
    others=st.integers(0, 3),
    hours=st.integers(0, 60),
    said=st.sampled_from(Answer),
    by=people,
)
def test_whoever_asked_approves_only_alone_and_late(others: int, hours: int, said: Answer, by: int) -> None:
    around = company(others, timedelta(hours=hours))

    try:
        state = decide_answer(
            RequestState.WAITING, said, asked_by=1, decided_by=by, reason="No", company=around
        )
    except errors.DomainError:
        return

    if state is RequestState.APPROVED and by == 1:
        assert others == 0
        assert hours >= 24


@pytest.mark.parametrize("wanted", [HAPPENED, NOTHING])
def test_a_person_decides_when_nobody_asks_any_more_or_the_account_is_gone(wanted: OutcomeInput) -> None:
    check_outcome(wanted, ENDED, earliest=EARLIEST, on=TODAY)
    check_outcome(wanted, replace(ENDED, has_turn=True, account_active=False), earliest=EARLIEST, on=TODAY)
    with pytest.raises(errors.StillAsked):
        check_outcome(wanted, replace(ENDED, has_turn=True), earliest=EARLIEST, on=TODAY)


@pytest.mark.parametrize("state", [*ChargeState, *RefundState])
def test_only_what_is_sent_and_open_may_be_decided(state: str) -> None:
    open_states = OPEN_STATES if isinstance(state, ChargeState) else OPEN_REFUND_STATES
    asking = replace(ENDED, state=state, open_states=open_states)

    assert may_be_decided(asking) == (state in open_states)
    assert not may_be_decided(replace(asking, is_ours=True))


@pytest.mark.parametrize(
    ("wanted", "refusal"),
    [
        (replace(HAPPENED, reason=" "), errors.ReasonRequired),
        (replace(NOTHING, reason=""), errors.ReasonRequired),
        (replace(HAPPENED, reference=" "), errors.ProcessorReferenceRequired),
        (replace(HAPPENED, happened_on=None), errors.HappenedOutOfRange),
        (replace(HAPPENED, happened_on=TODAY + timedelta(days=1)), errors.HappenedOutOfRange),
        (replace(HAPPENED, happened_on=TODAY - timedelta(days=10)), errors.HappenedOutOfRange),
    ],
)
def test_it_says_what_was_seen_and_why(wanted: OutcomeInput, refusal: type[errors.DomainError]) -> None:
    with pytest.raises(refusal):
        check_outcome(wanted, ENDED, earliest=EARLIEST, on=TODAY)
