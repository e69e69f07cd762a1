"""Whatever is said of money that went back or did not: a card number in it is refused."""

from collections.abc import Callable
from typing import Any

import pytest

from duebook.domain.errors import CardNumberTyped
from duebook.domain.refunding import RefundInput
from duebook.domain.second_person import Outcome, OutcomeInput
from duebook.gateways.services.resolve_webhook import resolve_webhook
from duebook.payments.models import Refund
from duebook.payments.services.refund_payment import refund_payment
from duebook.payments.services.reject_outcome import reject_outcome
from duebook.payments.services.request_refund import request_refund
from duebook.payments.services.resolve_refused_refund import resolve_refused_refund
from duebook.payments.services.return_payment import return_payment
from duebook.payments.services.reverse_payment import reverse_payment
from duebook.payments.services.reverse_refund import reverse_refund
from tests.factories import SYSTEM, day, key, make_invoice, make_payment, make_refund, usd
from tests.payments.fake_gateway import FakeGateway
from tests.payments.outcomes import (
    OLGA,
    a_refused_refund,
    asked_out,
    propose,
    propose_refund,
    refund_asked_out,
)
from tests.snapshot import everything
from tests.web.test_decisions import make_message

pytestmark = pytest.mark.django_db

CARD = "By phone: 4242 4242 4242 4242"
SAW_NOTHING = OutcomeInput(Outcome.DID_NOT_HAPPEN, CARD)

Act = Callable[[], Any]


def give_back(gateway: FakeGateway, write: Any, **texts: str) -> Act:
    payment = make_payment(invoice=make_invoice())
    texts = {"reason": "Sent back", "reference": "", **texts}
    wanted = RefundInput(usd("10.00"), day(), 1, owes_afterwards=None, **texts)
    return lambda: write(payment_id=payment.pk, wanted=wanted, request_key=key(), actor=SYSTEM, on=day())


def undo(gateway: FakeGateway) -> Act:
    payment = make_payment(invoice=make_invoice())
    return lambda: reverse_payment(
        payment_id=payment.pk, reason=CARD, request_key=key(), actor=SYSTEM, on=day()
    )


def undo_refund(gateway: FakeGateway) -> Act:
    payment = make_payment(invoice=make_invoice())
    make_refund(payment, "10.00", owes="10.00")
    refund_id = Refund.objects.get(payment=payment).pk
    return lambda: reverse_refund(refund_id=refund_id, reason=CARD, request_key=key(), actor=SYSTEM, on=day())


def take_back(gateway: FakeGateway) -> Act:
    payment = make_payment(invoice=make_invoice())
    return lambda: return_payment(
        payment_id=payment.pk, returned_on=day(), reason=CARD, request_key=key(), actor=SYSTEM, on=day()
    )


def say_of_charge(gateway: FakeGateway) -> Act:
    charge = asked_out(gateway)
    saw_it = OutcomeInput(Outcome.HAPPENED, "Seen in the dashboard", day(), CARD)
    return lambda: propose(charge, saw_it)


def say_of_refund(gateway: FakeGateway) -> Act:
    attempt = refund_asked_out(gateway)
    return lambda: propose_refund(attempt, SAW_NOTHING)


def reject(gateway: FakeGateway) -> Act:
    proposal = propose(asked_out(gateway))
    return lambda: reject_outcome(proposal_id=proposal.pk, reason=CARD, request_key=key(), actor=OLGA)


def deal_with_refund(gateway: FakeGateway) -> Act:
    attempt = a_refused_refund(gateway)
    return lambda: resolve_refused_refund(attempt_id=attempt.pk, note=CARD, request_key=key(), actor=SYSTEM)


def deal_with_message(gateway: FakeGateway) -> Act:
    message = make_message()
    return lambda: resolve_webhook(message_id=message.pk, note=CARD, request_key=key(), actor=SYSTEM)


@pytest.mark.parametrize(
    ("prepared", "field"),
    [
        (lambda gateway: give_back(gateway, refund_payment, reference=CARD), "reference"),
        (lambda gateway: give_back(gateway, refund_payment, reason=CARD), "reason"),
        (lambda gateway: give_back(gateway, request_refund, reason=CARD), "reason"),
        (undo, "reason"),
        (undo_refund, "reason"),
        (take_back, "reason"),
        (say_of_charge, "reference"),
        (say_of_refund, "reason"),
        (reject, "reason"),
        (deal_with_refund, "note"),
        (deal_with_message, "note"),
    ],
    ids=[
        "a refund's reference",
        "a refund's reason",
        "a reason to ask for a refund",
        "a reason to undo",
        "a reason to undo a refund",
        "a reason of a return",
        "what became of a charge",
        "what became of a refund",
        "a reason to reject",
        "how a refused refund was dealt with",
        "how a message was dealt with",
    ],
)
def test_a_card_number_is_refused_and_nothing_is_written(
    gateway: FakeGateway, prepared: Callable[[FakeGateway], Act], field: str
) -> None:
    act = prepared(gateway)
    before = everything()

    with pytest.raises(CardNumberTyped) as refused:
        act()

    assert refused.value.field == field
    assert everything() == before
