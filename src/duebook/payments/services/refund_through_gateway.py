"""Give money of a charge back through its gateway: prepare, send, settle, as a charge is made.

A whole charge that is not settled yet is voided, where the gateway can; else it is refunded.
"""

from dataclasses import replace
from datetime import date, timedelta

from django.db import IntegrityError, transaction
from django.db.models import F
from django.db.models.functions import Now

from duebook.domain.errors import AboveCaptured, MerchantAccountFenced, NotFromGateway, RefundUnderWay
from duebook.domain.gateway_refunds import RefundState
from duebook.domain.money import Money
from duebook.domain.permissions import Actor, Right
from duebook.domain.refunding import RefundDecision, RefundInput, RefundMeans
from duebook.events.requests import earlier_event, input_hash
from duebook.events.services.record_event import record_event
from duebook.gateways.accounts import gateway_of
from duebook.gateways.protocol import (
    Busy,
    Gateway,
    GatewayError,
    GatewayRefundRequest,
    NothingHappened,
    SeenRefund,
)
from duebook.payments.day_limits import count_use, require_left_today
from duebook.payments.models import Charge, GatewayRefund, Observation, Payment
from duebook.payments.points import Point, reach
from duebook.payments.refund_reading import SeenState, seen_of_refund, wanted_as_json
from duebook.payments.refund_requests import approve_within
from duebook.payments.services.prepare_charge import key_of_attempt, reference_of
from duebook.payments.services.refund_payment import decide_refunding
from duebook.payments.services.settle_gateway_refund import settle_gateway_refund
from duebook.payments.state import lock_payment, read_payment
from duebook.staff.queries import installation_id

IN_FLIGHT = timedelta(minutes=1)
"""Longer than the calls of one sending take before they give up; until then nobody else asks."""
_ONE_OPEN = "gatewayrefund_one_open_a_payment"


def refund_through_gateway(
    *,
    payment_id: int,
    wanted: RefundInput,
    request_key: str,
    actor: Actor,
    on: date,
    approves: int | None = None,
) -> GatewayRefund:
    """Give the money back; returns the attempt in the state that it has come to, which may be unknown.

    Nothing is booked unless the gateway carried it out; it leaves the account's card clearing, whatever the
    input names. The same request again gives nothing back again: it returns the same attempt. ``approves`` is
    the refund request that this carries out: it is approved when the attempt is written down. Must not be
    called inside a transaction. Records ``refund.prepared``. Raises NotFound, Forbidden, AboveLimit,
    AboveDayLimit, KeyReused, NotFromGateway, MerchantAccountFenced, AboveCaptured, RefundUnderWay and what
    ``decide_refund`` raises; then nothing was sent.
    """
    reach(Point.REFUND_BEGUN)
    try:
        attempt_id, repeated = _prepare(payment_id, wanted, request_key, actor, on, approves)
    except IntegrityError as error:
        if _ONE_OPEN not in str(error):
            raise
        raise RefundUnderWay(number="this payment") from error
    reach(Point.REFUND_PREPARED)
    if not repeated:
        send_gateway_refund(attempt_id=attempt_id)
    return GatewayRefund.objects.select_related("payment", "charge__payment_method").get(pk=attempt_id)


def preview_gateway_refund(*, payment_id: int, wanted: RefundInput, actor: Actor, on: date) -> RefundDecision:
    """Everything that the refund would do once it is carried out; writes and sends nothing."""
    decision, _charge = _decide(payment_id, wanted, actor, on)
    require_left_today(actor, Right.REFUND, decision.amount, on)
    return decision


@transaction.atomic(durable=True)
def _prepare(
    payment_id: int, wanted: RefundInput, request_key: str, actor: Actor, on: date, approves: int | None
) -> tuple[int, bool]:
    lock_payment(payment_id)
    reach(Point.REFUND_LOCKED)
    hashed = input_hash(["through the gateway", payment_id, wanted])
    earlier = earlier_event(actor=actor, request_key=request_key, hashed=hashed)
    if earlier is not None:
        return earlier.payload["gateway_refund_id"], True
    approve_within(approves, payment_id=payment_id, actor=actor)
    reach(Point.REFUND_APPROVED)
    decision, charge = _decide(payment_id, wanted, actor, on)
    reach(Point.REFUND_DECIDED)
    attempt = 1 + GatewayRefund.objects.filter(payment=payment_id).count()
    key = key_of_attempt(installation_id(), "refund", [payment_id], attempt)
    made = GatewayRefund.objects.create(
        payment_id=payment_id,
        charge=charge,
        amount_minor=decision.amount.minor,
        currency=decision.amount.currency,
        key=key,
        reference=reference_of(key),
        attempt=attempt,
        wanted=wanted_as_json(decision.input) | {"not_owed_minor": decision.not_owed.minor},
        prepared_by_id=actor.user_id,
        source=actor.source.value,
    )
    reach(Point.REFUND_WRITTEN)
    Charge.objects.filter(pk=charge.pk).update(refunding_minor=F("refunding_minor") + decision.amount.minor)
    reach(Point.REFUND_RESERVED)
    record_event(
        name="refund.prepared",
        actor=actor,
        request_key=request_key,
        hashed=hashed,
        contact_id=decision.payment.contact_id,
        payment_id=payment_id,
        payload={
            "gateway_refund_id": made.pk,
            "payment_id": payment_id,
            "number": decision.payment.number,
            "amount_minor": decision.amount.minor,
            "currency": decision.amount.currency,
        },
    )
    reach(Point.REFUND_EVENT_WRITTEN)
    count_use(actor, Right.REFUND, decision.amount, on, gateway_refund_id=made.pk)
    reach(Point.REFUND_USE_COUNTED)
    return made.pk, False


def _decide(payment_id: int, wanted: RefundInput, actor: Actor, on: date) -> tuple[RefundDecision, Charge]:
    if wanted.means is not RefundMeans.GATEWAY:
        raise ValueError("a refund through the gateway says so")
    rows = read_payment(payment_id)
    charge_id = Payment.objects.values_list("charge_id", flat=True).get(pk=payment_id)
    charge = Charge.objects.select_related("merchant_account").filter(pk=charge_id or 0).first()
    if charge is None:
        raise NotFromGateway(number=rows.state.label)
    if charge.merchant_account.fenced_since is not None:
        raise MerchantAccountFenced(name=charge.merchant_account.name)
    clearing = charge.merchant_account.clearing_account_id
    decision = decide_refunding(rows, replace(wanted, account_id=clearing), actor, on)
    left = charge.refundable_minor
    if wanted.amount.minor > left:
        raise AboveCaptured(left=Money(left, charge.currency))
    return decision, charge


def send_gateway_refund(*, attempt_id: int) -> None:
    """Send a refund that nobody has sent yet; whatever it comes to is settled. Safe to call again."""
    if not _mark_sent(attempt_id):
        return
    reach(Point.REFUND_MARKED_SENT)
    attempt = GatewayRefund.objects.select_related("charge__merchant_account").get(pk=attempt_id)
    gateway = gateway_of(attempt.charge.merchant_account)
    settle_gateway_refund(
        attempt_id=attempt_id,
        seen=send_once(gateway, attempt),
        channel=Observation.Channels.REPLY,
    )


@transaction.atomic(durable=True)
def _mark_sent(attempt_id: int) -> bool:
    """Whether it is ours to send: only one may turn created into sent."""
    marked = GatewayRefund.objects.filter(pk=attempt_id, state=RefundState.CREATED.value).update(
        state=RefundState.SENT.value, sent_at=Now(), ask_at=Now() + IN_FLIGHT
    )
    reach(Point.REFUND_MARK_WRITTEN)
    return bool(marked)


def send_once(gateway: Gateway, attempt: GatewayRefund) -> SeenState:
    """Call the gateway, and say what is known then."""
    try:
        answer = _void(gateway, attempt) or _refund(gateway, attempt)
    except NothingHappened as error:
        return SeenState(RefundState.FAILED, problem=error.reason)
    except Busy as error:
        return SeenState(RefundState.PENDING, problem=error.reason)
    except GatewayError as error:
        return SeenState(RefundState.UNKNOWN, problem=error.reason)
    return seen_of_refund(attempt, answer)


def _void(gateway: Gateway, attempt: GatewayRefund) -> SeenRefund | None:
    """Take the whole charge back, where the gateway still can; None where it must be refunded instead."""
    charge = attempt.charge
    is_whole = attempt.amount_minor == charge.captured_minor and not charge.refunded_minor
    if not is_whole or not gateway.guarantees.can_void:
        return None
    reach(Point.REFUND_VOID_CALLED)
    try:
        answer = gateway.void(request_of_refund(attempt, "void"))
    except NothingHappened:
        return None
    reach(Point.REFUND_VOID_ANSWERED)
    return answer


def _refund(gateway: Gateway, attempt: GatewayRefund) -> SeenRefund:
    reach(Point.REFUND_CALLED)
    answer = gateway.refund(request_of_refund(attempt, "refund"))
    reach(Point.REFUND_ANSWERED)
    return answer


def request_of_refund(attempt: GatewayRefund, how: str) -> GatewayRefundRequest:
    """The refund as it is sent, the same each time."""
    return GatewayRefundRequest(
        key=f"{attempt.key}-{how}",
        reference=attempt.reference,
        charge_id=attempt.charge.gateway_id,
        amount=Money(attempt.amount_minor, attempt.currency),
    )
