"""Apply a contact's credit on account to invoices."""

from datetime import date

from django.db import transaction
from django.db.models import Exists, OuterRef

from duebook.domain.commission_steps import EntryCause
from duebook.domain.crediting import CreditDecision, decide_credit
from duebook.domain.errors import AmountNotPositive
from duebook.domain.payment_state import AllocationRow, allocated
from duebook.domain.permissions import Actor, Right
from duebook.domain.recording import Share
from duebook.events.requests import earlier_event, input_hash
from duebook.events.services.record_event import record_event
from duebook.ledger.queries import closed_until
from duebook.payments import write_path
from duebook.payments.act_plan import balances_told
from duebook.payments.charge_models import OPEN_REFUND_STATES_IN_ORDER
from duebook.payments.models import GatewayRefund, Payment
from duebook.payments.state import open_invoices
from duebook.payments.write_path import PaymentCounters, Plan


def credits_of(contact_id: int, currency: str) -> list[tuple[int, int]]:
    """The contact's payments with credit left: (payment id, credit in minor units), the oldest first.

    Without those of which money is on its way back to the card: the credit goes back first.
    """
    under_way = GatewayRefund.objects.filter(payment=OuterRef("pk"), state__in=OPEN_REFUND_STATES_IN_ORDER)
    return list(
        Payment.objects.filter(
            ~Exists(under_way), contact_id=contact_id, currency=currency, credit_minor__gt=0
        )
        .order_by("received_on", "id")
        .values_list("pk", "credit_minor")
    )


def preview_credit(
    *,
    contact_id: int,
    shares: tuple[Share, ...],
    apply_to_commissions: bool,
    actor: Actor,
    on: date,
) -> CreditDecision:
    """What applying the credit would do; writes nothing. Raises as ``apply_credit``."""
    actor.require(Right.APPLY_CREDIT)
    if not shares:
        raise AmountNotPositive
    currency = shares[0].amount.currency
    return decide_credit(
        shares,
        on=on,
        contact_id=contact_id,
        currency=currency,
        counts=apply_to_commissions,
        sources=credits_of(contact_id, currency),
        invoices=open_invoices(share.invoice_id for share in shares),
        closed_until=closed_until(),
    )


@transaction.atomic
def apply_credit(
    *,
    contact_id: int,
    shares: tuple[Share, ...],
    apply_to_commissions: bool,
    request_key: str,
    actor: Actor,
    on: date,
) -> CreditDecision | None:
    """Apply credit to the invoices of the shares, dated ``on``; None when this request did so before.

    The oldest payment's credit is used first. Locks the contact, the invoices and the payments used.
    Records ``credit.applied``. Raises Forbidden, KeyReused and what ``decide_credit`` raises.
    """
    write_path.lock_contacts([contact_id])
    write_path.lock_invoices(share.invoice_id for share in shares)
    if shares:
        write_path.lock_payments(pk for pk, _ in credits_of(contact_id, shares[0].amount.currency))
    hashed = input_hash([contact_id, list(shares), apply_to_commissions])
    if earlier_event(actor=actor, request_key=request_key, hashed=hashed):
        return None
    decision = preview_credit(
        contact_id=contact_id,
        shares=shares,
        apply_to_commissions=apply_to_commissions,
        actor=actor,
        on=on,
    )
    write_path.book(_plan(decision, contact_id, apply_to_commissions=apply_to_commissions))
    record_event(
        name="credit.applied",
        actor=actor,
        request_key=request_key,
        hashed=hashed,
        contact_id=contact_id,
        payload={
            "amount_minor": decision.amount.minor,
            "currency": decision.amount.currency,
            "apply_to_commissions": apply_to_commissions,
            "uses": [
                {"payment_id": u.payment_id, "invoice_id": u.invoice_id, "amount_minor": u.minor}
                for u in decision.uses
            ],
            "invoices": balances_told(decision.balances),
        },
    )
    return decision


def _plan(decision: CreditDecision, contact_id: int, *, apply_to_commissions: bool) -> Plan:
    """Credit of each payment used goes to its invoice; the commissions belong to no one payment."""
    plan = Plan()
    for use in decision.uses:
        row = AllocationRow(use.invoice_id, use.minor, apply_to_commissions, decision.applied_on)
        plan.allocate(
            payment_id=use.payment_id,
            invoice_id=use.invoice_id,
            minor=use.minor,
            counts=apply_to_commissions,
            is_money=True,
            applied_on=decision.applied_on,
        )
        plan.transfer(
            allocated(row),
            currency=decision.amount.currency,
            contact_id=contact_id,
            payment_id=use.payment_id,
        )
        plan.counters.setdefault(use.payment_id, PaymentCounters()).allocated += use.minor
    plan.step_commissions(
        decision.commissions,
        cause=EntryCause.CREDIT_APPLIED,
        currency=decision.amount.currency,
        contact_id=contact_id,
        payment_id=None,
    )
    return plan
