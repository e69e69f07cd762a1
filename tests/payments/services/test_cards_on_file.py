"""What may be done with a card on file: make it the default, take it out of use, have it forgotten."""

from collections.abc import Callable
from typing import Any

import pytest

from duebook.domain import errors
from duebook.domain.charging import ChargeInput
from duebook.domain.permissions import Role
from duebook.domain.recording import Share
from duebook.events.models import Event
from duebook.gateways.protocol import OutcomeUnknown
from duebook.jobs.tasks import forget_card_at_gateway
from duebook.payments.models import Charge, PaymentMethod
from duebook.payments.services.charge_card import charge_card
from duebook.payments.services.deactivate_card import deactivate_card
from duebook.payments.services.make_default_card import make_default_card
from tests.factories import SYSTEM, actor, day, key, make_contact, make_invoice, usd
from tests.payments.cards import jobs
from tests.payments.charging import charge_invoice
from tests.payments.fake_gateway import FakeGateway, make_card
from tests.snapshot import everything
from tests.threads import at_once, in_threads

pytestmark = pytest.mark.django_db

Act = Callable[..., None]


def make_default(card_id: int, **fields: Any) -> None:
    make_default_card(
        **{"payment_method_id": card_id, "request_key": key(), "actor": SYSTEM, "on": day(), **fields}
    )


def deactivate(card_id: int, **fields: Any) -> None:
    deactivate_card(**{"payment_method_id": card_id, "request_key": key(), "actor": SYSTEM, **fields})


def charge(card: PaymentMethod, total: str = "100.00") -> Charge:
    invoice = make_invoice(total, contact=card.contact)
    return charge_invoice(invoice, total, card=card)


def test_another_card_becomes_the_default() -> None:
    acme = make_contact("Acme")
    old = make_card(acme, "tok_1", is_default=True)
    new = make_card(acme, "tok_2", last_four="1881")

    make_default(new.pk, actor=actor(Role.CLERK))

    assert list(PaymentMethod.objects.filter(is_default=True)) == [new]
    assert not PaymentMethod.objects.get(pk=old.pk).is_default
    event = Event.objects.get()
    assert (event.name, event.contact_id) == ("card.made_default", acme.pk)
    assert event.payload["card"] == "Visa •••• 1881"


def test_a_deactivated_card_is_charged_no_more_and_is_to_be_forgotten(gateway: FakeGateway) -> None:
    card = make_card(make_contact("Acme"), "tok_1", is_default=True)

    deactivate(card.pk, actor=actor(Role.CLERK))

    card.refresh_from_db()
    assert (card.active, card.is_default) == (False, False)
    assert Event.objects.get().name == "card.deactivated"
    with pytest.raises(errors.CardInactive):
        charge(card)
    assert gateway.forgotten == []
    for job in jobs("forget_card"):
        forget_card_at_gateway(**job)
    assert gateway.forgotten == ["tok_1"]


@pytest.mark.parametrize("act", [make_default, deactivate])
def test_the_same_request_again_changes_nothing(act: Act) -> None:
    card = make_card(make_contact("Acme"))
    other = make_card(card.contact, "tok_2")
    again = key()
    act(card.pk, request_key=again)
    before = everything()

    act(card.pk, request_key=again)

    assert everything() == before
    assert len(jobs("forget_card")) == (1 if act is deactivate else 0)
    with pytest.raises(errors.KeyReused):
        act(other.pk, request_key=again)


@pytest.mark.parametrize(
    ("act", "card", "who", "error"),
    [
        (make_default, {}, Role.VIEWER, errors.Forbidden),
        (make_default, {"active": False}, Role.CLERK, errors.CardInactive),
        (make_default, {"exp_year": 2020}, Role.CLERK, errors.CardExpired),
        (deactivate, {}, Role.VIEWER, errors.Forbidden),
        (deactivate, {"active": False}, Role.CLERK, errors.CardInactive),
    ],
)
def test_a_refused_act_changes_nothing(
    act: Act, card: dict[str, Any], who: Role, error: type[errors.DomainError]
) -> None:
    made = make_card(make_contact("Acme"), **card)
    before = everything()

    with pytest.raises(error):
        act(made.pk, actor=actor(who))

    assert everything() == before
    assert jobs("forget_card") == []


@pytest.mark.parametrize("act", [make_default, deactivate])
def test_a_card_that_is_not_there_is_not_found(act: Act) -> None:
    with pytest.raises(errors.NotFound):
        act(987)


def test_a_card_that_is_being_charged_stays_in_use(gateway: FakeGateway) -> None:
    card = make_card(make_contact("Acme"), "tok_slow")
    made = charge(card)
    before = everything()

    with pytest.raises(errors.CardBeingCharged) as refused:
        deactivate(card.pk)

    assert refused.value.values == {"number": str(made)}
    assert everything() == before


def test_a_card_that_was_charged_can_be_deactivated(gateway: FakeGateway) -> None:
    card = make_card(make_contact("Acme"))
    charge(card)

    deactivate(card.pk)

    assert Charge.objects.get().state == "succeeded"


@pytest.mark.parametrize("attempt", range(4))
@pytest.mark.django_db(transaction=True)
def test_charging_against_deactivating_never_leaves_an_open_charge_on_a_card_out_of_use(
    gateway: FakeGateway, attempt: int
) -> None:
    card = make_card(make_contact("Acme"), "tok_slow")
    invoice = make_invoice("100.00", contact=card.contact)
    asked = ChargeInput(card.contact_id, card.pk, (Share(invoice.pk, usd("100.00")),))

    def take() -> str:
        return charge_card(wanted=asked, request_key=key(), actor=SYSTEM, on=day()).state

    def put_out_of_use() -> str:
        deactivate(card.pk)
        return "deactivated"

    results = at_once(take, put_out_of_use) if attempt % 2 else at_once(put_out_of_use, take)

    came_to = {getattr(result, "code", result) for result in results}
    assert came_to in ({"pending", "card_being_charged"}, {"card_inactive", "deactivated"})


@pytest.mark.django_db(transaction=True)
def test_several_defaults_at_once_leave_one() -> None:
    acme = make_contact("Acme")
    cards = [make_card(acme, f"tok_{number}") for number in range(4)]

    in_threads(4, lambda i: make_default(cards[i].pk))

    assert PaymentMethod.objects.filter(is_default=True).count() == 1
    assert Event.objects.count() == 4


def test_a_token_that_is_in_use_again_is_not_forgotten(gateway: FakeGateway) -> None:
    card = make_card(make_contact("Acme"), "tok_1")

    forget_card_at_gateway(payment_method_id=card.pk, token="tok_1")
    forget_card_at_gateway(payment_method_id=card.pk, token="tok_replaced")

    assert gateway.forgotten == ["tok_replaced"]


def test_a_gateway_that_does_not_answer_is_asked_again_to_forget(gateway: FakeGateway) -> None:
    card = make_card(make_contact("Acme"), "tok_1", active=False)
    gateway.fail("forget_card", OutcomeUnknown)

    with pytest.raises(OutcomeUnknown):
        forget_card_at_gateway(payment_method_id=card.pk, token="tok_1")
    forget_card_at_gateway(payment_method_id=card.pk, token="tok_1")

    assert gateway.forgotten == ["tok_1"]
