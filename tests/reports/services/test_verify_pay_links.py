"""verify: each thing that is wrong with a payment by link gives its finding."""

import pytest

from duebook.payments.models import Charge, ChargeLine, PayLink, PaymentMethod
from duebook.reports.services.verify_books import Finding, verify_books
from tests.factories import make_contact, make_invoice, usd
from tests.past_the_guards import past_the_guards
from tests.payments.fake_gateway import FakeGateway, make_card
from tests.payments.pay_by_link import offer_to_pay, pay

pytestmark = [pytest.mark.django_db, pytest.mark.broken_books]


def names() -> set[str]:
    return {finding.check for finding in verify_books()}


def test_a_payment_by_link_is_sound(gateway: FakeGateway) -> None:
    pay(gateway, offer_to_pay(make_invoice("100.00")), usd("40.00"))

    assert verify_books() == []


def test_a_link_for_another_contact_s_invoice_is_seen(gateway: FakeGateway) -> None:
    acme, ring = make_contact("Acme"), make_contact("Ring")
    offered = offer_to_pay(make_invoice(contact=acme))

    with past_the_guards():
        PayLink.objects.update(contact=ring)

    wrong = Finding(
        "link_of_invoice", f"L-{offered.link_id}", f"contact {ring.pk} in USD", f"contact {acme.pk} in USD"
    )
    assert verify_books() == [wrong]


def test_a_charge_of_another_amount_than_agreed_to_is_seen(gateway: FakeGateway) -> None:
    payment = pay(gateway, offer_to_pay(make_invoice("100.00")), token="tok_slow")

    with past_the_guards():
        Charge.objects.update(amount_minor=9_000)
        ChargeLine.objects.update(amount_minor=9_000)

    assert payment.charge is not None
    assert {"link_of_charge", "lines_of_link_payment"} <= names()


def test_a_line_for_an_invoice_that_the_link_does_not_name_is_seen(gateway: FakeGateway) -> None:
    acme = make_contact("Acme")
    pay(gateway, offer_to_pay(make_invoice(contact=acme)), token="tok_slow")
    other = make_invoice(contact=acme)

    with past_the_guards():
        ChargeLine.objects.update(invoice=other)

    assert "lines_of_link_payment" in names()


def test_a_card_that_nobody_entered_to_pay_is_seen(gateway: FakeGateway) -> None:
    card = make_card(make_contact(), "tok_lost")

    PaymentMethod.objects.filter(pk=card.pk).update(on_file=False)

    assert verify_books() == [
        Finding("card_not_on_file", f"card {card.pk}", "a payment by link or a recovered charge", "none")
    ]
