"""The statements of a charge that are written by hand: each row that they write, and how few they are."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from duebook.domain.charging import ChargeInput
from duebook.domain.recording import Share
from duebook.events.models import Event
from duebook.payments.models import Charge, ChargeLine, Observation, Payment
from duebook.payments.services.charge_card import charge_card
from duebook.payments.services.prepare_charge import key_of_attempt, prepare_charge
from duebook.staff.queries import installation_id
from tests.factories import SYSTEM, day, key, make_contact, make_invoice, usd
from tests.payments.charging import charge, wanted
from tests.payments.fake_gateway import FakeGateway, make_card

pytestmark = pytest.mark.django_db

STATEMENTS = 21
"""Of one that is approved, with BEGIN and COMMIT; an empty transaction among them is never sent."""


def row_of(model: type[Any], **which: Any) -> dict[str, Any]:
    """The only row, without when it was written."""
    (row,) = model.objects.filter(**which).values()
    return {name: value for name, value in row.items() if not name.endswith("_at") or value is None}


def test_a_prepared_charge_is_written_with_its_lines_and_its_event(gateway: FakeGateway) -> None:
    acme = make_contact("Acme")
    first, second = make_invoice("100.00", contact=acme), make_invoice("30.00", contact=acme)
    card = make_card(acme)
    shares = (Share(second.pk, usd("10.00")), Share(first.pk, usd("25.00")))
    asked = ChargeInput(
        acme.pk, card.pk, shares, apply_to_commissions=False, notes="häßlich", email_receipt=True
    )
    again = key()

    charge_id = prepare_charge(wanted=asked, request_key=again, actor=SYSTEM, on=day()).charge_id

    made = Charge.objects.get(pk=charge_id)
    assert row_of(Charge) == {
        "id": charge_id,
        "contact_id": acme.pk,
        "merchant_account_id": card.merchant_account_id,
        "payment_method_id": card.pk,
        "amount_minor": 3500,
        "currency": "USD",
        "key": made.key,
        "reference": f"duebook-{made.key[:32]}",
        "attempt": 1,
        "token": card.token,
        "customer": card.customer,
        "description": f"INV-{second.number}, INV-{first.number}",
        "debts": made.debts,
        "customer_present": False,
        "apply_to_commissions": False,
        "notes": "häßlich",
        "email_receipt": True,
        "prepared_by_id": SYSTEM.user_id,
        "source": SYSTEM.source.value,
        "state": "created",
        **dict.fromkeys(("gateway_id", "decline_kind", "decline_code", "decline_message"), ""),
        **dict.fromkeys(("action_url", "problem"), ""),
        **dict.fromkeys(("sent_at", "settled_at", "ask_at", "called_off_at"), None),
        **dict.fromkeys(("asked", "captured_minor", "refunding_minor", "refunded_minor"), 0),
        **dict.fromkeys(("disputed_minor", "returned_minor", "dispute_fee_minor"), 0),
        **dict.fromkeys(("cleared_minor", "uncleared_minor"), 0),
    }
    lines = ChargeLine.objects.order_by("id").values_list(
        "charge_id", "invoice_id", "amount_minor", "is_open"
    )
    assert list(lines) == [(charge_id, second.pk, 1000, True), (charge_id, first.pk, 2500, True)]
    event = Event.objects.get(name="charge.prepared")
    assert (event.request_key, event.actor_id, event.contact_id) == (again, SYSTEM.user_id, acme.pk)
    assert (event.order_id, event.payment_id, event.source) == (None, None, SYSTEM.source.value)
    assert event.payload == {
        "charge_id": charge_id,
        "number": str(made),
        "amount_minor": 3500,
        "currency": "USD",
        "card": str(card),
        "invoices": [second.pk, first.pk],
    }


def test_the_key_of_an_attempt_follows_from_the_books_the_debt_and_its_number(gateway: FakeGateway) -> None:
    invoice = make_invoice("100.00")

    made = [charge(wanted(invoice, token="tok_no_funds")), charge(wanted(invoice))]

    keys = [key_of_attempt(installation_id(), "charge", [invoice.pk], number) for number in (1, 2)]
    assert [(one.attempt, one.key) for one in made] == list(enumerate(keys, start=1))


def test_an_approved_charge_has_its_handle_its_observation_and_closed_lines(gateway: FakeGateway) -> None:
    invoice = make_invoice("100.00")

    made = charge(wanted(invoice))

    payment = Payment.objects.get()
    assert (made.state, made.gateway_id, made.captured_minor) == ("succeeded", "ch_1", 4000)
    assert made.sent_at is not None
    assert made.settled_at is not None
    assert row_of(Observation) == {
        "id": Observation.objects.get().pk,
        "charge_id": made.pk,
        "gateway_refund_id": None,
        "dispute_id": None,
        "channel": "reply",
        "seen": "succeeded",
        "state_before": "sent",
        "state_after": "succeeded",
        "problem": "",
        "payload": Observation.objects.get().payload,
    }
    assert not ChargeLine.objects.filter(is_open=True).exists()
    assert payment.charge_id == made.pk


def test_a_charge_takes_few_statements_however_many_there_were_before(gateway: FakeGateway) -> None:
    invoice, today = make_invoice("100.00"), day()
    counts = []
    for _ in range(2):
        asked = wanted(invoice, "10.00")
        with CaptureQueriesContext(connection) as queries:
            charge_card(wanted=asked, request_key=key(), actor=SYSTEM, on=today)
        counts.append(len(queries))

    assert counts[0] == counts[1] <= STATEMENTS
