"""A card comes on file through the gateway's own fields: begun once, kept once, whoever tells of it."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from duebook.domain import errors
from duebook.events.models import Event
from duebook.gateways.models import MerchantAccount, WebhookMessage
from duebook.gateways.protocol import (
    DeclineClass,
    GatewayError,
    Misconfigured,
    NothingHappened,
    ObjectKind,
    OutcomeUnknown,
    SetupOutcome,
)
from duebook.payments.models import CardSetup, PaymentMethod
from duebook.payments.services.begin_card_setup import begin_card_setup
from duebook.payments.services.deactivate_card import deactivate_card
from duebook.payments.services.finish_card_setup import finish_card_setup
from duebook.payments.services.process_webhook import process_webhook
from tests.factories import SYSTEM, key, make_contact
from tests.payments.cards import RETURN_URL, begin, jobs, offer, save_card
from tests.payments.fake_gateway import FakeGateway, make_merchant_account
from tests.snapshot import everything
from tests.threads import in_threads

pytestmark = pytest.mark.django_db


def names_of_events() -> list[str]:
    return list(Event.objects.order_by("id").values_list("name", flat=True))


def test_opening_the_link_asks_the_gateway_once_where_the_card_is_typed(gateway: FakeGateway) -> None:
    offered = offer(make_contact("Acme"))

    first = begin_card_setup(setup_id=offered.setup_id, return_url=RETURN_URL)
    again = begin_card_setup(setup_id=offered.setup_id, return_url=RETURN_URL)

    setup = CardSetup.objects.get()
    assert first == again
    assert first.page_url == "https://gateway.example/setup/seti_1"
    assert (setup.gateway_id, setup.customer) == ("seti_1", "cus_of_seti_1")
    assert setup.begun_at is not None
    assert gateway.calls == ["begin_setup"]
    assert gateway.returns == {"seti_1": RETURN_URL}
    assert gateway.pays_now == {"seti_1": False}


def test_what_the_browser_needs_is_kept_sealed_and_no_longer_than_needed(gateway: FakeGateway) -> None:
    gateway.script_url = "https://js.gateway.example/v3/"
    setup = begin(offer())

    assert "seti_1_secret" not in str(everything())
    handle = begin_card_setup(setup_id=setup.pk, return_url=RETURN_URL)
    assert (handle.client_secret, handle.public_key) == ("seti_1_secret", "pk_1")
    gateway.type_card()
    finish_card_setup(setup_id=setup.pk)

    setup.refresh_from_db()
    assert setup.sealed_handle == ""


def test_a_contact_is_the_same_customer_next_time_at_that_account(gateway: FakeGateway) -> None:
    acme = make_contact("Acme")
    save_card(gateway, acme)

    same = begin(offer(acme))
    other_contact = begin(offer(make_contact("Ring")))
    other_account = begin(offer(acme, merchant_account_id=make_merchant_account("Other").pk))

    assert same.customer == "cus_of_seti_1"
    assert len({same.customer, other_contact.customer, other_account.customer}) == 3


def test_a_customer_whom_the_gateway_no_longer_has_is_made_anew(gateway: FakeGateway) -> None:
    acme = make_contact("Acme")
    save_card(gateway, acme)
    gateway.fail("begin_setup", NothingHappened)

    assert begin(offer(acme)).customer == "cus_of_seti_2"


@pytest.mark.parametrize(
    ("known", "error"), [(False, NothingHappened), (True, Misconfigured), (True, OutcomeUnknown)]
)
def test_otherwise_a_refusal_is_a_refusal(
    gateway: FakeGateway, known: bool, error: type[GatewayError]
) -> None:
    acme = make_contact("Acme")
    if known:
        save_card(gateway, acme)
    gateway.calls.clear()
    gateway.fail("begin_setup", error)

    with pytest.raises(error):
        begin(offer(acme))

    assert gateway.calls == ["begin_setup"]


@pytest.mark.parametrize("after_effect", [False, True])
def test_a_gateway_that_does_not_answer_leaves_the_link_open(
    gateway: FakeGateway, after_effect: bool
) -> None:
    offered = offer()
    gateway.fail("begin_setup", OutcomeUnknown, after_effect=after_effect)
    before = everything()

    with pytest.raises(OutcomeUnknown):
        begin(offered)

    assert everything() == before
    assert begin(offered).gateway_id in gateway.setups


def test_a_link_that_is_too_old_begins_nothing(gateway: FakeGateway, monkeypatch: Any) -> None:
    monkeypatch.setattr("duebook.payments.services.offer_card_setup.LIFETIME", timedelta(seconds=-1))
    offered = offer()

    with pytest.raises(errors.CardLinkOver):
        begin(offered)
    with pytest.raises(errors.NotFound):
        begin_card_setup(setup_id=987, return_url=RETURN_URL)

    assert gateway.calls == []


@pytest.mark.django_db(transaction=True)
def test_a_link_opened_twice_at_once_has_one_setup(gateway: FakeGateway) -> None:
    offered = offer()

    handles = set(
        in_threads(4, lambda _: begin_card_setup(setup_id=offered.setup_id, return_url=RETURN_URL).id)
    )

    assert handles == {CardSetup.objects.get().gateway_id}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("act", [begin, lambda offered: finish_card_setup(setup_id=offered.setup_id)])
def test_the_gateway_is_never_asked_inside_a_transaction(gateway: FakeGateway, act: Any) -> None:
    offered = offer()

    with pytest.raises(RuntimeError, match="durable"), transaction.atomic():
        act(offered)

    assert gateway.calls == []


def test_a_saved_card_is_on_file_and_the_first_is_the_default(gateway: FakeGateway) -> None:
    acme = make_contact("Acme")

    first = save_card(gateway, acme)
    second = save_card(gateway, acme, "tok_2", last_four="1881", fingerprint="fp_1881")

    assert (str(first), first.is_default, first.active) == ("Visa •••• 4242", True, True)
    assert (first.token, first.customer, first.fingerprint) == ("tok_ok", "cus_of_seti_1", "fp_4242")
    assert (str(second), second.is_default) == ("Visa •••• 1881", False)
    setup = CardSetup.objects.earliest("pk")
    assert (setup.state, setup.payment_method) == ("saved", first)
    assert setup.ended_at is not None
    event = Event.objects.filter(name="card.added").earliest("pk")
    assert (event.actor_id, event.contact_id) == (0, acme.pk)
    assert event.payload["card"] == "Visa •••• 4242"
    assert names_of_events() == ["card.offered", "card.added"] * 2


def test_finishing_again_changes_nothing(gateway: FakeGateway) -> None:
    save_card(gateway, make_contact("Acme"))
    before = everything()

    again = finish_card_setup(setup_id=CardSetup.objects.get().pk)

    assert again.state == "saved"
    assert everything() == before


def test_before_the_customer_has_typed_anything_it_waits(gateway: FakeGateway) -> None:
    offered = offer()
    assert finish_card_setup(setup_id=offered.setup_id).state == "waiting"
    begin(offered)

    assert finish_card_setup(setup_id=offered.setup_id).state == "waiting"

    assert names_of_events() == ["card.offered"]


def test_a_declined_card_says_why_and_another_may_be_tried(gateway: FakeGateway) -> None:
    setup = begin(offer())
    gateway.refuse_card(kind=DeclineClass.EXPIRED)

    declined = finish_card_setup(setup_id=setup.pk)
    finish_card_setup(setup_id=setup.pk)

    assert (declined.state, declined.decline_kind) == ("declined", "expired")
    assert names_of_events() == ["card.offered", "card.declined"]
    assert not PaymentMethod.objects.exists()
    assert begin(offer(setup.contact)).gateway_id == "seti_2"
    gateway.type_card()
    saved = finish_card_setup(setup_id=setup.pk)
    assert (saved.state, saved.decline_kind) == ("saved", "")


def test_a_setup_cancelled_at_the_gateway_ends_the_link(gateway: FakeGateway) -> None:
    setup = begin(offer())
    gateway.setups["seti_1"] = replace(gateway.setups["seti_1"], outcome=SetupOutcome.CANCELLED)

    assert finish_card_setup(setup_id=setup.pk).state == "cancelled"

    with pytest.raises(errors.CardLinkOver):
        begin_card_setup(setup_id=setup.pk, return_url=RETURN_URL)
    assert names_of_events() == ["card.offered", "card_setup.cancelled"]


def test_the_same_card_again_is_not_doubled_and_its_newest_token_counts(gateway: FakeGateway) -> None:
    acme = make_contact("Acme")
    first = save_card(gateway, acme, exp_year=2039)

    again = save_card(gateway, acme, "tok_new", exp_year=2045)

    assert again.pk == first.pk
    assert (again.token, again.exp_year, again.is_default) == ("tok_new", 2045, True)
    assert jobs("forget_card") == [{"payment_method_id": first.pk, "token": "tok_ok"}]
    assert Event.objects.filter(name="card.added").latest("pk").payload["known"] is True


def test_a_deactivated_card_comes_back_into_use(gateway: FakeGateway) -> None:
    acme = make_contact("Acme")
    first = save_card(gateway, acme)
    deactivate_card(payment_method_id=first.pk, request_key=key(), actor=SYSTEM)

    again = save_card(gateway, acme, "tok_new")

    assert (again.pk, again.active, again.is_default) == (first.pk, True, True)


def test_the_same_card_of_another_contact_or_account_is_another_card_on_file(gateway: FakeGateway) -> None:
    acme = make_contact("Acme")
    save_card(gateway, acme)
    save_card(gateway, make_contact("Ring"), "tok_2")
    elsewhere = begin(offer(acme, merchant_account_id=make_merchant_account("Other").pk))
    gateway.type_card(elsewhere.gateway_id, "tok_3")

    finish_card_setup(setup_id=elsewhere.pk)

    assert PaymentMethod.objects.count() == 3


def test_cards_without_a_fingerprint_are_never_taken_for_one_another(gateway: FakeGateway) -> None:
    acme = make_contact("Acme")
    for token in ("tok_1", "tok_2"):
        save_card(gateway, acme, token, fingerprint="")

    assert PaymentMethod.objects.count() == 2


@pytest.mark.parametrize(
    "lie",
    [{"reference": "another"}, {"customer": "cus_other"}, {"card": None}],
    ids=lambda lie: next(iter(lie)),
)
def test_an_answer_about_another_setup_saves_nothing(gateway: FakeGateway, lie: dict[str, Any]) -> None:
    setup = begin(offer())
    gateway.type_card()
    gateway.setups["seti_1"] = replace(gateway.setups["seti_1"], **lie)
    before = everything()

    with pytest.raises(errors.CardNotSaved):
        finish_card_setup(setup_id=setup.pk)

    assert everything() == before


def test_a_token_that_is_another_contact_s_is_refused(gateway: FakeGateway) -> None:
    save_card(gateway, make_contact("Ring"), "tok_theirs")
    setup = begin(offer(make_contact("Acme")))
    gateway.type_card(setup.gateway_id, "tok_theirs")

    with pytest.raises(errors.CardNotSaved):
        finish_card_setup(setup_id=setup.pk)

    assert PaymentMethod.objects.count() == 1


def test_a_gateway_that_does_not_answer_is_asked_again_later(gateway: FakeGateway) -> None:
    setup = begin(offer())
    gateway.type_card()
    gateway.fail("fetch_setup", OutcomeUnknown)

    with pytest.raises(OutcomeUnknown):
        finish_card_setup(setup_id=setup.pk)

    assert finish_card_setup(setup_id=setup.pk).state == "saved"


@pytest.mark.django_db(transaction=True)
def test_two_who_finish_at_once_keep_one_card(gateway: FakeGateway) -> None:
    setup = begin(offer())
    gateway.type_card()

    states = in_threads(4, lambda _: finish_card_setup(setup_id=setup.pk).state)

    assert states == ["saved"] * 4
    assert PaymentMethod.objects.count() == 1
    assert Event.objects.filter(name="card.added").count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_first_cards_at_once_make_one_default(gateway: FakeGateway) -> None:
    acme = make_contact("Acme")
    setups = [begin(offer(acme)) for _ in range(3)]
    for setup in setups:
        gateway.type_card(setup.gateway_id, f"tok_{setup.pk}", fingerprint=f"fp_{setup.pk}")

    in_threads(3, lambda i: finish_card_setup(setup_id=setups[i].pk))

    assert PaymentMethod.objects.count() == 3
    assert PaymentMethod.objects.filter(is_default=True).count() == 1


def message(object_id: str) -> WebhookMessage:
    return WebhookMessage.objects.create(
        merchant_account=MerchantAccount.objects.get(),
        event_id=key(),
        kind="setup.saved",
        object_kind=ObjectKind.SETUP.value,
        object_id=object_id,
        occurred_at=timezone.now(),
    )


def test_a_webhook_keeps_the_card_of_a_customer_who_never_came_back(gateway: FakeGateway) -> None:
    begin(offer())
    gateway.type_card()

    came_to = [
        process_webhook(message_id=message(object_id).pk) for object_id in ("seti_1", "seti_1", "other")
    ]

    assert set(came_to) == {WebhookMessage.States.PROCESSED}
    assert PaymentMethod.objects.count() == 1


def test_a_webhook_about_a_card_that_is_not_the_contact_s_waits_for_a_person(gateway: FakeGateway) -> None:
    begin(offer())
    gateway.type_card(customer="cus_other")
    told = message("seti_1")

    assert process_webhook(message_id=told.pk) is WebhookMessage.States.FAILED

    told.refresh_from_db()
    assert "not of this contact's" in told.problem
