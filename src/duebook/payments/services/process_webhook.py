"""Process a message of a gateway: ask the gateway what happened, and settle it.

The message only says where to look; what it claims is never booked.
"""

from django.db import transaction
from django.db.models import F, QuerySet
from django.db.models.functions import Now

from duebook.domain.charging import ChargeState
from duebook.domain.errors import CardNotSaved, DomainError
from duebook.domain.money import Money
from duebook.domain.permissions import Actor, Source
from duebook.events.rows import row_by_id
from duebook.gateways.accounts import gateway_of
from duebook.gateways.models import WebhookMessage
from duebook.gateways.protocol import (
    Gateway,
    GatewayError,
    ObjectKind,
    Outcome,
    RefundOutcome,
    SeenCharge,
    SeenDispute,
    SeenRefund,
)
from duebook.ledger.currencies import format_money
from duebook.payments.charge_reading import seen_of
from duebook.payments.models import CardSetup, Charge, GatewayRefund, Observation
from duebook.payments.points import Point, reach
from duebook.payments.refund_reading import seen_of_refund
from duebook.payments.services.book_outside_refund import book_outside_refund
from duebook.payments.services.finish_card_setup import finish_card_setup
from duebook.payments.services.import_settlements import import_settlements
from duebook.payments.services.recover_charge import recover_charge
from duebook.payments.services.settle_charge import settle_charge
from duebook.payments.services.settle_dispute import settle_dispute
from duebook.payments.services.settle_gateway_refund import settle_gateway_refund

MOST_TRIES = 8
MOST_BREAKS = 4
"""So many runs of a job may break off before a person must look."""
NOT_PROCESSED = "Processing it ended with an error each time; the worker's log says which."
SETTLEMENT_GONE = "The processor takes back a settlement that is in the books: ask it, and look at the bank."
UNRECOGNISED = "The processor has a charge that Duebook did not make."


class WebhookNotProcessed(Exception):
    """The gateway could not be asked; the message is to be processed again."""


def process_webhook(*, message_id: int, earlier_runs: int = 0) -> WebhookMessage.States:
    """Process a message once; safe to run again. Returns how far it is.

    Of ``earlier_runs`` those that are not among the message's tries broke off: by an error that nobody has
    thought of, or with a worker that was killed. After several of them a person must look. Raises NotFound,
    and WebhookNotProcessed while another try may help.
    """
    message = row_by_id(WebhookMessage.objects.select_related("merchant_account"), message_id, "Message")
    if message.state != WebhookMessage.States.WAITING:
        return WebhookMessage.States(message.state)
    reach(Point.WEBHOOK_READ)
    if earlier_runs - message.tries >= MOST_BREAKS:
        _finish(message, WebhookMessage.States.FAILED, NOT_PROCESSED)
        return WebhookMessage.States.FAILED
    try:
        problem = _process(message, gateway_of(message.merchant_account))
    except GatewayError as error:
        if _count_try(message, error.reason) is WebhookMessage.States.WAITING:
            raise WebhookNotProcessed(error.reason) from error
        return WebhookMessage.States.FAILED
    reach(Point.WEBHOOK_APPLIED)
    if _is_told(message, problem):
        problem = ""
    state = WebhookMessage.States.FAILED if problem else WebhookMessage.States.PROCESSED
    _finish(message, state, problem)
    reach(Point.WEBHOOK_DONE)
    return state


def _is_told(message: WebhookMessage, problem: str) -> bool:
    """Whether another message about the same thing has put the same before a person already."""
    same = WebhookMessage.objects.filter(
        merchant_account=message.merchant_account_id,
        object_id=message.object_id,
        state=WebhookMessage.States.FAILED.value,
        problem=problem,
    )
    return bool(problem) and same.exists()


def _process(message: WebhookMessage, gateway: Gateway) -> str:
    """Do what the message calls for; returns what a person must look at, if anything."""
    kind = ObjectKind(message.object_kind)
    if kind is ObjectKind.CHARGE:
        return _settle(message, gateway.fetch(message.object_id))
    if kind is ObjectKind.REFUND:
        return _settle_refund(message, gateway, gateway.fetch_refund(message.object_id))
    if kind is ObjectKind.SETUP:
        return _finish_setup(message)
    if kind is ObjectKind.SETTLEMENT:
        return _import_settlements(message)
    if kind is ObjectKind.DISPUTE:
        return _settle_dispute(message, gateway, gateway.fetch_dispute(message.object_id))
    return ""


def _settle(message: WebhookMessage, answer: SeenCharge) -> str:
    reach(Point.WEBHOOK_FETCHED)
    known = Charge.objects.select_related("merchant_account").filter(
        merchant_account=message.merchant_account_id
    )
    charge = known.filter(reference=answer.reference).first()
    said = ""
    if charge is None:
        recovered = recover_charge(account=message.merchant_account, answer=answer)
        if recovered is None:
            return _unrecognised(answer) if answer.outcome is Outcome.SUCCEEDED else ""
        reach(Point.RECOVERED)
        charge = known.get(pk=recovered)
        said = _recovered(charge, answer)
    _note_that_it_was_sent(charge)
    settle_charge(charge_id=charge.pk, seen=seen_of(charge, answer), channel=Observation.Channels.WEBHOOK)
    return said


def _unrecognised(answer: SeenCharge) -> str:
    return f"The processor has a charge of {format_money(answer.amount)} that Duebook did not make."


def _recovered(charge: Charge, answer: SeenCharge) -> str:
    return (
        f"{charge} of {format_money(answer.amount)} was missing from these books, as if they were restored"
        " from a backup. It is booked again: look at its contact's payments."
    )


def _note_that_it_was_sent(charge: Charge) -> None:
    """What the gateway tells of was sent, though books restored from a backup do not know it yet."""
    written_down = Charge.objects.filter(pk=charge.pk, state=ChargeState.CREATED.value)
    written_down.update(state=ChargeState.SENT.value, sent_at=Now())
    reach(Point.WEBHOOK_SENT_NOTED)


def _settle_refund(message: WebhookMessage, gateway: Gateway, answer: SeenRefund) -> str:
    """Ours is settled, one made at the processor itself is booked; the success of the charge comes first."""
    reach(Point.WEBHOOK_FETCHED)
    charges = Charge.objects.filter(merchant_account=message.merchant_account_id)
    attempt = _attempt_in(charges, answer)
    try:
        if attempt is None:
            return _book_outside(message, gateway, answer)
        settle_gateway_refund(
            attempt_id=attempt.pk,
            seen=seen_of_refund(attempt, answer),
            channel=Observation.Channels.WEBHOOK,
        )
    except DomainError as refusal:
        said = {name: _plain(value) for name, value in refusal.values.items()}
        why = refusal.message.format(**said)
        return f"{format_money(answer.amount)} was given back at the processor, but: {why}"
    return ""


def _attempt_in(charges: QuerySet[Charge], answer: SeenRefund) -> GatewayRefund | None:
    """The refund as the books know it: by our name for it, or one made at the processor by its id."""
    attempts = GatewayRefund.objects.filter(charge__in=charges)
    ours = attempts.filter(reference=answer.reference).first()
    return ours or attempts.filter(charge__gateway_id=answer.charge_id, gateway_id=answer.id).first()


def _book_outside(message: WebhookMessage, gateway: Gateway, answer: SeenRefund) -> str:
    charge_id, said = _succeeded(
        message, gateway, answer.charge_id, settled=Point.REFUND_OUTSIDE_CHARGE_SETTLED
    )
    if charge_id is None:
        return UNRECOGNISED
    if answer.outcome is RefundOutcome.SUCCEEDED:
        book_outside_refund(charge_id=charge_id, answer=answer)
    return said


def _succeeded(
    message: WebhookMessage, gateway: Gateway, gateway_id: str, *, settled: Point
) -> tuple[int | None, str]:
    """The charge of that id once it has succeeded, and what a person must look at.

    What is told before its success settles that first. A charge without an id is of a kind that Duebook does
    not make, and not one of ours whose id is not known.
    """
    if not gateway_id:
        return None, ""
    said = ""
    charges = Charge.objects.filter(
        merchant_account=message.merchant_account_id,
        gateway_id=gateway_id,
        state=ChargeState.SUCCEEDED.value,
    )
    if not charges.exists():
        said = _settle(message, gateway.fetch(gateway_id))
        reach(settled)
    return charges.values_list("pk", flat=True).first(), said


def _plain(value: object) -> object:
    return format_money(value) if isinstance(value, Money) else value


def _settle_dispute(message: WebhookMessage, gateway: Gateway, answer: SeenDispute) -> str:
    reach(Point.DISPUTE_FETCHED)
    charge_id, said = _succeeded(message, gateway, answer.charge_id, settled=Point.DISPUTE_CHARGE_SETTLED)
    if charge_id is None:
        return UNRECOGNISED
    settle_dispute(charge_id=charge_id, answer=answer, channel=Observation.Channels.WEBHOOK)
    return said


def _finish_setup(message: WebhookMessage) -> str:
    """The customer may have closed the page before coming back."""
    offered = CardSetup.objects.filter(
        merchant_account=message.merchant_account_id, gateway_id=message.object_id
    ).first()
    if offered is None:
        return ""
    try:
        finish_card_setup(setup_id=offered.pk)
    except CardNotSaved as error:
        return str(error)
    return ""


def _import_settlements(message: WebhookMessage) -> str:
    """Whatever the account was paid, since a processor tells of several at once."""
    account_id, system = message.merchant_account_id, Actor.system(Source.JOB)
    imported = import_settlements(merchant_account_id=account_id, actor=system, about=message.object_id)
    return SETTLEMENT_GONE if message.object_id in imported.gone else ""


@transaction.atomic(durable=True)
def _count_try(message: WebhookMessage, problem: str) -> WebhookMessage.States:
    ended = message.tries + 1 >= MOST_TRIES
    state = WebhookMessage.States.FAILED if ended else WebhookMessage.States.WAITING
    WebhookMessage.objects.filter(pk=message.pk, state=WebhookMessage.States.WAITING.value).update(
        tries=F("tries") + 1, problem=problem, state=state.value
    )
    reach(Point.WEBHOOK_TRY_WRITTEN)
    return state


@transaction.atomic(durable=True)
def _finish(message: WebhookMessage, state: WebhookMessage.States, problem: str) -> None:
    WebhookMessage.objects.filter(pk=message.pk, state=WebhookMessage.States.WAITING.value).update(
        state=state.value, problem=problem, processed_at=Now()
    )
    reach(Point.WEBHOOK_END_WRITTEN)
