"""Testing the connection of a merchant account."""

from typing import Any

import pytest
from django.test import override_settings

from duebook.domain import errors
from duebook.domain.permissions import Role
from duebook.events.models import Event
from duebook.gateways.models import MerchantAccount
from duebook.gateways.protocol import GatewayError, Misconfigured, OutcomeUnknown, SeenAccount
from duebook.gateways.services.check_merchant_account import check_merchant_account
from tests.factories import actor, key
from tests.gateways.fake_processor import FakeProcessor, make_merchant_account, register

pytestmark = pytest.mark.django_db

OLGA = actor(Role.OWNER)


@pytest.fixture
def processor(monkeypatch: pytest.MonkeyPatch) -> FakeProcessor:
    return register(monkeypatch)


def check(account: MerchantAccount, *, by: Any = OLGA, request_key: str = "") -> MerchantAccount:
    check_merchant_account(merchant_account_id=account.pk, request_key=request_key or key(), actor=by)
    return MerchantAccount.objects.get(pk=account.pk)


def test_a_test_keeps_what_the_processor_says_now(processor: FakeProcessor) -> None:
    account = make_merchant_account()
    processor.account = SeenAccount("acct_shop", "Shop", live=False, currencies=frozenset({"CHF"}))

    checked = check(account)

    assert (checked.currencies, checked.live) == (["CHF"], False)
    assert checked.checked_at > account.checked_at
    assert Event.objects.get(name="merchant_account.checked").payload == {
        "merchant_account_id": account.pk,
        "number": "Shop",
        "live": False,
        "gateway_account_id": "acct_shop",
        "currencies": ["CHF"],
    }


@pytest.mark.parametrize(
    ("failure", "refusal"),
    [
        (Misconfigured("Invalid API key."), errors.SecretRefused),
        (OutcomeUnknown("No answer came."), errors.ProcessorNotReached),
    ],
)
def test_a_test_that_fails_says_why_and_leaves_no_trace(
    processor: FakeProcessor, failure: GatewayError, refusal: type[errors.DomainError]
) -> None:
    account = make_merchant_account()
    processor.failure = failure

    with pytest.raises(refusal, match=failure.reason):
        check(account)

    untouched(account)


def test_an_account_never_becomes_another_one(processor: FakeProcessor) -> None:
    account = make_merchant_account()
    processor.account = SeenAccount("acct_other", "Other", live=False)

    with pytest.raises(errors.OtherProcessorAccount):
        check(account)

    untouched(account)


def test_a_seal_that_no_key_opens_asks_for_the_secret_again(processor: FakeProcessor) -> None:
    account = make_merchant_account()

    with (
        override_settings(SECRET_KEY="another key for this server, which opens nothing sealed before"),
        pytest.raises(errors.SecretUnreadable),
    ):
        check(account)

    untouched(account)


def test_the_same_request_sent_twice_asks_once(processor: FakeProcessor) -> None:
    account = make_merchant_account()
    processor.checked.clear()

    check(account, request_key="one")
    check(account, request_key="one")

    assert len(processor.checked) == 1
    assert Event.objects.filter(name="merchant_account.checked").count() == 1


def test_only_who_may_change_settings_tests_and_only_what_exists(processor: FakeProcessor) -> None:
    account = make_merchant_account()

    with pytest.raises(errors.Forbidden):
        check(account, by=actor(Role.MANAGER))
    with pytest.raises(errors.NotFound):
        check_merchant_account(merchant_account_id=account.pk + 1, request_key=key(), actor=OLGA)

    untouched(account)


def untouched(account: MerchantAccount) -> None:
    assert MerchantAccount.objects.get(pk=account.pk).checked_at == account.checked_at
    assert not Event.objects.filter(name="merchant_account.checked").exists()
