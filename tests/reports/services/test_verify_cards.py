"""verify: each thing that is wrong with a card on file gives its finding."""

import pytest

from duebook.contacts.models import Contact
from duebook.payments.models import CardSetup, Charge, ChargeLine, PaymentMethod
from duebook.reports.services.verify_books import Finding, verify_books
from tests.factories import make_contact, make_invoice
from tests.past_the_guards import past_the_guards
from tests.payments.cards import save_card
from tests.payments.charging import charge_invoice
from tests.payments.fake_gateway import FakeGateway, make_card

pytestmark = [pytest.mark.django_db, pytest.mark.broken_books]


def charged(contact: Contact, card: PaymentMethod) -> Charge:
    invoice = make_invoice("100.00", contact=contact)
    return charge_invoice(invoice, card=card)


def test_a_card_saved_and_charged_is_sound(gateway: FakeGateway) -> None:
    acme = make_contact("Acme")
    charged(acme, save_card(gateway, acme))

    assert verify_books() == []


def test_a_card_of_another_than_the_link_s_contact_is_seen(gateway: FakeGateway) -> None:
    acme, ring = make_contact("Acme"), make_contact("Ring")
    card = save_card(gateway, acme)
    theirs = make_card(ring, "tok_theirs")

    CardSetup.objects.update(payment_method=theirs)

    at = f"at account {card.merchant_account_id}"
    setup = CardSetup.objects.get()
    wrong = Finding("card_of_setup", setup.reference, f"contact {acme.pk} {at}", f"contact {ring.pk} {at}")
    assert verify_books() == [wrong]


@pytest.mark.parametrize(
    ("token", "fields", "found"),
    [("tok_slow", {"active": False}, "an open charge"), ("tok_ok", {"is_default": True}, "the default")],
)
def test_a_card_out_of_use_that_is_used_is_seen(
    gateway: FakeGateway, token: str, fields: dict[str, bool], found: str
) -> None:
    acme = make_contact("Acme")
    card = make_card(acme, token)
    charged(acme, card)

    PaymentMethod.objects.update(**{**fields, "active": False})

    assert verify_books() == [Finding("card_in_use", f"card {card.pk}", "out of use", found)]


def test_a_charge_on_another_contact_s_card_is_seen(gateway: FakeGateway) -> None:
    acme, ring = make_contact("Acme"), make_contact("Ring")
    made = charged(acme, make_card(acme))
    theirs = make_card(ring, "tok_theirs")

    with past_the_guards():
        Charge.objects.update(payment_method=theirs)

    at = f"at account {made.merchant_account_id}"
    wrong = Finding("card_of_charge", str(made), f"contact {acme.pk} {at}", f"contact {ring.pk} {at}")
    assert verify_books() == [wrong]


def test_a_charge_for_another_contact_s_invoice_is_seen(gateway: FakeGateway) -> None:
    charge = charge_invoice(make_invoice("100.00"), token="tok_slow")
    other = make_invoice("100.00", contact=make_contact("Beta"))
    with past_the_guards():
        ChargeLine.objects.update(invoice=other)

    (found,) = verify_books()
    assert (found.check, found.what) == ("charge_of_invoice", str(charge))
