"""Editing a merchant account: new secrets, out of use and into use."""

import json
from typing import Any

import pytest
from django.test import override_settings

from duebook.domain import errors
from duebook.domain.permissions import Role
from duebook.events.models import Event
from duebook.gateways.account_details import MerchantAccountDetails
from duebook.gateways.accounts import credentials_of
from duebook.gateways.models import MerchantAccount
from duebook.gateways.protocol import Misconfigured, SeenAccount
from duebook.gateways.services.edit_merchant_account import edit_merchant_account
from duebook.ledger.models import Account
from tests.factories import actor, key
from tests.gateways.fake_processor import (
    SECRET,
    SIGNING_SECRET,
    FakeProcessor,
    make_merchant_account,
    register,
)

pytestmark = pytest.mark.django_db

OLGA = actor(Role.OWNER)
NEW_SECRET = "sk_test_another_one"


@pytest.fixture
def processor(monkeypatch: pytest.MonkeyPatch) -> FakeProcessor:
    return register(monkeypatch)


def edit(
    account: MerchantAccount,
    *,
    by: Any = OLGA,
    request_key: str = "",
    next_default: MerchantAccount | None = None,
    **fields: Any,
) -> MerchantAccount:
    given = {"name": account.name, "public_key": account.public_key, "base_url": account.base_url}
    edit_merchant_account(
        merchant_account_id=account.pk,
        details=MerchantAccountDetails(**{**given, **fields}),
        next_default_id=next_default.pk if next_default else None,
        request_key=request_key or key(),
        actor=by,
    )
    return MerchantAccount.objects.get(pk=account.pk)


def defaults() -> list[str]:
    return list(MerchantAccount.objects.filter(is_default=True).values_list("name", flat=True))


def test_a_name_is_changed_in_the_books_too_and_secrets_stay(processor: FakeProcessor) -> None:
    account = make_merchant_account()
    processor.checked.clear()

    edited = edit(account, name="Web", public_key="pk_1")

    assert (str(edited), edited.public_key) == ("Web (test)", "pk_1")
    assert str(Account.objects.get(pk=edited.clearing_account_id)) == "1021 Card clearing Web (test)"
    assert credentials_of(edited).secret == SECRET
    assert credentials_of(edited).webhook_secrets == (SIGNING_SECRET,)
    assert processor.checked == []


def test_the_event_says_what_changed_but_no_secret(processor: FakeProcessor) -> None:
    account = make_merchant_account()

    edit(account, name="Web", secret=NEW_SECRET, webhook_secrets=("whsec_new",))

    payload = Event.objects.get(name="merchant_account.edited").payload
    assert payload == {
        "merchant_account_id": account.pk,
        "number": "Web",
        "before": {"name": "Shop"},
        "after": {"name": "Web"},
        "secret_replaced": True,
        "signing_secrets": 2,
        "next_default_id": None,
    }
    assert NEW_SECRET not in json.dumps(payload)


def test_a_new_secret_is_tested_and_takes_the_place_of_the_old_one(processor: FakeProcessor) -> None:
    account = make_merchant_account()

    edited = edit(account, secret=NEW_SECRET)

    assert credentials_of(edited).secret == NEW_SECRET
    assert [one.secret for one in processor.checked] == [SECRET, NEW_SECRET]
    assert edited.checked_at > account.checked_at


@pytest.mark.parametrize(
    "seen",
    [SeenAccount("acct_other", "Other", live=False), SeenAccount("acct_shop", "Shop", live=True)],
    ids=["another account", "the other mode"],
)
def test_a_secret_of_another_account_or_mode_is_refused(processor: FakeProcessor, seen: SeenAccount) -> None:
    account = make_merchant_account()
    processor.account = seen

    with pytest.raises(errors.OtherProcessorAccount):
        edit(account, secret=NEW_SECRET, name="Web")

    unchanged(account)


def test_a_key_that_may_not_know_its_account_keeps_what_is_known(processor: FakeProcessor) -> None:
    account = make_merchant_account()
    processor.account = SeenAccount("", "", live=False)

    assert edit(account, secret=NEW_SECRET).gateway_account_id == "acct_shop"


def test_a_secret_that_is_refused_changes_nothing(processor: FakeProcessor) -> None:
    account = make_merchant_account()
    processor.failure = Misconfigured("Invalid API key.")

    with pytest.raises(errors.SecretRefused):
        edit(account, secret=NEW_SECRET, name="Web")
    with pytest.raises(errors.SecretRefused):
        edit(account, base_url="http://127.0.0.1:9999")

    unchanged(account)


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ({"webhook_secrets": ("new",)}, (SIGNING_SECRET, "new")),
        ({"webhook_secrets": ("new", "new", SIGNING_SECRET)}, (SIGNING_SECRET, "new")),
        ({"webhook_secrets": ("new",), "forget_older_webhook_secrets": True}, ("new",)),
        ({"forget_older_webhook_secrets": True}, ()),
    ],
)
def test_signing_secrets_are_added_or_take_the_place_of_the_older_ones(
    processor: FakeProcessor, typed: dict[str, Any], kept: tuple[str, ...]
) -> None:
    edited = edit(make_merchant_account(), **typed)

    assert credentials_of(edited).webhook_secrets == kept


def test_signing_secrets_do_not_pile_up(processor: FakeProcessor) -> None:
    account = make_merchant_account()

    with pytest.raises(errors.TooManySigningSecrets):
        edit(account, webhook_secrets=("one", "two", "three"), name="Web")

    unchanged(account)


def test_a_new_secret_mends_an_account_whose_seal_no_key_opens(processor: FakeProcessor) -> None:
    account = make_merchant_account(webhook_secrets=(SIGNING_SECRET,))

    with override_settings(SECRET_KEY="another key for this server, which opens nothing sealed before"):
        with pytest.raises(errors.SecretUnreadable):
            edit(account, base_url="http://127.0.0.1:9999")
        edited = edit(account, secret=NEW_SECRET)

        assert credentials_of(edited).secret == NEW_SECRET
        assert credentials_of(edited).webhook_secrets == ()


def test_the_default_passes_to_the_chosen_account_when_it_goes_out_of_use(processor: FakeProcessor) -> None:
    shop, web = make_merchant_account("Shop"), make_merchant_account("Web")
    make_merchant_account("Fair")

    edited = edit(shop, active=False, next_default=web)

    assert not edited.active
    assert defaults() == ["Web"]


def test_a_default_that_goes_out_of_use_may_leave_none(processor: FakeProcessor) -> None:
    shop, web = make_merchant_account("Shop"), make_merchant_account("Web")

    edit(shop, active=False)
    edit(web, name="Web shop")

    assert defaults() == []


def test_only_another_active_account_follows_the_default(processor: FakeProcessor) -> None:
    shop, idle = make_merchant_account("Shop"), make_merchant_account("Idle", active=False)

    for wrong in (idle, shop):
        with pytest.raises(errors.DefaultNotFitting):
            edit(shop, active=False, next_default=wrong)

    unchanged(shop)
    assert defaults() == ["Shop"]


def test_the_first_account_put_into_use_becomes_the_default(processor: FakeProcessor) -> None:
    idle, spare = make_merchant_account("Idle", active=False), make_merchant_account("Spare", active=False)

    edit(idle, active=True)
    edit(spare, active=True)

    assert defaults() == ["Idle"]


def test_the_same_request_sent_twice_edits_once(processor: FakeProcessor) -> None:
    account = make_merchant_account()

    edit(account, name="Web", request_key="one")
    edit(account, name="Web", request_key="one")

    assert Event.objects.filter(name="merchant_account.edited").count() == 1
    with pytest.raises(errors.KeyReused):
        edit(account, name="Fair", request_key="one")


@pytest.mark.parametrize(
    ("typed", "refusal"),
    [
        ({"name": ""}, errors.NameRequired),
        ({"name": "WEB"}, errors.NameTaken),
        ({"secret": "sk\ttest"}, errors.SecretMalformed),
        ({"base_url": "ftp://sandbox"}, errors.AddressMalformed),
        ({"by": actor(Role.MANAGER)}, errors.Forbidden),
    ],
)
def test_what_cannot_be_right_changes_nothing(
    processor: FakeProcessor, typed: dict[str, Any], refusal: type[errors.DomainError]
) -> None:
    account = make_merchant_account()
    make_merchant_account("Web")

    with pytest.raises(refusal):
        edit(account, **typed)

    unchanged(account)


def test_there_is_no_account_of_that_id(processor: FakeProcessor) -> None:
    account = make_merchant_account()
    account.pk += 1

    with pytest.raises(errors.NotFound):
        edit(account)


def unchanged(account: MerchantAccount) -> None:
    now = MerchantAccount.objects.filter(pk=account.pk).values().get()
    assert {name: getattr(account, name) for name in now} == now
    assert not Event.objects.filter(name="merchant_account.edited").exists()
