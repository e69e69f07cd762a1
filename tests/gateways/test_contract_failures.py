"""What every adapter says when no proper answer comes: what cannot have happened, and what may have."""

import re
from collections.abc import Callable
from dataclasses import replace

import pytest

from duebook.gateways.protocol import (
    Busy,
    Gateway,
    GatewayError,
    Misconfigured,
    NoSuchObject,
    NothingHappened,
    Outcome,
    OutcomeUnknown,
)
from tests.gateways.bad_network import altering_server, answering_server, nobody, silent_server
from tests.gateways.contract import a_refund, a_request, charged, gateway_of, needs, with_amount
from tests.gateways.harness import Ability, Harness

SHORT_SECONDS = 0.3


def at(harness: Harness, url: str, *, read_seconds: float = 30) -> Gateway:
    """The adapter, led to another address."""
    return harness.build(replace(harness.credentials, base_url=url), read_seconds=read_seconds)


def without_amount_5000(answer: bytes) -> bytes:
    """The answer with another amount in it."""
    return re.sub(rb'("amount(?:_minor)?":\s*)5000', rb"\g<1>5001", answer)


def unless_succeeded(answer: bytes) -> bytes | None:
    """The answer, unless it tells of a success: an adapter may look at a charge before it confirms it."""
    return None if b'"succeeded"' in answer else answer


def test_the_account_is_seen(harness: Harness):
    account = gateway_of(harness).check()

    assert account.id
    assert not account.live
    assert not account.currencies or "USD" in account.currencies


@needs(Ability.CHECK_SECRETS)
def test_a_wrong_secret_is_a_matter_of_configuration(harness: Harness):
    gateway, request = harness.build(replace(harness.credentials, secret="sk_wrong")), a_request(harness)

    with pytest.raises(Misconfigured):
        gateway.check()
    with pytest.raises(Misconfigured):
        gateway.create(request)


@pytest.mark.parametrize("url", [None, "http://gateway.invalid"], ids=["refused", "no such name"])
def test_where_nobody_answers_nothing_happened(harness: Harness, url: str | None):
    request = a_request(harness)
    with nobody() as refusing:
        gateway = at(harness, url or refusing)

        with pytest.raises(NothingHappened) as raised:
            gateway.create(request)
        with pytest.raises(NothingHappened):
            gateway.confirm("ch_1", request)
        with pytest.raises(NothingHappened):
            gateway.check()

    assert not isinstance(raised.value, Misconfigured)
    assert harness.credentials.secret not in str(raised.value)


def test_after_a_time_out_nobody_knows(harness: Harness):
    charge, request = charged(harness), a_request(harness)
    with silent_server() as url:
        gateway = at(harness, url, read_seconds=SHORT_SECONDS)

        with pytest.raises(OutcomeUnknown):
            gateway.create(request)
        with pytest.raises(OutcomeUnknown):
            gateway.confirm(charge.id, request)
        with pytest.raises(OutcomeUnknown):
            gateway.refund(a_refund(charge, 1000))


def test_a_connection_that_breaks_after_the_effect_leaves_it_unknown_until_one_asks(harness: Harness):
    gateway, request = gateway_of(harness), a_request(harness)
    created = gateway.create(request)

    altered = altering_server(harness.credentials.base_url, unless_succeeded)
    with altered as url, pytest.raises(OutcomeUnknown):
        at(harness, url).confirm(created.id, request)

    assert gateway.fetch(created.id).outcome is Outcome.SUCCEEDED


@needs(Ability.KEEP_KEYS)
def test_sent_again_under_its_key_a_charge_whose_answer_was_lost_is_one(harness: Harness):
    gateway, request = gateway_of(harness), a_request(harness)
    with altering_server(harness.credentials.base_url, lambda _: None) as url:
        for _ in range(2):
            with pytest.raises(OutcomeUnknown):
                at(harness, url).create(request)

    created = gateway.create(request)

    assert gateway.create(request) == created


@pytest.mark.parametrize(
    "alter",
    [
        lambda _: b"",
        lambda body: body[: len(body) // 2],
        lambda _: b"[]",
        lambda _: b"{}",
        lambda _: b"<html>",
    ],
    ids=["empty", "half", "list", "nothing", "page"],
)
def test_an_answer_that_cannot_be_read_leaves_it_unknown(
    harness: Harness, alter: Callable[[bytes], bytes | None]
):
    request = a_request(harness)
    created = gateway_of(harness).create(request)

    with altering_server(harness.credentials.base_url, alter) as url, pytest.raises(OutcomeUnknown):
        at(harness, url).confirm(created.id, request)


def test_an_answer_about_another_amount_leaves_it_unknown(harness: Harness):
    request, charge = a_request(harness), charged(harness, amount_minor=9000)
    created = gateway_of(harness).create(request)

    with altering_server(harness.credentials.base_url, without_amount_5000) as url:
        gateway = at(harness, url)
        with pytest.raises(OutcomeUnknown):
            gateway.confirm(created.id, request)
        with pytest.raises(OutcomeUnknown):
            gateway.refund(a_refund(charge, 5000))
        with pytest.raises(OutcomeUnknown):
            gateway.create(with_amount(request, 5000, key=f"{request.key}-2"))


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, NothingHappened),
        (401, Misconfigured),
        (403, Misconfigured),
        (404, NoSuchObject),
        (409, Busy),
        (429, Busy),
        (500, OutcomeUnknown),
        (502, OutcomeUnknown),
        (503, OutcomeUnknown),
    ],
)
def test_an_error_is_classed_by_what_it_leaves_possible(
    harness: Harness, status: int, error: type[GatewayError]
):
    request = a_request(harness)
    with answering_server(status, b'{"error": {"code": "c", "type": "t", "message": "m"}}') as url:
        gateway = at(harness, url)

        with pytest.raises(error) as created:
            gateway.create(request)
        with pytest.raises(error) as confirmed:
            gateway.confirm("ch_1", request)

    assert {type(created.value), type(confirmed.value)} == {error}
