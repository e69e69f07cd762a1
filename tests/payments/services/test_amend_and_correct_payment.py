"""What may change of a payment, and correcting one: both halves or neither."""

from typing import Any

import pytest
from django.db import IntegrityError, transaction

from duebook.domain import errors
from duebook.domain.permissions import Role
from duebook.events.models import Event
from duebook.payments.models import Allocation, Payment
from duebook.payments.services.amend_payment import amend_payment
from duebook.payments.services.correct_payment import correct_payment
from tests.factories import SYSTEM, actor, day, key, make_contact, make_invoice, make_payment, payment_input
from tests.snapshot import everything

pytestmark = pytest.mark.django_db


def test_notes_and_reference_change_and_the_old_ones_are_kept() -> None:
    payment = make_payment(invoice=make_invoice(), reference="447", notes="old")

    amend_payment(
        payment_id=payment.pk, reference="4471", notes="new", request_key=key(), actor=actor(Role.CLERK)
    )

    payment.refresh_from_db()
    assert (payment.reference, payment.notes) == ("4471", "new")
    assert Event.objects.get(name="payment.amended").payload["before"] == {"reference": "447", "notes": "old"}


def test_a_viewer_amends_nothing() -> None:
    payment = make_payment(invoice=make_invoice())
    before = everything()

    with pytest.raises(errors.Forbidden):
        amend_payment(
            payment_id=payment.pk, reference="x", notes="", request_key=key(), actor=actor(Role.VIEWER)
        )

    assert everything() == before


@pytest.mark.parametrize("name", ["reference", "notes"])
def test_a_card_number_is_never_written_down(name: str) -> None:
    payment = make_payment(invoice=make_invoice())
    before = everything()
    texts = {"reference": "", "notes": "", name: "4242 4242 4242 4242"}

    with pytest.raises(errors.CardNumberTyped) as refused:
        amend_payment(payment_id=payment.pk, **texts, request_key=key(), actor=SYSTEM)

    assert refused.value.field == name
    assert everything() == before


@pytest.mark.parametrize(
    "change",
    [
        {"amount_minor": 1},
        {"contact_id": 1},
        {"received_on": "2020-01-01"},
        {"currency": "EUR"},
        {"number": 999_999_999},
    ],
)
def test_the_database_refuses_to_change_a_payment_s_facts(change: dict[str, Any]) -> None:
    payment = make_payment(invoice=make_invoice())

    with pytest.raises(IntegrityError, match="facts"), transaction.atomic():
        Payment.objects.filter(pk=payment.pk).update(**change)
    with pytest.raises(IntegrityError, match="facts"), transaction.atomic():
        Allocation.objects.all().update(amount_minor=1)
    with pytest.raises(IntegrityError, match="facts"), transaction.atomic():
        Event.objects.all()._raw_delete("default")


def test_a_payment_for_the_wrong_contact_is_corrected_in_one_go() -> None:
    wrong, right = make_invoice(contact=make_contact("Wrong")), make_invoice(contact=make_contact("Right"))
    payment = make_payment("40.00", invoice=wrong)

    recorded = correct_payment(
        payment_id=payment.pk,
        wanted=payment_input("40.00", invoice=right),
        reason="Wrong contact",
        request_key=key(),
        actor=SYSTEM,
        on=day(),
    )

    wrong.refresh_from_db()
    right.refresh_from_db()
    payment.refresh_from_db()
    assert (wrong.applied_minor, right.applied_minor) == (0, 4000)
    assert payment.reversed_minor == 4000
    assert Payment.objects.get(pk=recorded.payment_id).contact_id == right.contact_id


def test_when_the_right_one_is_refused_the_wrong_one_stays() -> None:
    invoice = make_invoice("100.00")
    payment = make_payment("40.00", invoice=invoice)
    before = everything()

    with pytest.raises(errors.AboveBalance):
        correct_payment(
            payment_id=payment.pk,
            wanted=payment_input("100.01", invoice=invoice),
            reason="Typo",
            request_key=key(),
            actor=SYSTEM,
            on=day(),
        )

    assert everything() == before


def test_the_whole_balance_is_free_for_the_corrected_payment() -> None:
    invoice = make_invoice("100.00")
    payment = make_payment("100.00", invoice=invoice)
    request_key = key()
    fields: dict[str, Any] = {
        "payment_id": payment.pk,
        "wanted": payment_input("100.00", invoice=invoice, type_label="Cash"),
        "reason": "It was cash",
        "request_key": request_key,
        "actor": SYSTEM,
        "on": day(),
    }

    recorded = correct_payment(**fields)
    before = everything()

    assert correct_payment(**fields).payment_id == recorded.payment_id
    assert everything() == before
