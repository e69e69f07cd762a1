"""Charging at Stripe: created without money, confirmed once, cancelled, found again."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from duebook.domain.money import Money
from duebook.gateways.protocol import (
    DeclineClass,
    Misconfigured,
    NoSuchObject,
    NothingHappened,
    Outcome,
    OutcomeUnknown,
)
from duebook.gateways.stripe.adapter import API_VERSION, StripeGateway
from tests.gateways.stripe.conftest import make_gateway
from tests.gateways.stripe.on_file import (
    ASKS_FOR_AUTHENTICATION,
    DECLINED_WHEN_CHARGED,
    client,
    make_card,
    make_request,
)
from tests.gateways.stripe.stand_in import StandIn

INTENTS = r"/v1/payment_intents"
CONFIRM = r"/v1/payment_intents/\w+/confirm"


def test_creating_a_charge_moves_no_money(gateway: StripeGateway, server: StandIn) -> None:
    request = make_request(make_card(server.url), "create-1", description="Invoice 7")

    seen = gateway.create(request)

    assert (seen.outcome, seen.amount, seen.captured_minor) == (
        Outcome.NOT_CONFIRMED,
        Money(10000, "USD"),
        0,
    )
    assert seen.reference == "create-1"
    (sent,) = server.sent("POST", INTENTS)
    assert sent.headers["Idempotency-Key"] == "key-create-1:create"
    assert sent.headers["Stripe-Version"] == API_VERSION
    assert sent.params["description"] == "Invoice 7"
    assert sent.params["allowed_payment_method_types[0]"] == "card"
    assert "confirm" not in sent.params


def test_confirming_charges_the_card(gateway: StripeGateway, server: StandIn) -> None:
    card = make_card(server.url)
    request = make_request(card, "confirm-1")
    created = gateway.create(request)

    seen = gateway.confirm(created.id, request)

    assert (seen.outcome, seen.captured_minor, seen.refunded_minor) == (Outcome.SUCCEEDED, 10000, 0)
    assert seen.card is not None
    assert (seen.card.token, seen.card.customer, seen.card.last_four) == (card.token, card.customer, "4242")
    assert gateway.fetch(created.id) == seen
    (sent,) = server.sent("POST", CONFIRM)
    assert sent.headers["Idempotency-Key"] == "key-confirm-1:confirm"
    assert sent.params["off_session"] == "true"
    assert "return_url" not in sent.params
    assert "setup_future_usage" not in sent.params


def test_a_customer_who_is_present_may_be_asked_to_authenticate(
    gateway: StripeGateway, server: StandIn
) -> None:
    card = make_card(server.url, ASKS_FOR_AUTHENTICATION)
    request = make_request(card, "present-1", customer_present=True, return_url="https://pay.example.com/7")
    created = gateway.create(request)

    seen = gateway.confirm(created.id, request)

    assert (seen.outcome, seen.captured_minor) == (Outcome.REQUIRES_ACTION, 0)
    (sent,) = server.sent("POST", CONFIRM)
    assert (sent.params["off_session"], sent.params["return_url"]) == ("false", "https://pay.example.com/7")
    assert "setup_future_usage" not in sent.params


def test_who_keeps_the_card_confirms_once_for_this_charge_and_for_later_ones(
    gateway: StripeGateway, server: StandIn
) -> None:
    request = make_request(make_card(server.url), "kept-1", customer_present=True, keeps_card=True)

    gateway.confirm(gateway.create(request).id, request)

    (sent,) = server.sent("POST", CONFIRM)
    assert (sent.params["off_session"], sent.params["setup_future_usage"]) == ("false", "off_session")


def test_confirming_again_only_looks(gateway: StripeGateway, server: StandIn) -> None:
    request = make_request(make_card(server.url), "again-1")
    created = gateway.create(request)
    first = gateway.confirm(created.id, request)

    second = gateway.confirm(created.id, replace(request, key="a key that Stripe has forgotten"))

    assert second == first
    assert len(server.sent("POST", CONFIRM)) == 1


def test_a_decline_is_an_answer_and_final(gateway: StripeGateway, server: StandIn) -> None:
    request = make_request(make_card(server.url, DECLINED_WHEN_CHARGED), "decline-1")
    created = gateway.create(request)

    seen = gateway.confirm(created.id, request)

    assert (seen.outcome, seen.captured_minor) == (Outcome.DECLINED, 0)
    assert seen.decline is not None
    assert (seen.decline.kind, seen.decline.code) == (DeclineClass.OTHER, "card_declined")
    assert gateway.fetch(created.id).outcome is Outcome.DECLINED
    assert gateway.confirm(created.id, request).outcome is Outcome.DECLINED
    assert len(server.sent("POST", CONFIRM)) == 1


def test_a_decline_is_known_even_if_the_charge_cannot_be_read_anew(
    gateway: StripeGateway, server: StandIn
) -> None:
    request = make_request(make_card(server.url), "decline-2")
    created = gateway.create(request)
    error = {
        "type": "card_error",
        "code": "card_declined",
        "decline_code": "insufficient_funds",
        "message": "Your card has insufficient funds.",
    }
    path = f"/v1/payment_intents/{created.id}"
    server.answers["POST", f"{path}/confirm"] = (402, {"error": error})
    server.answer_once("GET", path, (200, {**created.raw}))
    server.answers["GET", path] = (500, {"error": {"type": "api_error", "message": "Later."}})

    seen = gateway.confirm(created.id, request)

    assert (seen.id, seen.outcome, seen.reference) == (created.id, Outcome.DECLINED, "decline-2")
    assert seen.decline is not None
    assert seen.decline.kind is DeclineClass.INSUFFICIENT_FUNDS
    assert seen.decline.message == "Your card has insufficient funds."


def test_a_refusal_of_a_charge_that_was_confirmed_meanwhile_is_no_refusal(
    gateway: StripeGateway, server: StandIn
) -> None:
    request = make_request(make_card(server.url), "meanwhile-1")
    created = gateway.create(request)
    path = f"/v1/payment_intents/{created.id}/confirm"
    client(server.url).v1.payment_intents.confirm(created.id)
    stale = {**created.raw, "status": "requires_confirmation"}
    refusal = {"type": "invalid_request_error", "code": "payment_intent_unexpected_state", "message": "No."}
    server.answers["POST", path] = (400, {"error": refusal})
    server.answer_once("GET", f"/v1/payment_intents/{created.id}", (200, stale))

    seen = gateway.confirm(created.id, request)

    assert (seen.outcome, seen.captured_minor) == (Outcome.SUCCEEDED, 10000)


def test_a_refusal_that_cannot_be_looked_into_is_unknown(gateway: StripeGateway, server: StandIn) -> None:
    request = make_request(make_card(server.url), "meanwhile-2")
    created = gateway.create(request)
    path = f"/v1/payment_intents/{created.id}"
    refusal = {"type": "invalid_request_error", "code": "payment_intent_unexpected_state", "message": "No."}
    for verb in ("confirm", "cancel"):
        server.answers["POST", f"{path}/{verb}"] = (400, {"error": refusal})
    server.answers["GET", path] = (401, {"error": {"type": "invalid_request_error", "message": "Rolled."}})

    server.answer_once("GET", path, (200, {**created.raw}))
    with pytest.raises(OutcomeUnknown):
        gateway.confirm(created.id, request)
    server.answer_once("GET", path, (200, {**created.raw}))
    with pytest.raises(OutcomeUnknown):
        gateway.cancel(created.id)


def test_a_refusal_that_nothing_explains_says_that_nothing_happened(
    gateway: StripeGateway, server: StandIn
) -> None:
    request = make_request(make_card(server.url), "refused-1")
    created = gateway.create(request)
    refusal = {"type": "invalid_request_error", "code": "amount_too_large", "message": "Too much."}
    server.answers["POST", f"/v1/payment_intents/{created.id}/confirm"] = (400, {"error": refusal})

    with pytest.raises(NothingHappened) as refused:
        gateway.confirm(created.id, request)

    assert (refused.value.code, refused.value.reason) == ("amount_too_large", "Too much.")


def test_a_cancelled_charge_is_never_confirmed(gateway: StripeGateway, server: StandIn) -> None:
    request = make_request(make_card(server.url), "cancel-1")
    created = gateway.create(request)

    cancelled = gateway.cancel(created.id)

    assert cancelled.outcome is Outcome.CANCELLED
    assert gateway.confirm(created.id, request) == cancelled
    assert gateway.cancel(created.id) == cancelled
    assert server.sent("POST", CONFIRM) == []


def test_a_charge_that_happened_is_not_cancelled(gateway: StripeGateway, server: StandIn) -> None:
    request = make_request(make_card(server.url), "cancel-2")
    created = gateway.create(request)
    paid = gateway.confirm(created.id, request)

    assert gateway.cancel(created.id) == paid
    assert server.sent("POST", r"/v1/payment_intents/\w+/cancel") == []


def test_the_same_key_creates_one_charge(gateway: StripeGateway, server: StandIn) -> None:
    request = make_request(make_card(server.url), "key-1")

    assert gateway.create(request) == gateway.create(request)


def test_a_key_used_for_another_amount_creates_nothing(gateway: StripeGateway, server: StandIn) -> None:
    request = make_request(make_card(server.url), "key-2")
    gateway.create(request)

    with pytest.raises(NothingHappened):
        gateway.create(replace(request, amount=Money(9999, "USD")))


def test_a_key_used_for_another_confirmation_is_never_taken_for_nothing(
    gateway: StripeGateway, server: StandIn
) -> None:
    request = make_request(make_card(server.url), "key-3")
    created = gateway.create(request)
    refusal = {"type": "idempotency_error", "message": "Other parameters."}
    server.answers["POST", f"/v1/payment_intents/{created.id}/confirm"] = (400, {"error": refusal})

    with pytest.raises(OutcomeUnknown):
        gateway.confirm(created.id, request)


def test_a_charge_of_another_amount_is_not_confirmed(gateway: StripeGateway, server: StandIn) -> None:
    request = make_request(make_card(server.url), "amount-1")
    created = gateway.create(request)

    with pytest.raises(OutcomeUnknown):
        gateway.confirm(created.id, replace(request, amount=Money(9999, "USD")))

    assert server.sent("POST", CONFIRM) == []


def test_created_again_after_its_confirmation_it_is_shown_as_it_stands(
    gateway: StripeGateway, server: StandIn
) -> None:
    request = make_request(make_card(server.url), "key-4")
    paid = gateway.confirm(gateway.create(request).id, request)

    assert gateway.create(request) == paid


def test_there_is_no_charge_of_an_unknown_id(gateway: StripeGateway) -> None:
    with pytest.raises(NoSuchObject):
        gateway.fetch("pi_nowhere")


def test_a_wrong_secret_has_to_be_mended(server: StandIn) -> None:
    gateway = make_gateway(server.url, secret="rk_test_of_another")

    with pytest.raises(Misconfigured):
        gateway.check()


def test_an_account_says_whose_it_is(gateway: StripeGateway) -> None:
    seen = gateway.check()

    assert (seen.id, seen.name, seen.live) == ("acct_1", "Acme", False)


def test_a_key_without_the_right_to_see_the_account_still_works(
    gateway: StripeGateway, server: StandIn
) -> None:
    refusal = {"type": "invalid_request_error", "code": "more_permissions_required", "message": "No."}
    server.answers["GET", "/v1/account"] = (403, {"error": refusal})

    assert gateway.check().id == ""


def test_charges_are_listed_by_the_time_of_their_making(gateway: StripeGateway, server: StandIn) -> None:
    card = make_card(server.url)
    made = {gateway.create(make_request(card, f"list-{number}")).id for number in range(3)}
    now = datetime.now(UTC)
    hour = timedelta(hours=1)

    listed = list(gateway.list_charges(since=now - hour, until=now + hour))

    assert made <= {one.id for one in listed}
    assert {"list-0", "list-1", "list-2"} <= {one.reference for one in listed}
    assert list(gateway.list_charges(since=now - 2 * hour, until=now - hour)) == []
    asked = server.sent("GET", INTENTS)[0].params
    assert asked["created[gte]"] == str(int((now - hour).timestamp()))
    assert asked["created[lte]"] == str(int((now + hour).timestamp()))


def test_charges_are_listed_page_by_page(
    gateway: StripeGateway, server: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("duebook.gateways.stripe.adapter.PAGE", 2)
    card = make_card(server.url)
    made = {gateway.create(make_request(card, f"page-{number}")).id for number in range(5)}
    now = datetime.now(UTC)

    listed = [
        one.id for one in gateway.list_charges(since=now - timedelta(hours=1), until=now + timedelta(1))
    ]

    assert made <= set(listed)
    assert len(listed) == len(set(listed))
    assert len(server.sent("GET", INTENTS)) >= 3


def test_nothing_secret_is_kept(gateway: StripeGateway, server: StandIn) -> None:
    card = make_card(server.url, ASKS_FOR_AUTHENTICATION)
    request = make_request(card, "private-1", customer_present=True)
    created = gateway.create(request)

    seen = gateway.confirm(created.id, request)

    assert "secret" not in repr(seen.raw)
    assert "next_action" not in seen.raw
