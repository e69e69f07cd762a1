"""Adding a merchant account."""

import json
import logging
from dataclasses import replace
from typing import Any

import pytest

from duebook.domain import errors
from duebook.domain.permissions import Role
from duebook.events.models import Event
from duebook.gateways.account_details import MerchantAccountDetails
from duebook.gateways.accounts import credentials_of
from duebook.gateways.models import MerchantAccount
from duebook.gateways.protocol import (
    Busy,
    GatewayError,
    Misconfigured,
    NothingHappened,
    OutcomeUnknown,
    SeenAccount,
)
from duebook.gateways.services.add_merchant_account import add_merchant_account
from duebook.ledger.models import Account
from tests.factories import actor, key
from tests.gateways.fake_processor import SECRET, SIGNING_SECRET, FakeProcessor, register

pytestmark = pytest.mark.django_db

OLGA = actor(Role.OWNER)
SANDBOX, STRIPE = MerchantAccount.Adapters.SANDBOX, MerchantAccount.Adapters.STRIPE


@pytest.fixture
def processor(monkeypatch: pytest.MonkeyPatch) -> FakeProcessor:
    return register(monkeypatch)


def add(
    name: str = "Shop",
    *,
    adapter: MerchantAccount.Adapters = STRIPE,
    by: Any = OLGA,
    request_key: str = "",
    **fields: Any,
) -> MerchantAccount:
    secret = SECRET if name.strip() == "Shop" else f"{SECRET}__{name}"
    details = MerchantAccountDetails(**{"name": name, "secret": secret, **fields})
    return add_merchant_account(details=details, adapter=adapter, request_key=request_key or key(), actor=by)


def test_an_account_is_added_with_what_its_processor_says_of_it(processor: FakeProcessor) -> None:
    processor.account = SeenAccount("acct_1", "The Shop", live=True, currencies=frozenset({"USD", "EUR"}))

    added = add(" Shop ", public_key="pk_live_1", webhook_secrets=(SIGNING_SECRET, " "))

    account = MerchantAccount.objects.select_related("clearing_account").get(pk=added.pk)
    assert (account.name, account.adapter, account.public_key) == ("Shop", "stripe", "pk_live_1")
    assert (account.live, account.gateway_account_id, account.currencies) == (True, "acct_1", ["EUR", "USD"])
    assert (account.active, account.is_default) == (True, True)
    assert account.checked_at is not None
    assert str(account.clearing_account) == "1021 Card clearing Shop"
    assert credentials_of(account).webhook_secrets == (SIGNING_SECRET,)
    assert [one.secret for one in processor.checked] == [SECRET]


def test_an_account_in_test_mode_says_so_wherever_it_is_named(processor: FakeProcessor) -> None:
    account = add()

    assert str(account) == "Shop (test)"
    assert account.clearing_account.name == "Card clearing Shop (test)"


def test_only_the_first_active_account_becomes_the_default(processor: FakeProcessor) -> None:
    idle, shop, web = add("Idle", active=False), add("Shop"), add("Web")

    assert [one.is_default for one in (idle, shop, web)] == [False, True, False]
    codes = Account.objects.filter(merchant_accounts__isnull=False).values_list("code", flat=True)
    assert list(codes) == ["1021", "1022", "1023"]


def test_secrets_are_sealed_and_neither_logged_nor_told(
    processor: FakeProcessor, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)

    account = add(webhook_secrets=(SIGNING_SECRET,))

    event = Event.objects.get(name="merchant_account.added")
    row = MerchantAccount.objects.filter(pk=account.pk).values().get()
    details = MerchantAccountDetails(name="Shop", secret=SECRET, webhook_secrets=(SIGNING_SECRET,))
    places = [json.dumps(event.payload), str(row), caplog.text, repr(details), repr(credentials_of(account))]
    for secret in (SECRET, SIGNING_SECRET):
        assert not [place for place in places if secret in place]
    assert event.payload == {
        "merchant_account_id": account.pk,
        "number": "Shop",
        "adapter": "stripe",
        "live": False,
        "is_default": True,
        "clearing_account_id": account.clearing_account_id,
    }


def test_the_same_request_sent_twice_adds_one_account_and_asks_once(processor: FakeProcessor) -> None:
    first, second = add(request_key="one"), add(request_key="one")

    assert first == second
    assert MerchantAccount.objects.count() == len(processor.checked) == 1
    with pytest.raises(errors.KeyReused):
        add("Web", request_key="one")


@pytest.mark.parametrize(
    ("failure", "refusal", "field"),
    [
        (Misconfigured("Invalid API key."), errors.SecretRefused, "secret"),
        (NothingHappened("The card processor could not be reached."), errors.ProcessorNotReached, ""),
        (Busy("Too many requests."), errors.ProcessorNotReached, ""),
        (OutcomeUnknown("No answer came."), errors.ProcessorNotReached, ""),
    ],
)
def test_an_account_that_cannot_be_reached_is_not_added(
    processor: FakeProcessor, failure: GatewayError, refusal: type[errors.DomainError], field: str
) -> None:
    processor.failure = failure

    with pytest.raises(refusal) as refused:
        add()

    assert failure.reason in str(refused.value)
    assert refused.value.field == field
    nothing_is_written()


@pytest.mark.parametrize(
    ("typed", "refusal", "field"),
    [
        ({"name": " "}, errors.NameRequired, "name"),
        ({"secret": " "}, errors.SecretRequired, "secret"),
        ({"secret": "sk test"}, errors.SecretMalformed, "secret"),
        ({"secret": "sk_tëst"}, errors.SecretMalformed, "secret"),
        ({"public_key": "pk\ntest"}, errors.SecretMalformed, "public_key"),
        ({"webhook_secrets": ("wh sec",)}, errors.SecretMalformed, "webhook_secret"),
        ({"webhook_secrets": tuple("abcd")}, errors.TooManySigningSecrets, "webhook_secret"),
        ({"base_url": "http://127.0.0.1:8100"}, errors.AddressOnlyForSandbox, "base_url"),
        ({"adapter": SANDBOX, "base_url": "127.0.0.1:8100"}, errors.AddressMalformed, "base_url"),
        ({"adapter": SANDBOX, "base_url": "http://"}, errors.AddressMalformed, "base_url"),
        ({"adapter": SANDBOX, "base_url": "http://[x"}, errors.AddressMalformed, "base_url"),
        ({"by": actor(Role.MANAGER)}, errors.Forbidden, ""),
    ],
)
def test_what_cannot_be_right_is_refused_before_the_processor_is_asked(
    processor: FakeProcessor, typed: dict[str, Any], refusal: type[errors.DomainError], field: str
) -> None:
    with pytest.raises(refusal) as refused:
        add(**typed)

    assert refused.value.field == field
    assert processor.checked == []
    nothing_is_written()


def test_a_name_is_taken_once_whatever_its_case(processor: FakeProcessor) -> None:
    add("Shop")

    with pytest.raises(errors.NameTaken):
        add("SHOP")

    assert MerchantAccount.objects.count() == 1


def nothing_is_written() -> None:
    assert not MerchantAccount.objects.exists()
    assert not Account.objects.filter(code="1021").exists()
    assert not Event.objects.exists()


def test_one_account_at_the_processor_is_not_added_twice(processor: FakeProcessor) -> None:
    add("Shop")

    with pytest.raises(errors.ProcessorAccountAdded) as refused:
        add("Again", secret=SECRET, active=False)
    processor.account = replace(processor.account, live=True)
    live = add("Live", secret=SECRET)
    processor.account = replace(processor.account, id="")
    add("Not told", secret=SECRET)

    assert refused.value.values == {"name": "Shop"}
    assert live.gateway_account_id == "acct_shop"
    assert list(MerchantAccount.objects.order_by("pk").values_list("name", flat=True)) == [
        "Shop",
        "Live",
        "Not told",
    ]
