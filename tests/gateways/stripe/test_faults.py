"""What each way of going wrong is taken for, and that it may be repeated under the same key."""

from datetime import UTC, datetime, timedelta

import pytest

from duebook.domain.money import Money
from duebook.gateways.protocol import (
    Busy,
    GatewayError,
    GatewayRefundRequest,
    Misconfigured,
    NoSuchObject,
    NothingHappened,
    Outcome,
    OutcomeUnknown,
)
from duebook.gateways.stripe.adapter import StripeGateway
from tests.gateways.bad_network import nobody
from tests.gateways.stripe.conftest import make_gateway
from tests.gateways.stripe.on_file import make_card, make_request
from tests.gateways.stripe.stand_in import BEFORE, Fault, StandIn

INTENTS = r"/v1/payment_intents"
CONFIRM = r"/v1/payment_intents/\w+/confirm"
RETRIEVE = r"/v1/payment_intents/\w+"
SHORT_SECONDS = 3
"""Long enough for the work that is done before no answer comes."""


def impatient(server: StandIn, fault: Fault) -> StripeGateway:
    """An adapter that soon gives up where no answer will come."""
    return make_gateway(server.url, read_seconds=SHORT_SECONDS if fault is Fault.SLOW else 30)


def test_a_refused_connection_says_that_nothing_happened(server: StandIn) -> None:
    request = make_request(make_card(server.url), "refused")

    with nobody() as url:
        gateway = make_gateway(url)
        for send in (
            lambda: gateway.create(request),
            lambda: gateway.confirm("pi_1", request),
            lambda: gateway.refund(GatewayRefundRequest("key", "refused", "pi_1", Money(1, "USD"))),
        ):
            with pytest.raises(GatewayError) as refused:
                send()
            assert type(refused.value) is NothingHappened


def test_an_unreachable_charge_is_not_one_that_is_missing(server: StandIn) -> None:
    with nobody() as url, pytest.raises(GatewayError) as refused:
        make_gateway(url).fetch("pi_1")

    assert not isinstance(refused.value, NoSuchObject)


def test_a_name_that_does_not_resolve_says_that_nothing_happened() -> None:
    gateway = make_gateway("http://stripe.invalid")

    with pytest.raises(GatewayError) as refused:
        gateway.check()

    assert type(refused.value) is NothingHappened


@pytest.mark.parametrize(
    ("url", "secret"),
    [("stripe", "sk_test_1"), ("ftp://stripe", "sk_test_1"), ("http://stripe.invalid", "sk\n")],
)
def test_an_address_or_secret_that_is_none_has_to_be_mended(url: str, secret: str) -> None:
    with pytest.raises(Misconfigured):
        make_gateway(url, secret=secret).check()


@pytest.mark.parametrize("fault", list(Fault))
def test_a_broken_confirmation_is_unknown_and_done_once(
    gateway: StripeGateway, server: StandIn, fault: Fault
) -> None:
    request = make_request(make_card(server.url), f"confirm {fault.name}")
    created = gateway.create(request)
    server.break_next("POST", CONFIRM, fault)

    with pytest.raises(GatewayError) as broken:
        impatient(server, fault).confirm(created.id, request)

    assert type(broken.value) is OutcomeUnknown
    expected = Outcome.NOT_CONFIRMED if fault in BEFORE else Outcome.SUCCEEDED
    assert gateway.fetch(created.id).outcome is expected
    assert gateway.confirm(created.id, request).captured_minor == 10000
    assert len(server.sent("POST", CONFIRM)) == (2 if fault in BEFORE else 1)


@pytest.mark.parametrize("fault", list(Fault))
def test_a_broken_creation_is_unknown_and_done_once(
    gateway: StripeGateway, server: StandIn, fault: Fault
) -> None:
    request = make_request(make_card(server.url), f"create {fault.name}")
    server.break_next("POST", INTENTS, fault)

    with pytest.raises(GatewayError) as broken:
        impatient(server, fault).create(request)

    assert type(broken.value) is OutcomeUnknown
    created = gateway.create(request)
    now, hour = datetime.now(UTC), timedelta(hours=1)
    listed = gateway.list_charges(since=now - hour, until=now + hour)
    assert [one.id for one in listed if one.reference == request.reference] == [created.id]


@pytest.mark.parametrize("fault", list(Fault))
def test_a_broken_refund_is_unknown_and_done_once(
    gateway: StripeGateway, server: StandIn, fault: Fault
) -> None:
    charge = make_request(make_card(server.url), f"refund {fault.name}")
    paid = gateway.confirm(gateway.create(charge).id, charge)
    request = GatewayRefundRequest(f"back {fault.name}", f"back {fault.name}", paid.id, Money(6000, "USD"))
    server.break_next("POST", "/v1/refunds", fault)

    with pytest.raises(GatewayError) as broken:
        impatient(server, fault).refund(request)

    assert type(broken.value) is OutcomeUnknown
    assert gateway.refund(request).amount == Money(6000, "USD")
    assert [one.amount.minor for one in gateway.list_refunds(paid.id)] == [6000]


@pytest.mark.parametrize("fault", list(Fault))
def test_a_broken_look_moves_nothing_and_is_unknown(
    gateway: StripeGateway, server: StandIn, fault: Fault
) -> None:
    request = make_request(make_card(server.url), f"look {fault.name}")
    created = gateway.create(request)
    server.break_next("GET", RETRIEVE, fault)

    with pytest.raises(GatewayError) as broken:
        impatient(server, fault).confirm(created.id, request)

    assert type(broken.value) is OutcomeUnknown
    assert server.sent("POST", CONFIRM) == []
    assert gateway.fetch(created.id).outcome is Outcome.NOT_CONFIRMED


def test_nothing_is_sent_twice_by_itself(gateway: StripeGateway, server: StandIn) -> None:
    server.break_next("GET", RETRIEVE, Fault.ERROR_BEFORE)

    with pytest.raises(OutcomeUnknown):
        gateway.fetch("pi_1")

    assert len(server.requests) == 1


def test_what_cannot_be_read_is_not_quoted(gateway: StripeGateway, server: StandIn) -> None:
    server.break_next("GET", RETRIEVE, Fault.NONSENSE)

    with pytest.raises(OutcomeUnknown) as unreadable:
        gateway.fetch("pi_1")

    assert "client_secret" not in unreadable.value.reason


@pytest.mark.parametrize(
    ("status", "error", "expected"),
    [
        (409, {"code": "idempotency_key_in_use"}, Busy),
        (429, {"code": "rate_limit"}, Busy),
        (429, {"code": "lock_timeout"}, Busy),
        (400, {"code": "parameter_missing"}, NothingHappened),
        (400, {"code": "resource_missing", "param": "customer"}, NothingHappened),
        (404, {"code": "resource_missing", "param": "intent"}, NoSuchObject),
        (400, {"param": "currency"}, Misconfigured),
        (400, {"code": "testmode_charges_only"}, Misconfigured),
        (401, {}, Misconfigured),
        (403, {"code": "more_permissions_required"}, Misconfigured),
        (402, {"type": "card_error", "code": "card_declined"}, NothingHappened),
        (500, {"type": "api_error"}, OutcomeUnknown),
        (503, {"type": "api_error"}, OutcomeUnknown),
    ],
)
def test_each_answer_of_stripes_has_its_meaning(
    gateway: StripeGateway,
    server: StandIn,
    status: int,
    error: dict[str, str],
    expected: type[GatewayError],
) -> None:
    request = make_request(make_card(server.url), "answer")
    described = {"type": "invalid_request_error", "message": "In Stripe's words.", **error}
    server.answers["POST", INTENTS] = (status, {"error": described})

    with pytest.raises(GatewayError) as raised:
        gateway.create(request)

    assert type(raised.value) is expected
    assert raised.value.reason == "In Stripe's words."
    assert raised.value.code == error.get("code", "")


def test_an_answer_without_what_it_is_about_is_unknown(gateway: StripeGateway, server: StandIn) -> None:
    server.answers["GET", "/v1/payment_intents/pi_1"] = (200, {"id": "pi_1", "object": "payment_intent"})

    with pytest.raises(OutcomeUnknown):
        gateway.fetch("pi_1")
