"""Roles, rights and limits."""

import pytest

from duebook.domain.errors import AboveLimit, Forbidden
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
