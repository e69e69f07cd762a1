"""Book back a settlement that the bank sent back: the processor holds its net again."""

from datetime import date

from django.db import transaction
from django.db.models.functions import Now

from duebook.domain.errors import NotFound
from duebook.domain.permissions import Actor, Right
from duebook.domain.settlements import SettlementReturn as Decision, decide_settlement_return
from duebook.events.requests import input_hash
from duebook.events.services.record_event import record_event
from duebook.ledger.models import Transfer
from duebook.ledger.queries import closed_until
from duebook.payments.clearing import clear_return_by_earlier_lines, lock_account
from duebook.payments.models import Settlement, SettlementReturn
from duebook.payments.points import Point, reach
from duebook.staff.queries import today


def return_settlement(*, settlement_id: int, returned_on: date, reason: str, actor: Actor) -> bool:
    """Mirror its transfer to the bank; False where that was done before.

    What its lines cleared stays cleared, and its fees stay booked: the net alone waits in card clearing until
    a later settlement pays it again. Repeated or at the same time as another, it books once.
    Locks the merchant account. Records ``settlement.returned``. Raises Forbidden, NotFound.
    """
    reach(Point.SETTLEMENT_RETURN_BEGUN)
    actor.require(Right.RESOLVE_MESSAGES)
    account_id = (
        Settlement.objects.values_list("merchant_account_id", flat=True).filter(pk=settlement_id).first()
    )
    if account_id is None:
        raise NotFound(what="Settlement", id=settlement_id)
    made = _return(account_id, settlement_id, returned_on, reason, actor)
    reach(Point.SETTLEMENT_RETURNED)
    return made


@transaction.atomic(durable=True)
def _return(account_id: int, settlement_id: int, returned_on: date, reason: str, actor: Actor) -> bool:
    lock_account(account_id)
    reach(Point.SETTLEMENT_RETURN_LOCKED)
    if SettlementReturn.objects.filter(settlement=settlement_id).exists():
        return False
    settlement = Settlement.objects.select_related("merchant_account").get(pk=settlement_id)
    decision = decide_settlement_return(
        net_minor=settlement.net_minor,
        settled_on=settlement.booked_on or settlement.paid_on,
        returned_on=returned_on,
        clearing_account_id=settlement.merchant_account.clearing_account_id,
        on=today(),
        closed_until=closed_until(),
    )
    made = _write(settlement, decision, returned_on, reason)
    clear_return_by_earlier_lines(made, settlement.gateway_id)
    reach(Point.SETTLEMENT_RETURN_CLEARED)
    _record(settlement, made, actor)
    return True


def _write(settlement: Settlement, decision: Decision, returned_on: date, reason: str) -> SettlementReturn:
    is_booked = settlement.booked_on is not None
    transfer = _post(settlement, decision) if is_booked else None
    reach(Point.SETTLEMENT_RETURN_POSTED)
    made = SettlementReturn.objects.create(
        settlement=settlement,
        merchant_account=settlement.merchant_account,
        amount_minor=settlement.net_minor,
        currency=settlement.currency,
        returned_on=returned_on,
        booked_on=decision.booked_on if is_booked else None,
        transfer=transfer,
        reason=reason[:300],
        waits_since=Now(),
    )
    reach(Point.SETTLEMENT_RETURN_WRITTEN)
    return made


def _post(settlement: Settlement, decision: Decision) -> Transfer | None:
    """The mirror image of the transfer to the bank; none of nothing."""
    movement = decision.net
    if movement is None:
        return None
    return Transfer.objects.create(
        kind=movement.kind.value,
        debit_account_id=movement.debit,
        credit_account_id=movement.credit,
        amount_minor=movement.minor,
        currency=settlement.currency,
        effective_on=movement.effective_on,
        corrects_id=settlement.net_transfer_id,
    )


def _record(settlement: Settlement, made: SettlementReturn, actor: Actor) -> None:
    record_event(
        name="settlement.returned",
        actor=actor,
        request_key=f"settlement:{settlement.pk}:returned",
        hashed=input_hash([settlement.pk]),
        payload={
            "settlement_id": settlement.pk,
            "number": str(settlement),
            "merchant_account_id": settlement.merchant_account_id,
            "gateway_id": settlement.gateway_id,
            "net_minor": settlement.net_minor,
            "currency": settlement.currency,
            "returned_on": made.returned_on.isoformat(),
            "booked_on": made.booked_on.isoformat() if made.booked_on else None,
            "reason": made.reason,
        },
    )
    reach(Point.SETTLEMENT_RETURN_EVENT_WRITTEN)
