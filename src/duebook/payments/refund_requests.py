"""A refund that was asked for: reading it back as it was wanted, and approving it while it is carried out."""

from dataclasses import replace
from datetime import date

from duebook.domain.permissions import Actor
from duebook.domain.refunding import RefundInput, RefundMeans
from duebook.domain.second_person import Answer, RequestState
from duebook.events.requests import input_hash
from duebook.events.rows import row_by_id
from duebook.events.services.record_event import record_event
from duebook.payments.models import RefundRequest
from duebook.payments.refund_reading import wanted_from
from duebook.payments.second_person import lock_request, write_answer


def request_by_id(request_id: int) -> RefundRequest:
    """The request with its payment. Raises NotFound."""
    return row_by_id(RefundRequest.objects.select_related("payment__contact"), request_id, "Request")


def waiting_request_of(payment_id: int) -> RefundRequest | None:
    """The request of the payment that waits, if one does."""
    return RefundRequest.objects.filter(payment=payment_id, state=RequestState.WAITING.value).first()


def wanted_of_request(request: RefundRequest, *, on: date) -> RefundInput:
    """What was asked for; through a gateway the money goes back on the day of the approval."""
    means = RefundMeans(request.means)
    wanted = wanted_from(request.wanted, request.amount_minor, request.currency, request.refunded_on)
    return replace(
        wanted, means=means, refunded_on=on if means is RefundMeans.GATEWAY else request.refunded_on
    )


def key_of_request(request_id: int) -> str:
    """The request key of the refund that carries the request out."""
    return f"refund-request:{request_id}"


def approve_within(request_id: int | None, *, payment_id: int, actor: Actor) -> None:
    """Approve the request in the transaction that refunds, under the payment's locks; nothing for None.

    Records ``refund.approved``. Raises NotFound, RequestDecided, OwnRequest.
    """
    if request_id is None:
        return
    request = lock_request(RefundRequest.objects.all(), request_id)
    if request.payment_id != payment_id:
        raise ValueError("the request is about another payment")
    write_answer(request, Answer.APPROVE, actor=actor)
    record_answer("refund.approved", request, actor=actor, key=f"{key_of_request(request_id)}:approved")


def record_answer(
    name: str, request: RefundRequest, *, actor: Actor, key: str, hashed: str = "", reason: str = ""
) -> None:
    """The event of a request that was made or decided."""
    payment = request.payment
    record_event(
        name=name,
        actor=actor,
        request_key=key,
        hashed=hashed or input_hash([request.pk]),
        contact_id=payment.contact_id,
        payment_id=payment.pk,
        payload={
            "refund_request_id": request.pk,
            "payment_id": payment.pk,
            "number": payment.number,
            "amount_minor": request.amount_minor,
            "currency": request.currency,
            "means": request.means,
            "reason": reason or request.reason,
        },
    )
