"""A customer pays by a link: one charge for what was agreed to, whatever is repeated, raced or cut off."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from duebook.domain import errors
from duebook.domain.charging import ChargeInput
from duebook.domain.permissions import SYSTEM_ID
from duebook.domain.recording import Share
from duebook.events.models import Event
from duebook.gateways.protocol import DeclineClass, OutcomeUnknown
from duebook.invoices.models import Invoice
from duebook.jobs.tasks import close_link_payments, forget_card_at_gateway
from duebook.payments.card_reading import cards_of
from duebook.payments.models import CardSetup, Charge, LinkPayment, Payment, PaymentMethod, PaymentType
from duebook.payments.pay_links import link_payment_by_id, links_to_close
from duebook.payments.services.ask_gateway_now import ask_gateway_now
from duebook.payments.services.begin_card_setup import begin_card_setup
from duebook.payments.services.charge_card import charge_card
from duebook.payments.services.finish_card_setup import finish_card_setup
from duebook.payments.services.make_default_card import make_default_card
from duebook.payments.services.withdraw_pay_link import withdraw_pay_link
from duebook.staff.models import Business
from tests.factories import SYSTEM, day, key, make_contact, make_invoice, make_payment, usd
from tests.payments.cards import RETURN_URL, jobs, save_card
from tests.payments.fake_gateway import FakeGateway, make_card
from tests.payments.pay_by_link import (
    amounts_of,
    charge,
    choose,
    close,
    enter_card,
    later,
    offer_to_pay,
    pay,
    state_of,
)
from tests.snapshot import everything

pytestmark = pytest.mark.django_db


def test_everything_is_paid_by_one_charge_with_a_line_for_each_invoice(gateway: FakeGateway) -> None:
    acme = make_contact("Acme")
    first = make_invoice("100.00", contact=acme, ordered_on=day(-40))
    second = make_invoice("50.00", contact=acme)

    payment = pay(gateway, offer_to_pay(second, first))

    made = Charge.objects.get()
    assert payment.charge == made
    assert (made.state, made.amount_minor, made.customer_present) == ("succeeded", 15_000, True)
    assert (made.prepared_by_id, made.source) == (SYSTEM_ID, "web")
    assert amounts_of(payment) == [(first.pk, 10_000), (second.pk, 5_000)]
    assert list(made.lines.order_by("id").values_list("invoice_id", "amount_minor")) == amounts_of(payment)
    assert list(Invoice.objects.values_list("balance_due_minor", flat=True)) == [0, 0]
    assert Payment.objects.get().charge_id == made.pk
    assert gateway.taken_minor() == 15_000


def test_a_part_is_paid_and_the_link_takes_the_rest_later(gateway: FakeGateway) -> None:
    invoice = make_invoice("100.00")
    offered = offer_to_pay(invoice)

    pay(gateway, offered, usd("30.00"))
    rest = pay(gateway, offered)

    assert (rest.number, rest.amount_minor) == (2, 7_000)
    assert Invoice.objects.get().balance_due_minor == 0
    assert Payment.objects.count() == 2


def test_the_same_choice_sent_again_is_one_payment_and_other_input_is_refused(gateway: FakeGateway) -> None:
    offered, again = offer_to_pay(make_invoice("100.00")), key()

    first = choose(offered, usd("30.00"), again=again)
    second = choose(offered, usd("30.00"), again=again)

    assert first.pk == second.pk
    assert (LinkPayment.objects.count(), CardSetup.objects.count()) == (1, 1)
    assert Event.objects.filter(name="link_payment.begun").count() == 1
    with pytest.raises(errors.KeyReused):
        choose(offered, usd("31.00"), again=again)


@pytest.mark.parametrize(
    ("amount", "refusal"),
    [
        ("0.00", errors.AmountNotPositive),
        ("100.01", errors.AboveLinkBalance),
        ("0.49", errors.BelowMinimum),
    ],
)
def test_an_amount_that_cannot_be_paid_is_refused_and_nothing_is_written(
    gateway: FakeGateway, amount: str, refusal: type[errors.DomainError]
) -> None:
    offered = offer_to_pay(make_invoice("100.00"))
    before = everything()

    with pytest.raises(refusal):
        choose(offered, usd(amount))

    assert everything() == before


def test_charging_again_charges_nothing_more(gateway: FakeGateway) -> None:
    payment = pay(gateway, offer_to_pay(make_invoice("100.00")), usd("40.00"))
    before = everything()

    for _ in range(3):
        charge(payment)

    assert everything() == before
    assert gateway.taken_minor() == 4_000


@pytest.mark.parametrize("keeps_card", [True, False])
def test_the_bank_is_to_ask_once_and_for_later_charges_where_the_card_is_kept(
    gateway: FakeGateway, keeps_card: bool
) -> None:
    pay(gateway, offer_to_pay(make_invoice("100.00")), keeps_card=keeps_card)

    assert gateway.pays_now == {"seti_1": True}
    (sent,) = gateway.requests
    assert (sent.customer_present, sent.keeps_card) == (True, keeps_card)


@pytest.mark.parametrize("counts", [True, False])
def test_commissions_follow_what_the_business_set_for_charges(gateway: FakeGateway, counts: bool) -> None:
    PaymentType.objects.filter(kind="charge_now").update(apply_to_commissions=counts)

    payment = pay(gateway, offer_to_pay(make_invoice("100.00")))

    assert payment.charge is not None
    assert payment.charge.apply_to_commissions is counts


def test_nothing_is_charged_before_the_card_is_saved(gateway: FakeGateway) -> None:
    payment = choose(offer_to_pay(make_invoice("100.00")))

    assert charge(payment).charge is None
    assert not Charge.objects.exists()
    assert link_payment_by_id(payment.pk).refusal == ""


def test_a_declined_card_leaves_the_link_open_for_another(gateway: FakeGateway) -> None:
    offered = offer_to_pay(make_invoice("100.00"))

    declined = pay(gateway, offered, token="tok_no_funds", keeps_card=True, fingerprint="fp_1")
    close(declined)
    paid = pay(gateway, offered, keeps_card=True, fingerprint="fp_2")
    close(paid)

    assert (state_of(declined), state_of(paid)) == ("declined", "succeeded")
    assert declined.charge is not None
    assert declined.charge.decline_kind == DeclineClass.INSUFFICIENT_FUNDS.value
    # A card that was declined is not kept, whatever the customer wished.
    (kept,) = cards_of(paid.link.contact_id)
    assert kept == paid.setup.payment_method


def test_a_card_that_is_not_to_be_kept_is_never_on_file_and_is_forgotten(gateway: FakeGateway) -> None:
    acme = make_contact("Acme")
    payment = pay(gateway, offer_to_pay(make_invoice("100.00", contact=acme)))

    assert list(cards_of(acme.pk)) == []
    assert close(payment)

    card = PaymentMethod.objects.get()
    assert (card.active, card.on_file, card.is_default) == (False, False, False)
    assert list(cards_of(acme.pk)) == []
    for job in jobs("forget_card"):
        forget_card_at_gateway(**job)
    assert gateway.forgotten == [card.token]
    names = list(Event.objects.order_by("id").values_list("name", flat=True))
    assert "card.added" not in names
    assert names[-1] == "pay_link.paid"


def test_a_card_that_was_entered_to_pay_is_charged_for_nothing_else(gateway: FakeGateway) -> None:
    acme = make_contact("Acme")
    payment = choose(offer_to_pay(make_invoice("100.00", contact=acme)))
    card = enter_card(gateway, payment).payment_method
    assert card is not None
    share = Share(make_invoice("10.00", contact=acme).pk, usd("10.00"))

    with pytest.raises(errors.CardInactive):
        charge_card(wanted=ChargeInput(acme.pk, card.pk, (share,)), request_key=key(), actor=SYSTEM, on=day())
    with pytest.raises(errors.NotFound):
        make_default_card(payment_method_id=card.pk, request_key=key(), actor=SYSTEM, on=day())


def test_a_card_that_is_to_be_kept_is_on_file_once_it_paid(gateway: FakeGateway) -> None:
    acme = make_contact("Acme")
    payment = pay(gateway, offer_to_pay(make_invoice("100.00", contact=acme)), keeps_card=True)

    assert list(cards_of(acme.pk)) == []
    close(payment)
    close(payment)

    (card,) = cards_of(acme.pk)
    assert (card.active, card.on_file, card.is_default) == (True, True, True)
    assert jobs("forget_card") == []
    assert Event.objects.filter(name="pay_link.paid").count() == 1


def test_a_card_that_is_on_file_already_is_replaced_and_not_doubled(gateway: FakeGateway) -> None:
    acme = make_contact("Acme")
    old = save_card(gateway, acme, "tok_old", exp_year=2030)
    payment = pay(gateway, offer_to_pay(make_invoice("100.00", contact=acme)), keeps_card=True)

    close(payment)

    active = [card for card in cards_of(acme.pk) if card.active]
    assert active == [payment.setup.payment_method]
    assert (active[0].is_default, active[0].exp_year) == (True, 2040)
    assert jobs("forget_card") == [{"payment_method_id": old.pk, "token": "tok_old"}]


def test_a_card_on_file_stays_when_its_owner_pays_by_link_without_keeping_it(gateway: FakeGateway) -> None:
    acme = make_contact("Acme")
    old = save_card(gateway, acme, "tok_old")
    payment = pay(gateway, offer_to_pay(make_invoice("100.00", contact=acme)))

    close(payment)

    assert list(cards_of(acme.pk)) == [old]
    (card,) = cards_of(acme.pk)
    assert (card.active, card.is_default, card.token) == (True, True, "tok_old")


def test_an_invoice_that_was_paid_meanwhile_is_not_charged(gateway: FakeGateway) -> None:
    invoice = make_invoice("100.00")
    payment = choose(offer_to_pay(invoice))
    enter_card(gateway, payment)
    make_payment("100.00", invoice=invoice)

    refused = charge(payment)

    assert (refused.charge, refused.refusal) == (None, "invoice_paid")
    assert close(refused)
    assert not Charge.objects.exists()
    assert not PaymentMethod.objects.get().active
    assert Event.objects.filter(name="link_payment.ended").count() == 1


def test_a_balance_that_changed_is_shown_before_a_card_is_charged(gateway: FakeGateway) -> None:
    invoice = make_invoice("100.00")
    payment = choose(offer_to_pay(invoice), usd("30.00"))
    enter_card(gateway, payment)
    make_payment("20.00", invoice=invoice)

    assert charge(payment).refusal == "balance_changed"
    # What was refused is not charged later, however things stand then.
    assert charge(payment).charge is None
    assert gateway.taken_minor() == 0


def test_a_withdrawn_link_charges_no_card_that_was_entered_before(gateway: FakeGateway) -> None:
    offered = offer_to_pay(make_invoice("100.00"))
    payment = choose(offered)
    enter_card(gateway, payment)
    withdraw_pay_link(link_id=offered.link_id, request_key=key(), actor=SYSTEM)

    assert charge(payment).refusal == "pay_link_over"
    with pytest.raises(errors.PayLinkOver):
        choose(offered)


def test_a_card_entered_long_ago_is_not_charged_when_the_page_is_opened_again(
    gateway: FakeGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    payment = choose(offer_to_pay(make_invoice("100.00")))
    enter_card(gateway, payment)
    monkeypatch.setattr("duebook.payments.pay_links.timezone.now", later(timedelta(minutes=61)))

    assert charge(payment).refusal == "pay_link_payment_over"


def test_what_a_customer_left_is_closed_and_a_card_that_comes_in_later_is_forgotten(
    gateway: FakeGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    payment = choose(offer_to_pay(make_invoice("100.00")), keeps_card=True)
    begin_card_setup(setup_id=payment.setup_id, return_url=RETURN_URL)
    assert not close(payment)
    monkeypatch.setattr("duebook.payments.pay_links.timezone.now", later(timedelta(hours=2)))
    assert close(payment)

    gateway.type_card()
    finish_card_setup(setup_id=payment.setup_id)

    assert links_to_close(most=10) == [payment.pk]
    close_link_payments(0)
    assert links_to_close(most=10) == []
    assert not PaymentMethod.objects.get().active
    assert len(jobs("forget_card")) == 1


def test_an_outcome_that_is_not_known_blocks_the_invoice_and_is_booked_when_it_is(
    gateway: FakeGateway,
) -> None:
    invoice = make_invoice("100.00")
    offered = offer_to_pay(invoice)
    gateway.fail("confirm", OutcomeUnknown, after_effect=True)

    payment = pay(gateway, offered, keeps_card=True)

    assert state_of(payment) == "unknown"
    assert not close(payment)
    with pytest.raises(errors.NothingToCharge):
        choose(offered)
    ask_gateway_now(charge_id=payment.charge_id or 0, actor=SYSTEM)
    close_link_payments(0)
    assert state_of(payment) == "succeeded"
    assert Invoice.objects.get().balance_due_minor == 0
    assert len(cards_of(invoice.contact_id)) == 1


def test_a_receipt_is_sent_once_where_the_business_sends_receipts(gateway: FakeGateway) -> None:
    Business.objects.update(email_receipts=True)
    invoice = make_invoice("100.00")
    offered = offer_to_pay(invoice)

    payment = pay(gateway, offered, usd("40.00"))
    close(payment)
    close(payment)

    assert jobs("email_receipt") == [{"payment_id": Payment.objects.get().pk}]
    Business.objects.update(email_receipts=False)
    close(pay(gateway, offered))
    assert len(jobs("email_receipt")) == 1


def test_facts_of_links_and_their_payments_cannot_be_changed(gateway: FakeGateway) -> None:
    payment = pay(gateway, offer_to_pay(make_invoice("100.00")))
    acts: list[Callable[[], Any]] = [
        lambda: LinkPayment.objects.update(amount_minor=1),
        lambda: payment.lines.update(amount_minor=1),
        lambda: payment.link.lines.update(invoice_id=0),
        lambda: type(payment.link).objects.update(token_hash="x"),
        lambda: LinkPayment.objects.filter(pk=payment.pk).delete(),
    ]
    for act in acts:
        with pytest.raises(IntegrityError), transaction.atomic():
            act()


def test_finishing_the_entry_of_a_card_again_changes_nothing(gateway: FakeGateway) -> None:
    payment = choose(offer_to_pay(make_invoice("100.00")))
    setup = enter_card(gateway, payment)
    before = everything()

    finish_card_setup(setup_id=setup.pk)

    assert everything() == before
    assert make_card(setup.contact, "tok_other").on_file
