"""Book a refund that was made at the processor itself: once, and what it re-opens is owed again."""

from dataclasses import replace

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now

from duebook.domain.errors import AboveRefundable
from duebook.domain.gateway_refunds import RefundState, decide_refund_success
from duebook.domain.money import Money
from duebook.domain.permissions import Actor, Source
from duebook.domain.refunding import RefundInput, RefundMeans
from duebook.events.requests import input_hash
from duebook.gateways.protocol import SeenRefund
from duebook.payments import write_path
from duebook.payments.models import Charge, GatewayRefund, Observation, Payment
from duebook.payments.points import Point, reach
from duebook.payments.queries import rest_types
from duebook.payments.refund_plan import plan_refund
from duebook.payments.refund_reading import wanted_as_json
from duebook.payments.state import lock_payment, read_payment
from duebook.payments.write_path import Plan
from duebook.staff.queries import today

REASON = "Refunded at the card processor."


def book_outside_refund(*, charge_id: int, answer: SeenRefund) -> bool:
    """Book it, dated today; False where it had been booked before.

    Locks the contact, the invoices, the payment and the charge. Records ``payment.refunded``. Raises
    AboveRefundable and what else ``decide_refund`` raises where the books cannot take it: then a person must
    look, since the money has gone.
    """
    reach(Point.REFUND_OUTSIDE_BEGUN)
    booked = _book(charge_id, answer)
    reach(Point.REFUND_OUTSIDE_ENDED)
    return booked


@transaction.atomic(durable=True)
def _book(charge_id: int, answer: SeenRefund) -> bool:
    payment_id = Payment.objects.values_list("pk", flat=True).get(charge_id=charge_id)
    lock_payment(payment_id)
    list(Charge.objects.select_for_update(no_key=True, of=("self",)).filter(pk=charge_id).values_list("pk"))
    if GatewayRefund.objects.filter(charge=charge_id, gateway_id=answer.id).exists():
        return False
    charge = Charge.objects.select_related("merchant_account").get(pk=charge_id)
    left = charge.refundable_minor
    if answer.amount.minor > left:
        raise AboveRefundable(number=str(charge), left=Money(left, charge.currency))
    rows = read_payment(payment_id)
    wanted = RefundInput(
        amount=answer.amount,
        refunded_on=today(),
        account_id=charge.merchant_account.clearing_account_id,
        reason=REASON,
        owes_afterwards=None,
        means=RefundMeans.GATEWAY,
        reference=answer.id,
    )
    decision = decide_refund_success(
        replace(rows.state, refund_under_way=False),
        wanted,
        on=today(),
        allocations=rows.allocations,
        invoices=rows.invoices,
        types=rest_types(),
        closed_until=rows.closed_until,
    )
    attempt = _write_attempt(charge, payment_id, wanted, answer)
    plan = Plan()
    plan_refund(
        plan,
        decision,
        actor=Actor.system(Source.JOB),
        request_key=f"outside refund:{charge_id}:{answer.id}",
        hashed=input_hash([charge_id, answer.id]),
        gateway_refund_id=attempt.pk,
    )
    write_path.book(plan)
    reach(Point.REFUND_OUTSIDE_BOOKED)
    return True


def _write_attempt(charge: Charge, payment_id: int, wanted: RefundInput, answer: SeenRefund) -> GatewayRefund:
    """The attempt that somebody else made, as it would stand if it had been ours."""
    system = Actor.system(Source.JOB)
    number = 1 + GatewayRefund.objects.filter(payment=payment_id).count()
    attempt = GatewayRefund.objects.create(
        payment_id=payment_id,
        charge=charge,
        amount_minor=answer.amount.minor,
        currency=answer.amount.currency,
        key=f"outside-{charge.pk}-{number}",
        reference=f"outside-{charge.pk}-{number}",
        attempt=number,
        wanted=wanted_as_json(wanted),
        prepared_by_id=system.user_id,
        source=system.source.value,
        state=RefundState.SUCCEEDED.value,
        gateway_id=answer.id,
        sent_at=Now(),
        settled_at=Now(),
    )
    reach(Point.REFUND_OUTSIDE_ATTEMPT_WRITTEN)
    Charge.objects.filter(pk=charge.pk).update(refunded_minor=F("refunded_minor") + answer.amount.minor)
    reach(Point.REFUND_OUTSIDE_COUNTED)
    Observation.objects.create(
        charge=charge,
        gateway_refund=attempt,
        channel=Observation.Channels.WEBHOOK,
        seen=RefundState.SUCCEEDED.value,
        state_before=RefundState.SENT.value,
        state_after=RefundState.SUCCEEDED.value,
        payload=dict(answer.raw),
    )
    reach(Point.REFUND_OUTSIDE_WRITTEN)
    return attempt
