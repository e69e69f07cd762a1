"""Charging a card on file: prepare, send, settle, ask until it is known. Nothing is lost or doubled."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from duebook.domain import errors
from duebook.domain.charging import TRANSITIONS, ChargeInput, ChargeState
from duebook.domain.permissions import Right, Role
from duebook.domain.recording import Share
from duebook.events.models import Event
from duebook.gateways.accounts import NO_KEY
from duebook.gateways.models import MerchantAccount
from duebook.gateways.protocol import Busy, Misconfigured, NothingHappened, Outcome, OutcomeUnknown
from duebook.invoices.models import Invoice
from duebook.ledger.models import Transfer
from duebook.payments.models import Charge, ChargeLine, Observation, Payment
from duebook.payments.services.ask_gateway import (
    ask_gateway,
    charges_left_behind,
    charges_to_ask,
    drop_charge,
)
from duebook.payments.services.cancel_charge import cancel_charge
from duebook.payments.services.prepare_charge import prepare_charge
from duebook.payments.services.send_charge import send_charge
from tests.factories import (
    SYSTEM,
    actor,
    day,
    key,
    make_contact,
    make_invoice,
    make_partner,
    make_payment,
    make_program,
    usd,
)
from tests.payments.cards import jobs
from tests.payments.charging import charge, its_turn, wanted
from tests.payments.fake_gateway import FakeGateway, make_card, make_merchant_account
from tests.snapshot import everything

pytestmark = pytest.mark.django_db


def test_an_approved_charge_is_a_payment_on_the_invoice(gateway: FakeGateway) -> None:
    dana = make_partner("Dana")
    make_program(dana)
    invoice = make_invoice("100.00", lead_partner_id=dana.pk)

    made = charge(wanted(invoice, notes="by phone"))

    payment = Payment.objects.get()
    invoice.refresh_from_db()
    assert (made.state, made.captured_minor, made.ask_at) == ("succeeded", 4000, None)
    assert (payment.charge_id, payment.amount_minor, payment.kind) == (made.pk, 4000, "money")
    assert (payment.payment_type.label, payment.notes) == ("Credit Card (charge now)", "by phone")
    assert (payment.received_on, payment.reference) == (day(), f"C-{made.pk}")
    assert invoice.balance_due_minor == 6000
    received = Transfer.objects.get(kind="payment_received")
    assert (received.debit_account.name, received.amount_minor) == ("Card clearing Sandbox", 4000)
    assert Transfer.objects.get(kind="commission_earned").amount_minor == 400
    assert [event.name for event in Event.objects.order_by("id")][-2:] == [
        "charge.prepared",
        "payment.recorded",
    ]
    assert gateway.captures == {"ch_1": 1}
    assert gateway.calls == ["create", "confirm"]


def test_one_charge_pays_several_invoices(gateway: FakeGateway) -> None:
    acme = make_contact("Acme")
    first, second = make_invoice("100.00", contact=acme), make_invoice("30.00", contact=acme)
    card = make_card(acme)
    shares = (Share(first.pk, usd("100.00")), Share(second.pk, usd("10.00")))

    charge(ChargeInput(acme.pk, card.pk, shares))

    assert [i.balance_due_minor for i in Invoice.objects.order_by("id")] == [0, 2000]
    assert Payment.objects.get().amount_minor == 11000
    assert gateway.taken_minor() == 11000


def test_the_same_request_again_charges_nothing_and_returns_the_same_charge(gateway: FakeGateway) -> None:
    asked, again = wanted(make_invoice("100.00")), key()

    first = charge(asked, request_key=again)
    second = charge(asked, request_key=again)

    assert first.pk == second.pk
    assert gateway.captures == {"ch_1": 1}
    with pytest.raises(errors.KeyReused):
        charge(ChargeInput(asked.contact_id, asked.payment_method_id, ()), request_key=again)


def test_a_decline_records_no_payment_and_frees_the_invoice(gateway: FakeGateway) -> None:
    invoice = make_invoice("100.00")

    made = charge(wanted(invoice, token="tok_no_funds"))

    assert (made.state, made.decline_kind, made.decline_message) == ("declined", "insufficient funds", "No.")
    assert not Payment.objects.exists()
    assert Event.objects.get(name="charge.declined").payload["decline"] == "insufficient funds"
    assert charge(wanted(invoice)).state == "succeeded"
    assert len({one.key for one in Charge.objects.all()}) == 2


@pytest.mark.parametrize("error", [NothingHappened, Misconfigured, OutcomeUnknown, Busy])
@pytest.mark.parametrize("after_effect", [False, True])
def test_without_a_handle_nothing_can_have_happened(
    gateway: FakeGateway, error: type[Exception], after_effect: bool
) -> None:
    gateway.fail("create", error, after_effect=after_effect)

    made = charge(wanted(make_invoice("100.00")))

    assert (made.state, made.problem) == ("not_performed", "scripted")
    assert gateway.captures == {}
    assert not ChargeLine.objects.filter(is_open=True).exists()


def test_without_a_key_to_the_secrets_nothing_is_sent_and_the_charge_says_why(gateway: FakeGateway) -> None:
    asked = wanted(make_invoice("100.00"))
    MerchantAccount.objects.update(sealed_secret="sealed with a key that is gone")

    made = charge(asked)

    assert (made.state, made.problem, gateway.calls) == ("not_performed", NO_KEY, [])
    assert not Payment.objects.exists()


def test_what_nobody_can_ask_for_want_of_the_key_stays_unknown(gateway: FakeGateway) -> None:
    gateway.fail("confirm", OutcomeUnknown, after_effect=True)
    made = charge(wanted(make_invoice("100.00")))
    opened = made.merchant_account.sealed_secret
    MerchantAccount.objects.update(sealed_secret="sealed with a key that is gone")
    its_turn(made)
    assert ask_gateway(charge_id=made.pk) is ChargeState.UNKNOWN
    made.refresh_from_db()
    assert made.problem == NO_KEY

    MerchantAccount.objects.update(sealed_secret=opened)
    its_turn(made)
    assert ask_gateway(charge_id=made.pk) is ChargeState.SUCCEEDED


@pytest.mark.parametrize("after_effect", [False, True])
def test_an_unknown_outcome_blocks_the_invoice_until_the_gateway_says(
    gateway: FakeGateway, after_effect: bool
) -> None:
    invoice = make_invoice("100.00")
    gateway.fail("confirm", OutcomeUnknown, after_effect=after_effect)

    made = charge(wanted(invoice))

    assert made.state == "unknown"
    assert not Payment.objects.exists()
    with pytest.raises(errors.ChargeUnderWay):
        charge(wanted(invoice, token="tok_other"))
    assert charges_to_ask(most=10) == []
    its_turn(made)
    assert charges_to_ask(most=10) == [made.pk]

    state = ask_gateway(charge_id=made.pk)

    assert state is (ChargeState.SUCCEEDED if after_effect else ChargeState.NOT_PERFORMED)
    assert gateway.taken_minor() == sum(p.amount_minor for p in Payment.objects.all())
    assert gateway.charges["ch_1"].outcome is (Outcome.SUCCEEDED if after_effect else Outcome.CANCELLED)


def test_a_busy_gateway_is_asked_again_soon(gateway: FakeGateway) -> None:
    gateway.fail("confirm", Busy, after_effect=True)

    made = charge(wanted(make_invoice("100.00")))
    assert made.state == "sent"
    its_turn(made)

    assert ask_gateway(charge_id=made.pk) is ChargeState.SUCCEEDED


def test_a_gateway_that_does_not_answer_is_asked_later_and_later(gateway: FakeGateway) -> None:
    gateway.fail("confirm", OutcomeUnknown)
    made = charge(wanted(make_invoice("100.00")))
    for turn in range(14):
        its_turn(made)
        gateway.fail("fetch", OutcomeUnknown)
        ask_gateway(charge_id=made.pk)
        made.refresh_from_db()
        assert (made.state, made.asked) == ("unknown", turn + 1)

    assert made.ask_at is None
    assert Observation.objects.filter(charge=made).count() == 15


def test_nobody_asks_before_its_turn(gateway: FakeGateway) -> None:
    gateway.fail("confirm", OutcomeUnknown)
    made = charge(wanted(make_invoice("100.00")))

    assert ask_gateway(charge_id=made.pk) is ChargeState.UNKNOWN
    assert gateway.calls == ["create", "confirm"]


def test_a_charge_that_needs_the_customer_waits_for_him(gateway: FakeGateway) -> None:
    made = charge(wanted(make_invoice("100.00"), token="tok_action"))
    assert (made.state, made.action_url) == ("requires_action", "https://bank.example/3ds")

    gateway.succeed("ch_1")
    its_turn(made)

    assert ask_gateway(charge_id=made.pk) is ChargeState.SUCCEEDED
    made.refresh_from_db()
    assert made.action_url == ""
    assert Payment.objects.get().charge_id == made.pk


def test_a_charge_that_waits_for_its_customer_can_be_cancelled(gateway: FakeGateway) -> None:
    invoice = make_invoice("100.00")
    made = charge(wanted(invoice, token="tok_action"))

    with pytest.raises(errors.Forbidden):
        cancel_charge(charge_id=made.pk, actor=actor(Role.VIEWER))
    gateway.fail("cancel", OutcomeUnknown)
    with pytest.raises(errors.GatewayUnreachable):
        cancel_charge(charge_id=made.pk, actor=SYSTEM)
    assert cancel_charge(charge_id=made.pk, actor=SYSTEM) is ChargeState.NOT_PERFORMED

    with pytest.raises(errors.ChargeNotWaiting):
        cancel_charge(charge_id=made.pk, actor=SYSTEM)
    with pytest.raises(errors.NotFound):
        cancel_charge(charge_id=0, actor=SYSTEM)
    assert charge(wanted(invoice)).state == "succeeded"


def test_a_customer_who_was_faster_than_the_cancelling_has_paid(gateway: FakeGateway) -> None:
    made = charge(wanted(make_invoice("100.00"), token="tok_action"))
    gateway.succeed("ch_1")

    assert cancel_charge(charge_id=made.pk, actor=SYSTEM) is ChargeState.SUCCEEDED
    assert Payment.objects.get().charge_id == made.pk


def test_what_was_paid_meanwhile_becomes_credit_on_account(gateway: FakeGateway) -> None:
    invoice = make_invoice("100.00")
    made = charge(wanted(invoice, amount="100.00", token="tok_slow"))
    assert made.state == "pending"
    make_payment("70.00", invoice=invoice)

    gateway.succeed("ch_1")
    its_turn(made)
    ask_gateway(charge_id=made.pk)

    payment = Payment.objects.get(charge_id=made.pk)
    assert (payment.allocated_minor, payment.credit_minor) == (3000, 7000)


def test_an_answer_about_other_money_is_never_booked(gateway: FakeGateway) -> None:
    made = charge(wanted(make_invoice("100.00"), token="tok_slow"))
    seen = gateway.charges["ch_1"]
    gateway.charges["ch_1"] = type(seen)(
        seen.id, Outcome.SUCCEEDED, usd("41.00"), seen.reference, seen.created_at, captured_minor=4100
    )
    its_turn(made)

    assert ask_gateway(charge_id=made.pk) is ChargeState.PENDING
    made.refresh_from_db()
    assert made.problem == "the gateway says $41.00, not $40.00"
    assert not Payment.objects.exists()


def test_a_charge_that_was_only_written_down_is_dropped_and_never_sent(gateway: FakeGateway) -> None:
    prepared = prepare_charge(
        wanted=wanted(make_invoice("100.00")), request_key=key(), actor=SYSTEM, on=day()
    )
    assert charges_left_behind() == []

    drop_charge(charge_id=prepared.charge_id)
    send_charge(charge_id=prepared.charge_id)

    assert Charge.objects.get().state == "not_performed"
    assert gateway.calls == []


def test_a_sender_that_slept_too_long_finds_the_charge_settled_and_sends_nothing(
    gateway: FakeGateway,
) -> None:
    made = prepare_charge(wanted=wanted(make_invoice("100.00")), request_key=key(), actor=SYSTEM, on=day())

    def meanwhile(call: str) -> None:
        gateway.on_call = lambda _: None
        Charge.objects.update(ask_at=timezone.now() - timedelta(seconds=1))
        assert ask_gateway(charge_id=made.charge_id) is ChargeState.NOT_PERFORMED

    gateway.on_call = meanwhile
    send_charge(charge_id=made.charge_id)

    assert gateway.calls == ["create"]
    assert gateway.captures == {}


def test_a_sender_that_slept_before_confirming_finds_the_charge_cancelled(gateway: FakeGateway) -> None:
    made = prepare_charge(wanted=wanted(make_invoice("100.00")), request_key=key(), actor=SYSTEM, on=day())

    def meanwhile(call: str) -> None:
        if call == "confirm":
            gateway.on_call = lambda _: None
            Charge.objects.update(ask_at=timezone.now() - timedelta(seconds=1))
            ask_gateway(charge_id=made.charge_id)

    gateway.on_call = meanwhile
    send_charge(charge_id=made.charge_id)

    assert Charge.objects.get().state == "not_performed"
    assert gateway.captures == {}


@pytest.mark.parametrize(
    ("who", "error"),
    [
        (actor(Role.VIEWER), errors.Forbidden),
        (actor(Role.CLERK, limits={(Right.CHARGE_CARDS, "USD"): 3999}), errors.AboveLimit),
    ],
)
def test_who_may_not_charge_changes_nothing(gateway: FakeGateway, who: Any, error: type[Exception]) -> None:
    asked = wanted(make_invoice("100.00"))
    before = everything()

    with pytest.raises(error):
        charge(asked, actor=who)

    assert everything() == before
    assert gateway.calls == []


def test_a_refused_charge_changes_nothing_and_sends_nothing(gateway: FakeGateway) -> None:
    invoice = make_invoice("100.00")
    asked = wanted(invoice, amount="100.01")
    before = everything()

    with pytest.raises(errors.AboveBalance):
        charge(asked)
    with pytest.raises(errors.NotFound):
        charge(ChargeInput(invoice.contact_id, 0, asked.shares))

    assert everything() == before
    assert gateway.calls == []


def test_keys_follow_from_the_debt_and_the_attempt(gateway: FakeGateway) -> None:
    invoice = make_invoice("100.00")
    asked = wanted(invoice, token="tok_no_funds")

    first, second = charge(asked), charge(asked)

    assert (first.attempt, second.attempt) == (1, 2)
    assert first.key != second.key
    assert first.reference == f"duebook-{first.key[:32]}"


def test_the_database_keeps_to_the_table_of_transitions(gateway: FakeGateway) -> None:
    made = charge(wanted(make_invoice("100.00"), token="tok_slow"))
    allowed = {(a.value, b.value) for a, after in TRANSITIONS.items() for b in after}

    for old in ChargeState:
        for new in ChargeState:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute("SET session_replication_role = replica")
                cursor.execute("UPDATE payments_charge SET state = %s", [old.value])
                cursor.execute("SET session_replication_role = origin")
                try:
                    with transaction.atomic():
                        Charge.objects.filter(pk=made.pk).update(state=new.value)
                    went = True
                except IntegrityError:
                    went = False
                transaction.set_rollback(True)
            assert went == (old is new or (old.value, new.value) in allowed), (old, new)


def test_the_database_takes_one_open_charge_an_invoice_and_one_payment_a_charge(
    gateway: FakeGateway,
) -> None:
    invoice = make_invoice("100.00")
    made = charge(wanted(invoice, token="tok_slow"))
    other = Charge.objects.get(pk=made.pk)
    other.pk, other.key, other.reference, other.gateway_id = None, "other", "other", ""

    with transaction.atomic():
        other.save()
        line = ChargeLine(charge=other, invoice=invoice, amount_minor=1)
        with pytest.raises(IntegrityError, match="one_open_an_invoice"), transaction.atomic():
            line.save()
        transaction.set_rollback(True)
    gateway.succeed("ch_1")
    its_turn(made)
    ask_gateway(charge_id=made.pk)
    payment = Payment.objects.get()
    payment.pk = None
    payment.number = 999
    with pytest.raises(IntegrityError, match="payment_one_a_charge"), transaction.atomic():
        payment.save(force_insert=True)


@pytest.mark.django_db(transaction=True)
def test_two_clerks_who_charge_one_invoice_charge_it_once(gateway: FakeGateway) -> None:
    invoice = make_invoice("100.00")
    asked = [wanted(invoice, "100.00", token) for token in ("tok_a", "tok_b", "tok_c", "tok_d")]

    def run(one: ChargeInput) -> str:
        try:
            return charge(one).state
        except (errors.ChargeUnderWay, errors.InvoicePaid) as refusal:
            return refusal.code
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        came_to = list(pool.map(run, asked))

    assert came_to.count("succeeded") == 1
    assert set(came_to) <= {"succeeded", "charge_under_way", "invoice_paid"}
    assert sum(gateway.captures.values()) == 1
    assert Invoice.objects.get().balance_due_minor == 0


@pytest.mark.django_db(transaction=True)
def test_a_charge_against_a_payment_by_hand_books_both(gateway: FakeGateway) -> None:
    invoice = make_invoice("100.00")
    asked = wanted(invoice, "100.00")

    def pay() -> None:
        try:
            make_payment("60.00", invoice=invoice)
        except errors.DomainError:
            pass
        finally:
            connection.close()

    def take() -> None:
        try:
            charge(asked)
        except errors.DomainError:
            pass
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda act: act(), [take, pay]))

    booked = sum(payment.amount_minor for payment in Payment.objects.filter(charge_id__isnull=False))
    assert booked == gateway.taken_minor()


@pytest.mark.django_db(transaction=True)
def test_two_who_ask_at_once_book_one_payment(gateway: FakeGateway) -> None:
    made = charge(wanted(make_invoice("100.00"), token="tok_slow"))
    gateway.succeed("ch_1")
    its_turn(made)

    def ask(_: int) -> None:
        try:
            ask_gateway(charge_id=made.pk)
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(ask, range(4)))

    assert Payment.objects.count() == 1


def test_a_merchant_account_out_of_use_charges_nothing(gateway: FakeGateway) -> None:
    make_merchant_account(active=False)
    asked = wanted(make_invoice("100.00"))

    with pytest.raises(errors.MerchantAccountInactive):
        charge(asked)


def test_a_receipt_that_was_asked_for_is_sent_when_the_outcome_is_known_late(gateway: FakeGateway) -> None:
    gateway.fail("confirm", OutcomeUnknown, after_effect=True)
    made = charge(wanted(make_invoice("100.00"), email_receipt=True))
    assert jobs("email_receipt") == []

    its_turn(made)
    ask_gateway(charge_id=made.pk)

    payment = Payment.objects.get(charge_id=made.pk)
    assert jobs("email_receipt") == [{"payment_id": payment.pk}]


def test_no_receipt_is_sent_unasked_or_for_a_declined_card(gateway: FakeGateway) -> None:
    charge(wanted(make_invoice("100.00")))
    charge(wanted(make_invoice("100.00"), token="tok_no_funds", email_receipt=True))

    assert jobs("email_receipt") == []
