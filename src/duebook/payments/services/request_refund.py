"""Ask for a refund that is above one's limit, so that another person approves it."""

from datetime import date

from django.db import transaction

from duebook.domain.errors import RefundAskedFor
from duebook.domain.permissions import Actor, Right
from duebook.domain.refunding import RefundDecision, RefundInput, RefundMeans
from duebook.events.requests import earlier_event, input_hash
from duebook.payments.models import RefundRequest
from duebook.payments.refund_reading import wanted_as_json
from duebook.payments.refund_requests import record_answer, waiting_request_of
from duebook.payments.services.refund_payment import preview_refund
from duebook.payments.services.refund_through_gateway import preview_gateway_refund
from duebook.payments.state import lock_payment


@transaction.atomic
def request_refund(
    *, payment_id: int, wanted: RefundInput, request_key: str, actor: Actor, on: date
) -> RefundRequest:
    """Keep what is wanted until somebody decides; no money moves, and nothing is booked.

    Refused is what the books do not allow now, whoever asks. Locks the contact, the invoices and the payment.
    Records ``refund.requested``. Raises NotFound, Forbidden, KeyReused, RefundAskedFor and what the refund
    itself raises but for the limits.
    """
    lock_payment(payment_id)
    hashed = input_hash(["ask for", payment_id, wanted])
    earlier = earlier_event(actor=actor, request_key=request_key, hashed=hashed)
    if earlier is not None:
        return RefundRequest.objects.get(pk=earlier.payload["refund_request_id"])
    actor.require(Right.REFUND)
    decision = preview_of(payment_id, wanted, actor.without_limits(), on)
    if waiting_request_of(payment_id) is not None:
        raise RefundAskedFor(number=decision.payment.label)
    request = RefundRequest.objects.create(
        payment_id=payment_id,
        amount_minor=wanted.amount.minor,
        currency=wanted.amount.currency,
        means=wanted.means.value,
        refunded_on=wanted.refunded_on,
        wanted=wanted_as_json(wanted),
        reason=wanted.reason.strip(),
        asked_by_id=actor.user_id,
        source=actor.source.value,
    )
    record_answer("refund.requested", request, actor=actor, key=request_key, hashed=hashed)
    return request


def preview_of(payment_id: int, wanted: RefundInput, actor: Actor, on: date) -> RefundDecision:
    """What the refund would do, by hand or through the gateway; writes and sends nothing."""
    decide = preview_gateway_refund if wanted.means is RefundMeans.GATEWAY else preview_refund
    return decide(payment_id=payment_id, wanted=wanted, actor=actor, on=on)
