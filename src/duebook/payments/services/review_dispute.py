"""Say that how a dispute stands has been seen, so that it leaves the money that needs a decision."""

from django.db import transaction

from duebook.domain.disputes import DisputeState
from duebook.domain.errors import DisputeChanged, DisputeUndecided
from duebook.domain.permissions import Actor, Right
from duebook.events.requests import earlier_event, input_hash
from duebook.events.rows import row_by_id
from duebook.events.services.record_event import record_event
from duebook.payments.models import Dispute, DisputeReview, Payment


@transaction.atomic
def review_dispute(*, dispute_id: int, state: DisputeState, request_key: str, actor: Actor) -> None:
    """Keep who has seen the dispute in this state; it comes up again only if it changes.

    Locks the dispute. Records ``dispute.reviewed``. Raises NotFound, Forbidden, DisputeUndecided,
    DisputeChanged where it is in another state by now, KeyReused.
    """
    dispute = row_by_id(Dispute.objects.select_for_update(no_key=True, of=("self",)), dispute_id, "Dispute")
    hashed = input_hash(["review dispute", dispute_id, state.value])
    if earlier_event(actor=actor, request_key=request_key, hashed=hashed):
        return
    actor.require(Right.RESOLVE_MESSAGES)
    if dispute.is_open:
        raise DisputeUndecided
    if dispute.state != state.value or dispute.waits_since is None:
        raise DisputeChanged
    DisputeReview.objects.create(
        dispute=dispute, state=dispute.state, problem=dispute.problem, reviewed_by_id=actor.user_id
    )
    Dispute.objects.filter(pk=dispute_id).update(waits_since=None)
    payment = Payment.objects.only("number", "contact_id").get(pk=dispute.payment_id)
    record_event(
        name="dispute.reviewed",
        actor=actor,
        request_key=request_key,
        hashed=hashed,
        contact_id=payment.contact_id,
        payment_id=payment.pk,
        payload={
            "dispute_id": dispute_id,
            "number": payment.number,
            "state": dispute.state,
            "amount_minor": dispute.amount_minor,
            "currency": dispute.currency,
        },
    )
