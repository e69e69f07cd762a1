"""A person who asks for settlements now gets them, or is told why not."""

import pytest

from duebook.domain import errors
from duebook.domain.permissions import Role
from duebook.gateways.models import MerchantAccount
from duebook.gateways.protocol import OutcomeUnknown
from duebook.payments.models import Settlement
from duebook.payments.services.fetch_settlements_now import fetch_settlements_now
from tests.factories import actor
from tests.payments.fake_gateway import FakeGateway, make_merchant_account
from tests.payments.settling import a_charge, line_of

pytestmark = pytest.mark.django_db


def fetch(role: Role = Role.MANAGER) -> int:
    account = MerchantAccount.objects.get()
    return fetch_settlements_now(merchant_account_id=account.pk, actor=actor(role)).new


def test_a_manager_gets_what_is_new(gateway: FakeGateway) -> None:
    gateway.pay_out(line_of(a_charge()))

    assert (fetch(), fetch()) == (1, 0)

    assert Settlement.objects.count() == 1


def test_a_processor_that_does_not_answer_is_told_of(gateway: FakeGateway) -> None:
    make_merchant_account()
    gateway.fail("list_settlements", OutcomeUnknown)

    with pytest.raises(errors.GatewayUnreachable) as refusal:
        fetch()

    assert refusal.value.values["reason"] == "scripted"


def test_a_secret_that_no_key_opens_is_told_of(gateway: FakeGateway) -> None:
    make_merchant_account(sealed_secret="not sealed by us")

    with pytest.raises(errors.SecretUnreadable):
        fetch()


def test_a_clerk_may_not(gateway: FakeGateway) -> None:
    make_merchant_account()

    with pytest.raises(errors.Forbidden):
        fetch(Role.CLERK)
