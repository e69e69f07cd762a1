"""Owners alone change settings, users and limits; each change is one event, and an owner always remains."""

from typing import Any

import pytest

from duebook.domain import errors
from duebook.domain.permissions import Right, Role, Source
from duebook.events.models import Event
from duebook.staff.models import Business, RoleLimit, User
from duebook.staff.queries import actor_for
from duebook.staff.services.add_user import add_user
from duebook.staff.services.change_business import BusinessDetails, change_business
from duebook.staff.services.change_logo import MOST_BYTES, change_logo
from duebook.staff.services.change_user import change_user
from duebook.staff.services.set_password import set_password
from duebook.staff.services.set_role_limits import set_role_limits
from tests.factories import PASSWORD, actor, key, make_user, usd

pytestmark = pytest.mark.django_db

OWNER = actor(Role.OWNER)
PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 20


def business_details(**fields: Any) -> BusinessDetails:
    given = {
        "name": "Keller Studio",
        "address": "Torstr. 12",
        "email": "",
        "currency": "EUR",
        "time_zone": "Europe/Berlin",
        "locale": "de_DE",
        "terms_days": 14,
        "email_receipts": False,
    }
    return BusinessDetails(**{**given, **fields})


def test_the_business_is_changed_and_the_event_holds_what_it_was() -> None:
    change_business(details=business_details(), request_key="k", actor=OWNER)
    change_business(details=business_details(), request_key="k", actor=OWNER)

    business = Business.objects.get()
    assert (business.name, business.currency, business.terms_days) == ("Keller Studio", "EUR", 14)
    payload = Event.objects.get(name="business.changed").payload
    assert payload["before"]["currency"] == "USD"
    assert payload["after"]["currency"] == "EUR"


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"name": " "}, errors.NameRequired),
        ({"currency": "XYZ"}, errors.UnknownCurrency),
        ({"time_zone": "Mars/Olympus"}, errors.UnknownTimeZone),
        ({"locale": "xx_YY"}, errors.UnknownLocale),
        ({"partner_link": "https://shop.example/"}, errors.LinkWithoutCode),
        ({"partner_link": "javascript:{code}"}, errors.LinkWithoutCode),
    ],
)
def test_settings_that_make_no_sense_are_refused(fields: dict[str, Any], error: type[Exception]) -> None:
    with pytest.raises(error):
        change_business(details=business_details(**fields), request_key=key(), actor=OWNER)

    assert Business.objects.get().currency == "USD"
    assert not Event.objects.exists()


def test_a_manager_may_change_no_settings() -> None:
    mia = actor(Role.MANAGER)

    with pytest.raises(errors.Forbidden):
        change_business(details=business_details(), request_key=key(), actor=mia)
    with pytest.raises(errors.Forbidden):
        change_logo(logo=PNG, request_key=key(), actor=mia)
    with pytest.raises(errors.Forbidden):
        set_role_limits(limits={}, currency="USD", request_key=key(), actor=mia)
    with pytest.raises(errors.Forbidden):
        add_user(email="x@example.com", name="X", role=Role.OWNER, password="x", request_key=key(), actor=mia)

    assert not Event.objects.exists()
    assert not User.objects.exists()


def test_a_logo_is_kept_with_its_type_and_removed_again() -> None:
    change_logo(logo=PNG, request_key=key(), actor=OWNER)
    assert Business.objects.get().logo_type == "image/png"

    change_logo(logo=None, request_key=key(), actor=OWNER)
    business = Business.objects.get()
    assert (business.logo, business.logo_type) == (None, "")


@pytest.mark.parametrize("logo", [b"<svg onload='alert(1)'/>", PNG + b"0" * MOST_BYTES])
def test_a_picture_with_scripts_or_too_large_is_no_logo(logo: bytes) -> None:
    with pytest.raises(errors.LogoNotUsable):
        change_logo(logo=logo, request_key=key(), actor=OWNER)

    assert Business.objects.get().logo is None


def test_a_user_is_added_once_and_the_event_does_not_know_the_password() -> None:
    for _ in range(2):
        user = add_user(
            email="Carl@Example.com",
            name="Carl",
            role=Role.CLERK,
            password=PASSWORD,
            request_key="k",
            actor=OWNER,
        )

    assert User.objects.get() == user
    assert (user.email, user.role, user.check_password(PASSWORD)) == ("carl@example.com", "clerk", True)
    assert PASSWORD not in str(Event.objects.get().payload)


def test_an_address_belongs_to_one_user_whatever_its_case() -> None:
    make_user(role=Role.CLERK)

    with pytest.raises(errors.EmailTaken):
        add_user(
            email="CARL@example.com", name="C", role=Role.CLERK, password="x", request_key=key(), actor=OWNER
        )

    assert User.objects.count() == 1


def change(user: User, *, by: User | None = None, **fields: Any) -> User:
    who = actor_for(by, source=Source.WEB) if by else OWNER
    given = {"name": user.name, "role": Role(user.role), "active": True, "request_key": key(), "actor": who}
    return change_user(user_id=user.pk, **{**given, **fields})


def test_a_user_changes_role_and_is_deactivated() -> None:
    make_user(role=Role.OWNER)
    carl = make_user(role=Role.CLERK)

    change(carl, role=Role.MANAGER)
    change(carl, role=Role.MANAGER, active=False)

    carl.refresh_from_db()
    assert (carl.role, carl.is_active) == ("manager", False)
    assert Event.objects.filter(name="user.changed").count() == 2


def test_the_last_active_owner_stays_owner_and_active() -> None:
    olga = make_user(role=Role.OWNER)
    make_user(role=Role.OWNER, email="former@example.com", is_active=False)

    with pytest.raises(errors.LastOwner):
        change(olga, role=Role.CLERK)
    with pytest.raises(errors.LastOwner):
        change(olga, active=False)

    olga.refresh_from_db()
    assert (olga.role, olga.is_active) == ("owner", True)


def test_nobody_deactivates_themselves() -> None:
    olga = make_user(role=Role.OWNER)
    make_user(role=Role.OWNER, email="other@example.com")

    with pytest.raises(errors.NotYourself):
        change(olga, by=olga, active=False)


def test_a_new_password_is_set_and_stays_out_of_the_event() -> None:
    carl = make_user(role=Role.CLERK)

    set_password(user_id=carl.pk, password="another long one", request_key=key(), actor=OWNER)

    carl.refresh_from_db()
    assert carl.check_password("another long one")
    assert "another" not in str(Event.objects.get().payload)


def test_limits_replace_those_before_in_their_currency_only() -> None:
    RoleLimit.objects.create(role="clerk", right=Right.RECORD_PAYMENTS, currency="EUR", amount_minor=1)
    RoleLimit.objects.create(role="manager", right=Right.ADJUST, currency="USD", amount_minor=5)

    set_role_limits(
        limits={(Role.CLERK, Right.RECORD_PAYMENTS): usd("500.00")},
        currency="USD",
        request_key=key(),
        actor=OWNER,
    )

    assert sorted(RoleLimit.objects.values_list("role", "currency", "amount_minor")) == [
        ("clerk", "EUR", 1),
        ("clerk", "USD", 50000),
    ]
    assert Event.objects.get().payload["before"] == {"manager: record adjustments and write-offs": 5}
    carl = make_user(role=Role.CLERK)
    with pytest.raises(errors.AboveLimit):
        actor_for(carl, source=Source.WEB).require_within(Right.RECORD_PAYMENTS, usd("500.01"))


def test_a_limit_of_a_day_stands_beside_that_of_a_single_act_or_alone() -> None:
    set_role_limits(
        limits={(Role.CLERK, Right.CHARGE_CARDS): usd("500.00")},
        day_limits={
            (Role.CLERK, Right.CHARGE_CARDS): usd("900.00"),
            (Role.MANAGER, Right.REFUND): usd("50.00"),
        },
        currency="USD",
        request_key=key(),
        actor=OWNER,
    )

    clerk = actor_for(make_user(role=Role.CLERK), source=Source.WEB)
    manager = actor_for(make_user(role=Role.MANAGER), source=Source.WEB)
    assert (clerk.limits, clerk.day_limits) == (
        {(Right.CHARGE_CARDS, "USD"): 50000},
        {(Right.CHARGE_CARDS, "USD"): 90000},
    )
    assert (manager.limits, manager.day_limits) == ({}, {(Right.REFUND, "USD"): 5000})
    payload = Event.objects.get().payload
    assert payload["a_day_after"] == {"clerk: charge cards": 90000, "manager: refund payments": 5000}


@pytest.mark.parametrize(
    "wanted",
    [{(Role.CLERK, Right.RECORD_PAYMENTS): usd("1.00")}, {(Role.CLERK, Right.CHARGE_CARDS): usd("-1.00")}],
)
def test_only_charges_and_refunds_have_a_limit_of_a_day_and_none_below_zero(wanted: Any) -> None:
    with pytest.raises(errors.AmountNotPositive):
        set_role_limits(limits={}, day_limits=wanted, currency="USD", request_key=key(), actor=OWNER)

    assert not RoleLimit.objects.exists()
    assert not Event.objects.exists()
