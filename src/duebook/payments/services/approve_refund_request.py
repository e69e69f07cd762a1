"""Approve a refund that another person asked for: it is carried out, as the books allow it now."""

from datetime import date

from duebook.domain.permissions import Actor
from duebook.domain.refunding import RefundDecision, RefundMeans
from duebook.domain.second_person import RequestState
from duebook.events.models import Event
from duebook.payments.models import GatewayRefund, RefundRequest
from duebook.payments.refund_requests import key_of_request, request_by_id, wanted_of_request
from duebook.payments.services.refund_payment import refund_payment
from duebook.payments.services.refund_through_gateway import refund_through_gateway
from duebook.payments.services.request_refund import preview_of


def preview_refund_request(*, request_id: int, actor: Actor, on: date) -> RefundDecision:
    """What approving would do now; writes and sends nothing. Raises what the refund itself raises."""
    request = request_by_id(request_id)
    return preview_of(request.payment_id, wanted_of_request(request, on=on), actor, on)


def approve_refund_request(*, request_id: int, actor: Actor, on: date) -> GatewayRefund | None:
    """Refund by the very service that the asker could not use; returns the attempt of a gateway, if any.

    The refund's request key is derived from the request, and the request is approved in the transaction that
    books or prepares the refund: it is carried out once, by one person. Must not be called inside a
    transaction. Records ``refund.approved`` and what the refund records. Raises NotFound, RequestDecided,
    OwnRequest and what the refund itself raises, for this person's rights and limits; then nothing changes.
    """
    request = request_by_id(request_id)
    if request.state == RequestState.APPROVED.value and request.decided_by_id == actor.user_id:
        return attempt_of(request)
    wanted = wanted_of_request(request, on=on)
    refund = refund_through_gateway if wanted.means is RefundMeans.GATEWAY else refund_payment
    refund(
        payment_id=request.payment_id,
        wanted=wanted,
        request_key=key_of_request(request_id),
        actor=actor,
        on=on,
        approves=request_id,
    )
    return attempt_of(request_by_id(request_id))


def attempt_of(request: RefundRequest) -> GatewayRefund | None:
    """The attempt at the gateway that carried the request out; None where money goes back by hand."""
    key = key_of_request(request.pk)
    event = Event.objects.filter(actor_id=request.decided_by_id or 0, request_key=key).first()
    attempt_id = event.payload.get("gateway_refund_id") if event is not None else None
    rows = GatewayRefund.objects.select_related("payment", "charge__payment_method")
    return rows.filter(pk=attempt_id).first() if attempt_id else None
