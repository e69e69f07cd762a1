"""Roles, rights and limits."""

import pytest
from hypothesis import given, strategies as st

from duebook.domain.errors import AboveDayLimit, AboveLimit, Forbidden
from duebook.domain.money import Money
from duebook.domain.permissions import RIGHTS_OF, Actor, Right, Role, Source


def an_actor(role: Role, limit: int | None = None) -> Actor:
    limits = {} if limit is None else {(Right.RECORD_PAYMENTS, "USD"): limit}
    return Actor(user_id=1, rights=RIGHTS_OF[role], source=Source.WEB, limits=limits)


def test_every_role_has_its_rights_and_an_owner_has_all() -> None:
    assert set(RIGHTS_OF) == set(Role)
    assert RIGHTS_OF[Role.OWNER] == frozenset(Right)
    assert RIGHTS_OF[Role.VIEWER] == {Right.VIEW}
    assert RIGHTS_OF[Role.CLERK] < RIGHTS_OF[Role.MANAGER]


def test_a_clerk_records_but_neither_adjusts_nor_undoes_others() -> None:
    clerk = an_actor(Role.CLERK)

    clerk.require(Right.RECORD_PAYMENTS)
    for right in (
        Right.ADJUST,
        Right.UNDO_ANY,
        Right.RETURN_PAYMENTS,
        Right.REFUND,
        Right.EDIT_ORDERS,
        Right.VOID,
    ):
        with pytest.raises(Forbidden):
            clerk.require(right)


def test_a_limit_holds_up_to_its_amount() -> None:
    clerk = an_actor(Role.CLERK, limit=10000)

    clerk.require_within(Right.RECORD_PAYMENTS, Money(10000, "USD"))
    with pytest.raises(AboveLimit):
        clerk.require_within(Right.RECORD_PAYMENTS, Money(10001, "USD"))


def test_a_limit_in_one_currency_says_nothing_of_another() -> None:
    an_actor(Role.CLERK, limit=1).require_within(Right.RECORD_PAYMENTS, Money(500, "EUR"))


@given(limit=st.integers(0, 1000), amounts=st.lists(st.integers(1, 400), max_size=12))
def test_what_a_days_limit_lets_through_never_adds_up_to_more(limit: int, amounts: list[int]) -> None:
    day_limits = {(Right.REFUND, "USD"): limit}
    manager = Actor(1, RIGHTS_OF[Role.MANAGER], Source.WEB, day_limits=day_limits)
    used = 0

    for minor in amounts:
        if used + minor > limit:
            with pytest.raises(AboveDayLimit) as refusal:
                manager.require_within_day(Right.REFUND, Money(minor, "USD"), used_minor=used)
            assert refusal.value.values["left"].minor == limit - used
        else:
            manager.require_within_day(Right.REFUND, Money(minor, "USD"), used_minor=used)
            used += minor

    assert used <= limit


def test_a_days_limit_says_nothing_of_another_right_or_currency() -> None:
    day_limits = {(Right.REFUND, "USD"): 1}
    manager = Actor(1, RIGHTS_OF[Role.MANAGER], Source.WEB, day_limits=day_limits)

    manager.require_within_day(Right.REFUND, Money(500, "EUR"), used_minor=500)
    manager.require_within_day(Right.CHARGE_CARDS, Money(500, "USD"), used_minor=500)
