"""verify --gateway: equal books give no finding; what differs from the processor's book is told in words."""

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from duebook.domain.settlements import LineKind
from duebook.gateways.accounts import NO_KEY, PURPOSE
from duebook.gateways.models import MerchantAccount
from duebook.gateways.protocol import Outcome, OutcomeUnknown, SettlementLine
from duebook.payments.models import Charge, Payment, PaymentType
from duebook.reports.services import verify_gateways as service
from duebook.reports.services.verify_books import Finding
from duebook.reports.services.verify_gateways import verify_gateways
from duebook.staff.sealing import seal
from tests.factories import make_contact, make_invoice, make_payment
from tests.gateways.sandbox.server import SECRET, running_sandbox
from tests.payments.acts import bounce
from tests.payments.fake_gateway import FakeGateway, make_card, make_merchant_account
from tests.payments.settling import a_charge, a_refund, fetch, line_of, line_of_refund, line_of_settlement

pytestmark = pytest.mark.django_db


def later() -> datetime:
    """A time at which nothing is under way any more."""
    return timezone.now() + timedelta(hours=1)


def findings() -> list[Finding]:
    return verify_gateways(now=later())


def told(check: str) -> list[tuple[str, str, str]]:
    return [(one.what, one.expected, one.found) for one in findings() if one.check == check]


def test_equal_books_give_no_finding(gateway: FakeGateway) -> None:
    paid_out, waiting, voided = a_charge("100.00"), a_charge("20.00"), a_charge("30.00")
    a_refund(voided, "30.00")
    gateway.is_settled = True
    gateway.pay_out(line_of(paid_out, fee_minor=320), line_of_refund(a_refund(paid_out, "25.00")))
    gateway.pay_out(SettlementLine("", 0, 500, LineKind.FEE))
    a_refund(waiting, "5.00")
    fetch()

    assert findings() == []


def test_a_business_without_cards_has_nothing_to_ask() -> None:
    assert findings() == []


def test_a_charge_that_is_not_in_the_books_is_told(gateway: FakeGateway) -> None:
    a_charge("100.00")
    gateway.charges["ch_9"] = replace(gateway.charges["ch_1"], id="ch_9", reference="of someone else")

    assert findings() == [
        Finding("gateway_charge", "ch_9", "10000 USD, 0 refunded", "no charge in the books"),
        Finding("gateway_clearing", "card clearing of Sandbox (test)", "20000 USD", "10000 USD"),
    ]


def test_a_charge_that_the_processor_does_not_know_is_told(gateway: FakeGateway) -> None:
    charge = a_charge("100.00")
    del gateway.charges["ch_1"]

    assert told("gateway_charge") == [
        (f"C-{charge.pk} (ch_1)", "nothing at the processor", "10000 USD, 0 refunded")
    ]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"captured_minor": 9000}, "9000 USD, 0 refunded"),
        ({"refunded_minor": 2500}, "10000 USD, 2500 refunded"),
        ({"outcome": Outcome.DECLINED}, "0 USD, 0 refunded"),
    ],
)
def test_another_amount_is_told(gateway: FakeGateway, fields: dict[str, object], expected: str) -> None:
    charge = a_charge("100.00")
    gateway.charges["ch_1"] = replace(gateway.charges["ch_1"], **fields)

    assert told("gateway_charge") == [(f"C-{charge.pk} (ch_1)", expected, "10000 USD, 0 refunded")]


def test_a_charge_that_is_under_way_is_left_out(gateway: FakeGateway) -> None:
    a_charge("100.00")
    gateway.charges["ch_1"] = replace(gateway.charges["ch_1"], refunded_minor=2500)

    assert verify_gateways(now=timezone.now()) == []


def test_a_charge_that_was_made_while_the_processor_answered_is_left_out(gateway: FakeGateway) -> None:
    a_charge("100.00")
    del gateway.charges["ch_1"]

    assert verify_gateways(now=timezone.now()) == []


def test_a_refund_without_an_outcome_counts_neither_way(gateway: FakeGateway) -> None:
    charge = a_charge("100.00")
    gateway.charges["ch_1"] = replace(gateway.charges["ch_1"], refunded_minor=2500)
    Charge.objects.filter(pk=charge.pk).update(refunding_minor=2500)

    compared = service._Compared()
    service._compare_charge(gateway.charges["ch_1"], Charge.objects.get(pk=charge.pk), later(), compared)
    Charge.objects.filter(pk=charge.pk).update(refunding_minor=0)

    assert (compared.findings, compared.clearing["USD"]) == ([], 10000)


def test_a_settlement_that_was_not_imported_is_told(gateway: FakeGateway) -> None:
    gateway.pay_out(line_of(a_charge("100.00"), fee_minor=320))

    assert findings() == [
        Finding("gateway_settlement", "st_1", "9680 USD net, 320 fees", "not imported"),
        Finding("gateway_clearing", "card clearing of Sandbox (test)", "0 USD", "10000 USD"),
    ]


def test_a_settlement_that_the_processor_takes_back_is_told(gateway: FakeGateway) -> None:
    gateway.pay_out(line_of(a_charge("100.00")))
    fetch()
    gateway.settlements.clear()

    (found,) = told("gateway_settlement")
    assert found[1:] == ("nothing at the processor", "10000 USD net, 0 fees")


def test_a_settlement_that_says_something_else_now_is_told(gateway: FakeGateway) -> None:
    gateway.pay_out(line_of(a_charge("100.00")))
    fetch()
    gateway.settlements[0] = replace(gateway.settlements[0], net_minor=9000, fee_minor=1000)

    assert told("gateway_settlement") == [("st_1", "9000 USD net, 1000 fees", "10000 USD net, 0 fees")]


def test_a_settlement_that_the_bank_sent_back_is_compared_too(gateway: FakeGateway) -> None:
    gateway.pay_out(line_of(a_charge(), fee_minor=320))
    fetch()
    back = gateway.send_back()

    before = told("gateway_settlement")
    fetch()
    after = findings()
    gateway.pay_out(line_of_settlement(back))
    fetch()

    assert before == [("st_1", "9680 USD net, 320 fees, returned", "9680 USD net, 320 fees")]
    assert (after, findings()) == ([], [])


def test_a_dispute_before_and_after_its_settlement_gives_no_finding(gateway: FakeGateway) -> None:
    charge = a_charge("100.00")
    gateway.pay_out(line_of(charge))
    fetch()
    bounce(Payment.objects.get())
    before = findings()
    gateway.pay_out(SettlementLine("dp_1", -10000, 0, LineKind.DISPUTE, charge.gateway_id))
    fetch()

    assert (before, findings()) == ([], [])


def test_what_was_booked_by_hand_on_card_clearing_is_told(gateway: FakeGateway) -> None:
    account = make_merchant_account()
    PaymentType.objects.filter(label="Cash").update(account=account.clearing_account)
    make_payment("30.00", invoice=make_invoice("100.00"), type_label="Cash")

    assert told("gateway_clearing") == [("card clearing of Sandbox (test)", "0 USD", "3000 USD")]


def test_a_processor_that_does_not_answer_is_told_and_the_others_are_asked(gateway: FakeGateway) -> None:
    make_merchant_account("First")
    make_merchant_account("Second", sealed_secret="not sealed by us")
    gateway.fail("list_settlements", OutcomeUnknown)

    assert findings() == [
        Finding("gateway_reached", "First (test)", "an answer", "scripted"),
        Finding("gateway_reached", "Second (test)", "an answer", NO_KEY),
    ]


def test_an_account_out_of_use_is_asked_while_something_may_happen_to_its_charges(
    gateway: FakeGateway,
) -> None:
    make_merchant_account(active=False, last_event_at=timezone.now() - timedelta(days=179))
    gateway.fail("list_settlements", OutcomeUnknown)
    assert told("gateway_reached") == [("Sandbox (test)", "an answer", "scripted")]

    MerchantAccount.objects.update(last_event_at=timezone.now() - timedelta(days=181))
    gateway.fail("list_settlements", OutcomeUnknown)
    assert findings() == []


def test_no_more_is_told_than_a_person_reads(gateway: FakeGateway, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "MOST_OF_ONE_CHECK", 2)
    a_charge("100.00")
    for number in range(5):
        gateway.charges[f"x{number}"] = replace(gateway.charges["ch_1"], id=f"x{number}", reference="")

    charges = [one for one in findings() if one.check == "gateway_charge"]

    assert len(charges) == 3
    assert charges[-1] == Finding("gateway_charge", "all together", "0 findings", "5 findings")


@pytest.mark.django_db(transaction=True)
def test_the_sandbox_and_the_books_are_equal_after_charges_refunds_voids_and_settlements(
    tmp_path: Path,
) -> None:
    with running_sandbox(tmp_path / "book.sqlite3") as sandbox:
        make_merchant_account(sealed_secret=seal(SECRET, purpose=PURPOSE), base_url=sandbox.url)
        acme, saved = make_contact("Acme"), sandbox.card()
        make_card(acme, saved["token"], customer=saved["customer"])
        paid_out, voided = a_charge("100.00", acme), a_charge("30.00", acme)
        a_refund(voided, "30.00")
        sandbox.ask("POST", "/control/settlements")
        sandbox.advance(hours=72)
        a_refund(paid_out, "25.00")
        sandbox.ask("POST", "/control/settlements")
        a_charge("20.00", acme)

        before = told("gateway_settlement")
        imported = (fetch(), fetch())

        assert len(before) == 2
        assert imported == (2, 0)
        assert findings() == []
