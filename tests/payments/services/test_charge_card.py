"""Charging a card on file: one payment of what the gateway took, whatever is repeated, refused or raced."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from duebook.domain import errors
from duebook.domain.charging import TRANSITIONS, ChargeInput, ChargeState
from duebook.domain.permissions import Right, Role
from duebook.domain.recording import Share
from duebook.events.models import Event
from duebook.invoices.models import Invoice
from duebook.ledger.models import Transfer
from duebook.payments.models import Charge, ChargeLine, Payment
from duebook.payments.services.ask_gateway import ask_gateway
from tests.factories import (
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
from tests.threads import at_once, in_threads

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

    results = in_threads(4, lambda i: charge(asked[i]).state)

    came_to = [getattr(result, "code", result) for result in results]
    assert came_to.count("succeeded") == 1
    assert set(came_to) <= {"succeeded", "charge_under_way", "invoice_paid"}
    assert sum(gateway.captures.values()) == 1
    assert Invoice.objects.get().balance_due_minor == 0


@pytest.mark.django_db(transaction=True)
def test_a_charge_against_a_payment_by_hand_books_both(gateway: FakeGateway) -> None:
    invoice = make_invoice("100.00")
    asked = wanted(invoice, "100.00")

    at_once(lambda: charge(asked), lambda: make_payment("60.00", invoice=invoice))

    booked = sum(payment.amount_minor for payment in Payment.objects.filter(charge_id__isnull=False))
    assert booked == gateway.taken_minor()


def test_a_merchant_account_out_of_use_charges_nothing(gateway: FakeGateway) -> None:
    make_merchant_account(active=False)
    asked = wanted(make_invoice("100.00"))

    with pytest.raises(errors.MerchantAccountInactive):
        charge(asked)


def test_no_receipt_is_sent_unasked_or_for_a_declined_card(gateway: FakeGateway) -> None:
    charge(wanted(make_invoice("100.00")))
    charge(wanted(make_invoice("100.00"), token="tok_no_funds", email_receipt=True))

    assert jobs("email_receipt") == []


@pytest.mark.parametrize("apart", [timedelta(minutes=5), -timedelta(minutes=5)])
def test_no_card_is_charged_while_the_clocks_differ(gateway: FakeGateway, apart: timedelta) -> None:
    asked = wanted(make_invoice("100.00"))
    gateway.clock_is_off_by = apart

    made = charge(asked)

    assert made.state == "not_performed"
    assert made.problem == (
        "The clocks of this server and of the card processor are 5 minutes apart. Set the clock of this"
        " server, then charge again."
    )
    assert gateway.captures == {}
    assert "confirm" not in gateway.calls


def test_clocks_that_differ_by_seconds_keep_nobody_from_paying(gateway: FakeGateway) -> None:
    asked = wanted(make_invoice("100.00"))
    gateway.clock_is_off_by = timedelta(seconds=50)

    made = charge(asked)

    assert made.state == "succeeded"
