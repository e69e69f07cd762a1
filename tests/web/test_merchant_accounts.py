"""The pages of the merchant accounts, below Settings."""

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from django.template import Context, Template
from django.test import Client

from duebook.domain.permissions import Role
from duebook.events.models import Event
from duebook.gateways.accounts import credentials_of
from duebook.gateways.models import MerchantAccount
from duebook.gateways.protocol import Misconfigured, OutcomeUnknown, SeenAccount
from tests.factories import key, make_user
from tests.gateways.fake_processor import (
    SECRET,
    SIGNING_SECRET,
    FakeProcessor,
    make_merchant_account,
    register,
)
from tests.web.pages import fields_of, sign_in, text_of
from tests.web.test_forms_at_once import open_form, post_at_once

pytestmark = pytest.mark.django_db

LIST = "/settings/merchant-accounts/"
NEW = "/settings/merchant-accounts/new/"


@pytest.fixture
def processor(monkeypatch: pytest.MonkeyPatch) -> FakeProcessor:
    return register(monkeypatch)


def page_of(account: MerchantAccount, part: str = "") -> str:
    return f"{LIST}{account.pk}/{part}"


def add(client: Client, **typed: Any) -> Any:
    sent = fields_of(client.get(NEW), name="Shop", adapter="stripe", secret=SECRET)
    return client.post(NEW, {**sent, **typed}, follow=True)


def edit(client: Client, account: MerchantAccount, **typed: Any) -> Any:
    sent = fields_of(client.get(page_of(account)), **typed)
    return client.post(page_of(account), {name: value for name, value in sent.items() if value is not None})


def test_a_business_without_an_account_is_told_what_to_do_next(client: Client) -> None:
    sign_in(client)

    answer = client.get(LIST)

    assert "No card can be charged yet." in text_of(answer)
    assert "try the sandbox first" in text_of(answer)
    assert "?processor=sandbox" in answer.content.decode()
    assert fields_of(client.get(f"{NEW}?processor=stripe"))["adapter"] == "stripe"


def test_an_account_is_added_and_its_webhooks_address_is_shown(
    client: Client, processor: FakeProcessor
) -> None:
    sign_in(client)

    answer = add(client)

    account = MerchantAccount.objects.get()
    assert answer.redirect_chain == [(page_of(account), 302)]
    assert f'value="http://testserver/gateways/{account.webhook_token}/webhook"' in answer.content.decode()
    assert "Shop (test) added." in text_of(answer)
    assert "Shop TEST default" in text_of(answer)
    assert "not set up" in text_of(answer)
    assert "1021 Card clearing Shop (test)" in text_of(answer)


@pytest.mark.parametrize(
    ("failure", "words"),
    [
        (
            Misconfigured("Invalid API key."),
            "The card processor refused the secret key. It says: Invalid API",
        ),
        (
            OutcomeUnknown("No answer came."),
            "The connection could not be tested. No answer came. Nothing was",
        ),
    ],
)
def test_a_secret_that_does_not_work_comes_back_without_the_secret(
    client: Client, processor: FakeProcessor, failure: Any, words: str
) -> None:
    sign_in(client)
    processor.failure = failure

    answer = add(client, name="Kept")

    assert answer.status_code == 422
    assert words in text_of(answer)
    assert 'value="Kept"' in answer.content.decode()
    assert SECRET not in answer.content.decode()
    assert not MerchantAccount.objects.exists()


def test_an_address_for_another_processor_than_the_sandbox_is_refused_beside_its_field(
    client: Client, processor: FakeProcessor
) -> None:
    sign_in(client)

    answer = add(client, base_url="https://example.com")

    assert answer.context["form"].errors["base_url"] == [
        "Only the sandbox has an address that can be chosen. Leave this empty."
    ]
    assert processor.checked == []


def test_the_list_names_mode_default_and_what_was_heard(client: Client, processor: FakeProcessor) -> None:
    sign_in(client)
    make_merchant_account("Test shop")
    make_merchant_account("Idle", active=False)
    processor.account = SeenAccount("acct_live", "Live shop", live=True)
    make_merchant_account("Live shop")

    answer = client.get(LIST)

    rows = rows_of(answer)
    assert [row.partition(" Sandbox")[0] for row in rows] == [
        "Test shop TEST default",
        "Live shop LIVE",
        "Idle TEST inactive",
    ]
    assert "none yet" in rows[0]
    assert [row.count("Make default") for row in rows] == [0, 1, 0]


def test_an_account_whose_processor_is_asked_first_says_so(client: Client, processor: FakeProcessor) -> None:
    sign_in(client)
    account = make_merchant_account("Shop")
    assert "paused" not in text_of(client.get(f"{LIST}{account.pk}/"))
    MerchantAccount.objects.update(fenced_since=datetime(2026, 3, 4, 12, tzinfo=UTC))

    listed, shown = client.get(LIST), client.get(f"{LIST}{account.pk}/")

    assert rows_of(listed)[0].startswith("Shop TEST default paused")
    assert "Shop is paused: no card is charged, and nothing is given back to one." in text_of(shown)
    assert "since 4 Mar 2026, " in text_of(shown)


def rows_of(answer: Any) -> list[str]:
    """What each row of the page's table says."""
    body = answer.content.decode().partition("<tbody>")[2].partition("</tbody>")[0]
    return [text_of(SimpleNamespace(content=row.encode())) for row in body.split("<tr>")[1:]]


def test_an_account_is_edited_and_no_page_shows_its_secrets(client: Client, processor: FakeProcessor) -> None:
    sign_in(client)
    account = make_merchant_account()

    shown = client.get(page_of(account))
    edited = edit(client, account, name="Web", secret="sk_test_new", webhook_secret="whsec_new")

    assert edited.status_code == 302
    account.refresh_from_db()
    assert account.name == "Web"
    assert credentials_of(account).secret == "sk_test_new"
    assert credentials_of(account).webhook_secrets == (SIGNING_SECRET, "whsec_new")
    pages = [shown, client.get(page_of(account)), client.get(LIST)]
    assert "Kept. Enter a new one to replace it." in text_of(shown)
    for page in pages:
        for secret in (SECRET, SIGNING_SECRET, "sk_test_new", "whsec_new", account.sealed_secret):
            assert secret not in page.content.decode()


def test_a_refused_edit_comes_back_without_what_was_secret(client: Client, processor: FakeProcessor) -> None:
    sign_in(client)
    account = make_merchant_account()
    processor.account = SeenAccount("acct_other", "Other", live=False)

    answer = edit(client, account, name="Web", secret="sk_test_new", webhook_secret="whsec_new")

    assert answer.status_code == 422
    assert "belongs to another account" in text_of(answer)
    for secret in ("sk_test_new", "whsec_new"):
        assert secret not in answer.content.decode()
    account.refresh_from_db()
    assert account.name == "Shop"


def test_an_address_can_be_typed_for_the_sandbox_only(client: Client, processor: FakeProcessor) -> None:
    sign_in(client)
    sandbox = make_merchant_account()
    add(client, name="Stripe shop")

    stripe = MerchantAccount.objects.get(adapter="stripe")
    assert "base_url" in client.get(page_of(sandbox)).context["form"].fields
    assert "base_url" not in client.get(page_of(stripe)).context["form"].fields


def test_the_default_is_put_out_of_use_only_with_an_answer_to_what_follows(
    client: Client, processor: FakeProcessor
) -> None:
    sign_in(client)
    shop, web = make_merchant_account("Shop"), make_merchant_account("Web")

    asked = edit(client, shop, active=None)
    answered = edit(client, shop, active=None, next_default=str(web.pk))
    last = edit(client, web, active=None)

    assert asked.status_code == 422
    assert "Say which account is the default then, or that none is." in text_of(asked)
    assert (answered.status_code, last.status_code) == (302, 302)
    assert not MerchantAccount.objects.filter(active=True).exists()


def test_a_default_can_be_put_out_of_use_with_none_to_follow(
    client: Client, processor: FakeProcessor
) -> None:
    sign_in(client)
    shop = make_merchant_account("Shop")
    make_merchant_account("Web")

    answer = edit(client, shop, active=None, next_default="none")

    assert answer.status_code == 302
    assert not MerchantAccount.objects.filter(is_default=True).exists()


def test_a_connection_is_tested_from_the_list(client: Client, processor: FakeProcessor) -> None:
    sign_in(client)
    account = make_merchant_account()

    answer = client.post(page_of(account, "connection-test/"), {"request_key": key()}, follow=True)

    assert answer.redirect_chain == [(LIST, 302)]
    assert "The connection of Shop (test) works." in text_of(answer)
    assert Event.objects.filter(name="merchant_account.checked").count() == 1


def test_a_connection_that_fails_says_why_on_the_accounts_page(
    client: Client, processor: FakeProcessor
) -> None:
    sign_in(client)
    account = make_merchant_account()
    processor.failure = Misconfigured("Invalid API key.")

    answer = client.post(page_of(account, "connection-test/"), {"request_key": key()})

    assert answer.status_code == 422
    assert "The card processor refused the secret key. It says: Invalid API key." in text_of(answer)


def test_another_account_is_made_the_default(client: Client, processor: FakeProcessor) -> None:
    sign_in(client)
    make_merchant_account("Shop")
    web = make_merchant_account("Web")

    answer = client.post(page_of(web, "default/"), {"request_key": key()}, follow=True)

    assert "Web (test) is now the default." in text_of(answer)
    assert MerchantAccount.objects.get(is_default=True) == web


@pytest.mark.django_db(transaction=True)
def test_the_same_form_sent_many_times_at_once_adds_one_account(processor: FakeProcessor) -> None:
    olga = make_user(role=Role.OWNER)
    sent = fields_of(open_form(olga, NEW), name="Shop", adapter="stripe", secret=SECRET)

    answers = post_at_once(olga, NEW, [sent] * 4)

    assert {answer["Location"] for answer in answers} == {page_of(MerchantAccount.objects.get())}
    assert Event.objects.filter(name="merchant_account.added").count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_first_accounts_added_at_once_leave_one_default(processor: FakeProcessor) -> None:
    olga = make_user(role=Role.OWNER)
    forms = [
        fields_of(open_form(olga, NEW), name=name, adapter="stripe", secret=f"{SECRET}__{name}")
        for name in ("Shop", "Web")
    ]

    answers = post_at_once(olga, NEW, forms)

    accounts = MerchantAccount.objects.select_related("clearing_account")
    assert [answer.status_code for answer in answers] == [302, 302]
    assert {account.clearing_account.code for account in accounts} == {"1021", "1022"}
    assert sorted(account.is_default for account in accounts) == [False, True]


@pytest.mark.parametrize("role", [Role.MANAGER, Role.CLERK, Role.VIEWER])
def test_only_who_may_change_settings_sees_merchant_accounts(
    client: Client, processor: FakeProcessor, role: Role
) -> None:
    account = make_merchant_account()
    sign_in(client, role)

    seen = [client.get(address).status_code for address in (LIST, NEW, page_of(account))]
    done = [
        client.post(address, {"request_key": key()}).status_code
        for address in (
            NEW,
            page_of(account),
            page_of(account, "connection-test/"),
            page_of(account, "default/"),
        )
    ]

    assert set(seen + done) == {403}
    assert "Merchant accounts" not in client.get("/settings/").content.decode()


def test_there_is_no_page_for_an_account_that_is_not_there(client: Client) -> None:
    sign_in(client)

    assert client.get(f"{LIST}404/").status_code == 404
    assert client.post(f"{LIST}404/connection-test/", {"request_key": key()}).status_code == 404


@pytest.mark.parametrize(("live", "chip"), [(False, "test"), (True, "live")])
def test_a_template_names_an_account_with_its_mode(live: bool, chip: str) -> None:
    named = Template("{% load gateways %}{% merchant_account account %}").render(
        Context({"account": MerchantAccount(name="<Shop>", live=live)})
    )

    assert named == f'&lt;Shop&gt; <span class="chip chip-{chip}">{chip.upper()}</span>'
