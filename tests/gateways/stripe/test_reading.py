"""What Duebook takes from Stripe's objects: those that localstripe has not, as Stripe documents them."""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from duebook.domain.money import Money
from duebook.domain.settlements import LineKind
from duebook.gateways.protocol import (
    DeclineClass,
    DisputeOutcome,
    Outcome,
    RefundOutcome,
    SettlementLine,
    SetupOutcome,
)
from duebook.gateways.stripe import reading
from duebook.gateways.stripe.adapter import StripeGateway
from duebook.gateways.stripe.declines import decline
from tests.gateways.stripe.stand_in import StandIn


def intent(**fields: Any) -> dict[str, Any]:
    return {
        "object": "payment_intent",
        "id": "pi_1",
        "amount": 10000,
        "currency": "usd",
        "status": "succeeded",
        "created": 1_790_000_000,
        **fields,
    }


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        ("requires_payment_method", Outcome.NOT_CONFIRMED),
        ("requires_confirmation", Outcome.NOT_CONFIRMED),
        ("requires_action", Outcome.REQUIRES_ACTION),
        ("processing", Outcome.PROCESSING),
        ("requires_capture", Outcome.PROCESSING),
        ("succeeded", Outcome.SUCCEEDED),
        ("canceled", Outcome.CANCELLED),
    ],
)
def test_every_status_of_a_charge_has_its_outcome(status: str, outcome: Outcome) -> None:
    seen = reading.charge(intent(status=status))

    assert seen.outcome is outcome
    assert seen.captured_minor == (10000 if status == "succeeded" else 0)
    assert seen.decline is None


def test_a_status_that_nobody_knows_is_not_guessed_at() -> None:
    with pytest.raises(KeyError):
        reading.charge(intent(status="floating"))


def test_a_charge_that_succeeds_after_a_decline_is_not_declined() -> None:
    seen = reading.charge(intent(last_payment_error={"code": "card_declined"}))

    assert (seen.outcome, seen.decline) == (Outcome.SUCCEEDED, None)


def test_a_charge_tells_its_fee_and_what_is_left_of_it() -> None:
    latest = {
        "id": "ch_1",
        "amount_captured": 10000,
        "amount_refunded": 2500,
        "balance_transaction": {"id": "txn_1", "fee": 320, "currency": "usd"},
    }

    seen = reading.charge(intent(amount_received=10000, latest_charge=latest, livemode=True))

    assert (seen.captured_minor, seen.refunded_minor, seen.fee_minor, seen.live) == (10000, 2500, 320, True)


def test_a_fee_in_another_currency_is_left_to_the_settlement() -> None:
    booked = {"id": "txn_1", "fee": 320, "currency": "eur"}

    assert reading.charge(intent(latest_charge={"id": "ch_1", "balance_transaction": booked})).fee_minor == 0


def test_ids_in_the_place_of_objects_are_taken() -> None:
    seen = reading.charge(intent(latest_charge="ch_1", payment_method="pm_1", customer="cus_1"))

    assert (seen.captured_minor, seen.card, seen.fee_minor) == (10000, None, 0)


def test_a_customer_authenticates_at_stripes_address() -> None:
    action = {"type": "redirect_to_url", "redirect_to_url": {"url": "https://hooks.stripe.com/1?secret=2"}}

    seen = reading.charge(intent(status="requires_action", next_action=action))

    assert seen.action_url == "https://hooks.stripe.com/1?secret=2"
    assert "hooks.stripe.com" not in repr(seen.raw)


def test_secrets_are_left_out_at_any_depth() -> None:
    found = {"a": [{"client_secret": "x", "kept": 1}], "billing_details": {"email": "x"}, "b": {"c": 2}}

    assert reading.without_secrets(found) == {"a": [{"kept": 1}], "b": {"c": 2}}


@pytest.mark.parametrize(
    ("error", "kind", "code"),
    [
        ({"decline_code": "insufficient_funds"}, DeclineClass.INSUFFICIENT_FUNDS, "insufficient_funds"),
        ({"code": "expired_card"}, DeclineClass.EXPIRED, "expired_card"),
        ({"code": "expired_card", "decline_code": "generic"}, DeclineClass.EXPIRED, "generic"),
        ({"decline_code": "lost_card"}, DeclineClass.STOLEN, "lost_card"),
        ({"decline_code": "stop_payment_order"}, DeclineClass.NEVER_APPROVE, "stop_payment_order"),
        (
            {"code": "authentication_required", "decline_code": "authentication_required"},
            DeclineClass.AUTHENTICATION_REQUIRED,
            "authentication_required",
        ),
        ({"code": "card_declined", "decline_code": "do_not_honor"}, DeclineClass.OTHER, "do_not_honor"),
        ({"code": "card_declined"}, DeclineClass.OTHER, "card_declined"),
        ({}, DeclineClass.OTHER, ""),
        (
            {"decline_code": "do_not_honor", "advice_code": "do_not_try_again"},
            DeclineClass.NEVER_APPROVE,
            "do_not_honor",
        ),
        (
            {"decline_code": "stolen_card", "advice_code": "do_not_try_again"},
            DeclineClass.STOLEN,
            "stolen_card",
        ),
    ],
)
def test_each_decline_has_its_class(error: dict[str, str], kind: DeclineClass, code: str) -> None:
    found = decline(error)

    assert (found.kind, found.code) == (kind, code)


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        ("pending", RefundOutcome.PROCESSING),
        ("requires_action", RefundOutcome.PROCESSING),
        ("succeeded", RefundOutcome.SUCCEEDED),
        ("failed", RefundOutcome.FAILED),
        ("canceled", RefundOutcome.FAILED),
        ("not heard of", RefundOutcome.PROCESSING),
        (None, RefundOutcome.PROCESSING),
    ],
)
def test_every_status_of_a_refund_has_its_outcome(status: str | None, outcome: RefundOutcome) -> None:
    found = {"id": "re_1", "amount": 5, "currency": "usd", "created": 1, "status": status}

    seen = reading.refund({**found, "payment_intent": "pi_1", "failure_reason": "lost_or_stolen_card"})

    assert (seen.outcome, seen.charge_id, seen.reason) == (outcome, "pi_1", "lost_or_stolen_card")


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        ("requires_payment_method", SetupOutcome.WAITING),
        ("requires_confirmation", SetupOutcome.WAITING),
        ("requires_action", SetupOutcome.WAITING),
        ("processing", SetupOutcome.WAITING),
        ("succeeded", SetupOutcome.SAVED),
        ("canceled", SetupOutcome.CANCELLED),
    ],
)
def test_every_status_of_a_setup_has_its_outcome(status: str, outcome: SetupOutcome) -> None:
    assert reading.setup_outcome({"status": status}) is outcome


def a_dispute(**fields: Any) -> dict[str, Any]:
    return {
        "object": "dispute",
        "id": "du_1",
        "amount": 10000,
        "currency": "usd",
        "status": "needs_response",
        "reason": "fraudulent",
        "created": 1_790_000_000,
        "charge": "ch_1",
        "payment_intent": "pi_1",
        "balance_transactions": [],
        **fields,
    }


WITHDRAWN = {"id": "txn_1", "amount": -10000, "fee": 1500, "currency": "usd"}
REINSTATED = {"id": "txn_2", "amount": 10000, "fee": 0, "currency": "usd"}


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        ("needs_response", DisputeOutcome.OPEN),
        ("under_review", DisputeOutcome.OPEN),
        ("warning_needs_response", DisputeOutcome.OPEN),
        ("warning_closed", DisputeOutcome.WON),
        ("won", DisputeOutcome.WON),
        ("lost", DisputeOutcome.LOST),
    ],
)
def test_a_dispute_tells_its_outcome_and_reason(
    gateway: StripeGateway, server: StandIn, status: str, outcome: DisputeOutcome
) -> None:
    server.answers["GET", "/v1/disputes/du_1"] = (200, a_dispute(status=status))

    seen = gateway.fetch_dispute("du_1")

    assert (seen.id, seen.charge_id, seen.outcome) == ("du_1", "pi_1", outcome)
    assert (seen.amount, seen.reason, seen.answer_by) == (Money(10000, "USD"), "fraudulent", None)
    assert seen.opened_at == datetime.fromtimestamp(1_790_000_000, UTC)


@pytest.mark.parametrize(
    ("booked", "taken", "fee"),
    [
        ([], 0, 0),
        ([WITHDRAWN], 10000, 1500),
        ([WITHDRAWN, REINSTATED], 0, 1500),
        ([WITHDRAWN, {**REINSTATED, "fee": -1500}], 0, 0),
        ([{**WITHDRAWN, "amount": -9100, "currency": "eur"}], 10000, 0),
    ],
)
def test_what_a_dispute_took_is_what_its_balance_transactions_come_to(
    booked: list[dict[str, Any]], taken: int, fee: int
) -> None:
    seen = reading.dispute(a_dispute(balance_transactions=booked))

    assert (seen.taken_minor, seen.fee_minor) == (taken, fee)


@pytest.mark.parametrize(
    ("booked", "outcome"),
    [([], DisputeOutcome.WON), ([WITHDRAWN], DisputeOutcome.LOST)],
    ids=["nothing was taken", "the network gave the money back"],
)
def test_a_dispute_that_was_prevented_is_lost_where_its_money_is_gone(
    booked: list[dict[str, Any]], outcome: DisputeOutcome
) -> None:
    seen = reading.dispute(a_dispute(status="prevented", balance_transactions=booked))

    assert (seen.outcome, seen.taken_minor) == (outcome, 10000 if booked else 0)


def test_a_dispute_tells_until_when_it_can_be_answered() -> None:
    seen = reading.dispute(a_dispute(evidence_details={"due_by": 1_790_500_000}))

    assert seen.answer_by == datetime.fromtimestamp(1_790_500_000, UTC)


def entry(kind: str, amount: int, fee: int, source: Any, category: str) -> dict[str, Any]:
    return {
        "object": "balance_transaction",
        "id": f"txn_{kind}_{amount}",
        "type": kind,
        "amount": amount,
        "fee": fee,
        "net": amount - fee,
        "currency": "usd",
        "source": source,
        "reporting_category": category,
    }


def payout(**fields: Any) -> dict[str, Any]:
    arrived = datetime(2026, 11, 20, tzinfo=UTC)
    return {
        "object": "payout",
        "id": "po_1",
        "amount": 5580,
        "currency": "usd",
        "status": "paid",
        "automatic": True,
        "arrival_date": int(arrived.timestamp()),
        **fields,
    }


def listed(*found: dict[str, Any]) -> tuple[int, Any]:
    return 200, {"object": "list", "data": list(found), "has_more": False, "url": "/v1/x"}


def test_a_settlement_consists_of_charges_refunds_disputes_and_fees(
    gateway: StripeGateway, server: StandIn
) -> None:
    charge = {"object": "charge", "id": "ch_1", "payment_intent": "pi_1"}
    entries = [
        entry("charge", 10000, 320, charge, "charge"),
        entry("refund", -2500, 0, {"object": "refund", "id": "re_1", "payment_intent": "pi_1"}, "refund"),
        entry(
            "adjustment", 0, 1500, {"object": "dispute", "id": "du_1", "payment_intent": "pi_2"}, "dispute"
        ),
        entry("stripe_fee", -100, 0, None, "fee"),
        entry("payout", -5580, 0, "po_1", "payout"),
    ]
    server.answers["GET", "/v1/payouts"] = listed(payout())
    server.answers["GET", "/v1/balance_transactions"] = listed(*entries)

    (seen,) = gateway.list_settlements(since=date(2026, 11, 19))

    assert (seen.id, seen.currency, seen.paid_on) == ("po_1", "USD", date(2026, 11, 20))
    assert seen.lines == (
        SettlementLine("pi_1", 10000, 320, LineKind.CHARGE, "pi_1"),
        SettlementLine("re_1", -2500, 0, LineKind.REFUND, "pi_1"),
        SettlementLine("du_1", 0, 1500, LineKind.DISPUTE, "pi_2"),
        SettlementLine("", 0, 100, LineKind.FEE),
    )
    assert (seen.gross_minor, seen.fee_minor, seen.net_minor) == (7500, 1920, 5580)
    (asked,) = server.sent("GET", "/v1/payouts")
    assert asked.params["arrival_date[gte]"] == str(int(datetime(2026, 11, 19, tzinfo=UTC).timestamp()))
    assert server.sent("GET", "/v1/balance_transactions")[0].params["payout"] == "po_1"


def test_parts_of_a_unit_that_has_none_here_hold_up_no_settlement(
    gateway: StripeGateway, server: StandIn
) -> None:
    charge = {"object": "charge", "id": "ch_1", "payment_intent": "pi_1"}
    entries = [
        entry("charge", 1000000, 32050, charge, "charge") | {"currency": "isk"},
        entry("stripe_fee", -1010, 0, None, "fee") | {"currency": "isk"},
    ]
    server.answers["GET", "/v1/payouts"] = listed(payout(amount=966940, currency="isk"))
    server.answers["GET", "/v1/balance_transactions"] = listed(*entries)

    (seen,) = gateway.list_settlements(since=date(2026, 11, 19))

    assert (seen.currency, seen.net_minor, seen.fee_minor) == ("ISK", 9669, 331)
    assert seen.lines == (
        SettlementLine("pi_1", 10000, 321, LineKind.CHARGE, "pi_1"),
        SettlementLine("", 0, 10, LineKind.FEE),
    )


def test_a_fee_of_parts_of_a_unit_keeps_no_charge_from_being_read() -> None:
    latest = {"id": "ch_1", "balance_transaction": {"id": "txn_1", "fee": 32050, "currency": "isk"}}

    seen = reading.charge(intent(amount=1000000, currency="isk", latest_charge=latest))

    assert (seen.captured_minor, seen.fee_minor) == (10000, 321)


def test_a_fee_of_parts_of_a_unit_keeps_no_dispute_from_being_read() -> None:
    booked = [{"id": "txn_1", "amount": -1000000, "fee": 199950, "currency": "isk"}]

    seen = reading.dispute(a_dispute(amount=1000000, currency="isk", balance_transactions=booked))

    assert (seen.taken_minor, seen.fee_minor) == (10000, 2000)


def test_a_settlement_is_told_once_all_that_it_consists_of_is_known(
    gateway: StripeGateway, server: StandIn
) -> None:
    charge = {"object": "charge", "id": "ch_1", "payment_intent": "pi_1"}
    server.answers["GET", "/v1/payouts"] = listed(
        payout(reconciliation_status="completed"), payout(id="po_2", reconciliation_status="in_progress")
    )
    server.answers["GET", "/v1/balance_transactions"] = listed(entry("charge", 5900, 320, charge, "charge"))

    (seen,) = gateway.list_settlements(since=date(2026, 11, 19))

    assert seen.id == "po_1"
    assert len(server.sent("GET", "/v1/balance_transactions")) == 1


def test_a_settlement_that_failed_at_the_bank_says_when_and_why(
    gateway: StripeGateway, server: StandIn
) -> None:
    back = {"object": "balance_transaction", "id": "txn_9", "created": 1795392000}
    failed = payout(
        status="failed",
        failure_code="account_closed",
        failure_message="The bank account has been closed.",
        failure_balance_transaction=back,
    )
    charge = {"object": "charge", "id": "ch_1", "payment_intent": "pi_1"}
    server.answers["GET", "/v1/payouts"] = listed(failed, payout(id="po_2", status="pending"))
    server.answers["GET", "/v1/balance_transactions"] = listed(
        entry("charge", 5900, 320, charge, "charge"),
        entry("payout", -5580, 0, "po_1", "payout"),
        entry("payout_failure", 5580, 0, "po_1", "payout_reversal"),
    )

    (seen,) = gateway.list_settlements(since=date(2026, 11, 19))

    assert (seen.id, seen.net_minor) == ("po_1", 5580)
    assert (seen.returned_on, seen.return_reason) == (date(2026, 11, 23), "The bank account has been closed.")
    assert seen.lines == (SettlementLine("pi_1", 5900, 320, LineKind.CHARGE, "pi_1"),)


def test_a_later_settlement_names_the_one_that_it_pays_again(gateway: StripeGateway, server: StandIn) -> None:
    server.answers["GET", "/v1/payouts"] = listed(payout(id="po_2"))
    server.answers["GET", "/v1/balance_transactions"] = listed(
        entry("payout_failure", 5580, 0, {"object": "payout", "id": "po_1"}, "payout_reversal"),
        entry("payout", -5580, 0, "po_2", "payout"),
    )

    (seen,) = gateway.list_settlements(since=date(2026, 11, 19))

    assert (seen.returned_on, seen.return_reason) == (None, "")
    assert seen.lines == (SettlementLine("po_1", 5580, 0, LineKind.SETTLEMENT_RETURNED),)


def test_a_settlement_ordered_by_hand_has_no_lines(gateway: StripeGateway, server: StandIn) -> None:
    server.answers["GET", "/v1/payouts"] = listed(payout(automatic=False))

    (seen,) = gateway.list_settlements(since=date(2026, 11, 19))

    assert (seen.gross_minor, seen.fee_minor, seen.net_minor, seen.lines) == (5580, 0, 5580, ())
    assert server.sent("GET", "/v1/balance_transactions") == []
