"""The address at which card processors tell of what happened."""

import json
import logging
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client, override_settings
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from procrastinate.contrib.django.models import ProcrastinateJob

from duebook.gateways.accounts import NO_KEY
from duebook.gateways.models import MerchantAccount, WebhookMessage
from duebook.gateways.services import store_webhook
from duebook.web.views.webhooks import LARGEST_BODY
from tests.gateways.fake_processor import SIGNING_SECRET, FakeProcessor, make_merchant_account, register

pytestmark = pytest.mark.django_db


@pytest.fixture
def account(processor: FakeProcessor) -> MerchantAccount:
    return make_merchant_account()


@pytest.fixture
def processor(monkeypatch: pytest.MonkeyPatch) -> FakeProcessor:
    return register(monkeypatch)


def message(**fields: Any) -> bytes:
    now = timezone.now().isoformat()
    sent = {"id": "evt_1", "kind": "charge.succeeded", "object_kind": "charge", "object_id": "ch_1"}
    return json.dumps(sent | {"occurred_at": now, "signed_at": now, "live": False} | fields).encode()


def tell(token: str, body: bytes, *, signature: str = SIGNING_SECRET, client: Client | None = None) -> Any:
    return (client or Client(enforce_csrf_checks=True)).post(
        f"/gateways/{token}/webhook",
        body,
        content_type="application/json",
        headers={"Fake-Signature": signature},
    )


def nothing_is_stored() -> None:
    assert not WebhookMessage.objects.exists()
    assert not ProcrastinateJob.objects.exists()
    assert not MerchantAccount.objects.exclude(last_event_at=None).exists()


def test_a_message_is_stored_and_acknowledged_without_login_session_or_csrf_token(
    account: MerchantAccount,
) -> None:
    answer = tell(account.webhook_token, message())

    assert (answer.status_code, answer.content) == (200, b"")
    assert not answer.cookies
    assert WebhookMessage.objects.get().event_id == "evt_1"
    assert ProcrastinateJob.objects.get().task_name == "process_webhook"


def test_a_message_sent_again_is_acknowledged_and_stored_once(account: MerchantAccount) -> None:
    body = message()

    assert [tell(account.webhook_token, body).status_code for _ in range(3)] == [200, 200, 200]
    assert WebhookMessage.objects.count() == ProcrastinateJob.objects.count() == 1


@pytest.mark.parametrize("signature", ["whsec_of_someone_else", ""], ids=["forged", "not signed"])
def test_a_message_that_is_not_the_processors_is_refused(account: MerchantAccount, signature: str) -> None:
    assert tell(account.webhook_token, message(), signature=signature).status_code == 400
    nothing_is_stored()


@pytest.mark.parametrize("hours", [-1, 1], ids=["old", "from the future"])
def test_a_message_signed_at_another_time_is_refused(account: MerchantAccount, hours: int) -> None:
    signed_at = (timezone.now() + timedelta(hours=hours)).isoformat()

    assert tell(account.webhook_token, message(signed_at=signed_at)).status_code == 400
    nothing_is_stored()


def test_a_message_of_the_other_mode_is_refused(account: MerchantAccount) -> None:
    assert tell(account.webhook_token, message(live=True)).status_code == 400
    nothing_is_stored()


@pytest.mark.parametrize("body", [b"", b"\xff[", b"[]"])
def test_a_message_that_cannot_be_read_is_refused(account: MerchantAccount, body: bytes) -> None:
    assert tell(account.webhook_token, body).status_code == 400
    nothing_is_stored()


def test_nobody_is_at_an_address_that_is_not_known(account: MerchantAccount) -> None:
    assert tell("unknown", message()).status_code == 404
    nothing_is_stored()


def test_an_account_out_of_use_still_hears_of_what_it_charged(account: MerchantAccount) -> None:
    MerchantAccount.objects.update(active=False, is_default=False)

    assert tell(account.webhook_token, message()).status_code == 200
    assert WebhookMessage.objects.get().merchant_account == account


def test_a_message_of_more_than_a_megabyte_is_not_read(account: MerchantAccount) -> None:
    fits = message(padding="x" * (LARGEST_BODY - 300))

    assert tell(account.webhook_token, fits + b" " * 400_000).status_code == 413
    nothing_is_stored()
    assert tell(account.webhook_token, fits).status_code == 200


def test_messages_are_posted(account: MerchantAccount) -> None:
    address = f"/gateways/{account.webhook_token}/webhook"

    assert [Client().get(address).status_code, Client().put(address).status_code] == [405, 405]


def test_what_cannot_be_stored_is_a_server_error_so_that_it_is_sent_again(
    account: MerchantAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(task: str) -> Any:
        raise ConnectionError("the database went away")

    monkeypatch.setattr(store_webhook.app, "configure_task", fails)
    client = Client(raise_request_exception=False)

    assert tell(account.webhook_token, message(), client=client).status_code == 500
    nothing_is_stored()


def test_what_cannot_be_verified_for_want_of_the_key_is_sent_again(
    account: MerchantAccount, caplog: pytest.LogCaptureFixture
) -> None:
    with override_settings(SECRET_KEY="another key for this server, which opens nothing sealed before"):
        assert tell(account.webhook_token, message()).status_code == 503
    nothing_is_stored()
    assert f"webhook of merchant account {account.pk}: {NO_KEY}" in caplog.text


@pytest.mark.parametrize(("times", "most"), [(0, 4), (1, 2)], ids=["new", "again"])
def test_a_message_costs_few_statements(account: MerchantAccount, times: int, most: int) -> None:
    body = message()
    for _ in range(times):
        tell(account.webhook_token, body)

    with CaptureQueriesContext(connection) as queries:
        tell(account.webhook_token, body)

    framing = ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE", "ROLLBACK")
    statements = [one["sql"] for one in queries if not one["sql"].startswith(framing)]
    assert len(statements) <= most, statements


def test_no_secret_is_logged(account: MerchantAccount, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)

    tell(account.webhook_token, message(), signature="whsec_of_someone_else")
    tell(account.webhook_token, message())

    assert f"webhook of merchant account {account.pk} refused: bad signature" in caplog.text
    assert SIGNING_SECRET not in caplog.text
