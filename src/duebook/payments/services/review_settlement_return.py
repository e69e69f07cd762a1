"""Say that the return of a settlement has been seen, so that it leaves the money that needs a decision."""

from django.db import transaction

from duebook.domain.permissions import Actor, Right
from duebook.events.requests import earlier_event, input_hash
from duebook.events.rows import row_by_id
from duebook.events.services.record_event import record_event
from duebook.payments.models import SettlementReturn, SettlementReturnReview


@transaction.atomic
def review_settlement_return(*, return_id: int, request_key: str, actor: Actor) -> None:
    """Keep who has seen it, once; its money waits in card clearing all the same.

    Locks the return. Records ``settlement_return.reviewed``. Raises NotFound, Forbidden, KeyReused.
    """
    rows = SettlementReturn.objects.select_for_update(no_key=True, of=("self",))
    found = row_by_id(rows.select_related("settlement"), return_id, "Returned settlement")
    hashed = input_hash(["review settlement return", return_id])
    if earlier_event(actor=actor, request_key=request_key, hashed=hashed):
        return
    actor.require(Right.RESOLVE_MESSAGES)
    if SettlementReturnReview.objects.filter(settlement_return=found).exists():
        return
    SettlementReturnReview.objects.create(settlement_return=found, reviewed_by_id=actor.user_id)
    SettlementReturn.objects.filter(pk=return_id).update(waits_since=None)
    record_event(
        name="settlement_return.reviewed",
        actor=actor,
        request_key=request_key,
        hashed=hashed,
        payload={
            "settlement_id": found.settlement_id,
            "number": str(found.settlement),
            "amount_minor": found.amount_minor,
            "currency": found.currency,
        },
    )
