"""Record that money of a payment was given back by hand: in cash, by check, by transfer."""

from datetime import date

from django.db import transaction

from duebook.domain.card_numbers import refuse_card_numbers
from duebook.domain.errors import AccountNotFitting
from duebook.domain.permissions import Actor, Right
from duebook.domain.refunding import RefundDecision, RefundInput, RefundMeans, decide_refund
from duebook.events.requests import earlier_event, input_hash
from duebook.ledger.models import Account
from duebook.payments import write_path
from duebook.payments.day_limits import count_use, require_left_today
from duebook.payments.queries import refund_accounts, rest_types
from duebook.payments.refund_plan import plan_refund
from duebook.payments.refund_requests import approve_within
from duebook.payments.state import PaymentRows, lock_payment, read_payment
from duebook.payments.write_path import Plan


def preview_refund(*, payment_id: int, wanted: RefundInput, actor: Actor, on: date) -> RefundDecision:
    """Everything that the refund would do; writes nothing. Raises as ``refund_payment``."""
    decision = decide_refunding(read_payment(payment_id), wanted, actor, on)
    require_left_today(actor, Right.REFUND, decision.amount, on)
    return decision


@transaction.atomic
def refund_payment(
    *,
    payment_id: int,
    wanted: RefundInput,
    request_key: str,
    actor: Actor,
    on: date,
    approves: int | None = None,
) -> RefundDecision | None:
    """Give the money back and lower what is owed, both or neither; None when this request did so before.

    ``approves`` is the refund request that this carries out, and approves.
    Locks the contact, the invoices and the payment. Records ``payment.refunded``, and ``payment.recorded``
    for what is credited or written off. Raises NotFound, Forbidden, AboveLimit, AboveDayLimit, KeyReused,
    AccountNotFitting, NoAdjustmentType and what ``decide_refund`` raises.
    """
    lock_payment(payment_id)
    hashed = input_hash([payment_id, wanted])
    if earlier_event(actor=actor, request_key=request_key, hashed=hashed):
        return None
    approve_within(approves, payment_id=payment_id, actor=actor)
    decision = decide_refunding(read_payment(payment_id), wanted, actor, on)
    plan = Plan()
    plan_refund(plan, decision, actor=actor, request_key=request_key, hashed=hashed)
    write_path.book(plan)
    count_use(actor, Right.REFUND, decision.amount, on, payment_id=payment_id)
    return decision


def decide_refunding(rows: PaymentRows, wanted: RefundInput, actor: Actor, on: date) -> RefundDecision:
    """Check the actor's rights and the account, and decide the refund on the payment as it stands.

    Raises Forbidden, AboveLimit, CardNumberTyped, AccountNotFitting, NoAdjustmentType and what
    ``decide_refund`` raises.
    """
    actor.require_within(Right.REFUND, wanted.amount)
    refuse_card_numbers(reference=wanted.reference, reason=wanted.reason)
    if wanted.means is RefundMeans.BY_HAND and not refund_accounts().filter(pk=wanted.account_id).exists():
        account = Account.objects.filter(pk=wanted.account_id).first() or "This account"
        raise AccountNotFitting(account=account)
    decision = decide_refund(
        rows.state,
        wanted,
        on=on,
        allocations=rows.allocations,
        invoices=rows.invoices,
        types=rest_types(),
        closed_until=rows.closed_until,
    )
    if decision.adjustment:
        actor.require_within(Right.ADJUST, decision.not_owed)
    return decision
