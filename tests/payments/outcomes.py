"""Charges and refunds of which the gateway said nothing, and what persons propose of them."""

from datetime import timedelta
from typing import Any

from django.utils import timezone

from duebook.domain.charging import ASK_AFTER
from duebook.domain.permissions import Actor, Role
from duebook.domain.second_person import Outcome, OutcomeInput
from duebook.gateways.protocol import OutcomeUnknown
from duebook.payments.models import Charge, GatewayRefund, OutcomeProposal
from duebook.payments.services.approve_outcome import approve_outcome
from duebook.payments.services.propose_charge_outcome import propose_charge_outcome
from duebook.payments.services.propose_refund_outcome import propose_refund_outcome
from tests.factories import actor, day, key, make_invoice
from tests.past_the_guards import past_the_guards
from tests.payments.charging import a_charged_payment, charge_without_answer
from tests.payments.fake_gateway import FakeGateway
from tests.payments.refunding import refund

CARL = actor(Role.CLERK, user_id=1)

MIA = actor(Role.MANAGER, user_id=2)

OLGA = actor(Role.OWNER, user_id=3)

NOTHING = OutcomeInput(Outcome.DID_NOT_HAPPEN, "The dashboard has no such charge")


def happened(days: int = 0) -> OutcomeInput:
    return OutcomeInput(Outcome.HAPPENED, "Seen in the dashboard", day(days), "pay_42")


def asked_out(gateway: FakeGateway, *, after_effect: bool = True) -> Charge:
    """A charge of 40.00 about which the gateway was asked for a week and said nothing."""
    charge = charge_without_answer(gateway, make_invoice("100.00"), after_effect=after_effect)
    Charge.objects.update(asked=len(ASK_AFTER), ask_at=None)
    return charge


def refund_asked_out(gateway: FakeGateway) -> GatewayRefund:
    payment = a_charged_payment()
    gateway.fail("refund", OutcomeUnknown, after_effect=True)
    attempt = refund(payment, "40.00")
    GatewayRefund.objects.update(asked=len(ASK_AFTER), ask_at=None)
    return attempt


def propose(charge: Charge, wanted: OutcomeInput | None = None, **fields: Any) -> OutcomeProposal:
    return propose_charge_outcome(
        **{
            "charge_id": charge.pk,
            "wanted": wanted or happened(),
            "request_key": key(),
            "actor": CARL,
            "on": day(),
            **fields,
        }
    )


def propose_refund(attempt: GatewayRefund, wanted: OutcomeInput, by: Actor = MIA) -> OutcomeProposal:
    return propose_refund_outcome(attempt_id=attempt.pk, wanted=wanted, request_key=key(), actor=by, on=day())


def aged(proposal: OutcomeProposal, hours: int = 24) -> OutcomeProposal:
    """The proposal as if it had been made so long ago."""
    with past_the_guards():
        OutcomeProposal.objects.filter(pk=proposal.pk).update(
            asked_at=timezone.now() - timedelta(hours=hours)
        )
    return proposal


def a_refused_refund(gateway: FakeGateway) -> GatewayRefund:
    attempt = refund_asked_out(gateway)
    approve_outcome(proposal_id=propose_refund(attempt, NOTHING).pk, actor=OLGA)
    return attempt
