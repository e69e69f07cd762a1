"""Apply one observation of a dispute: what the gateway has taken for it is booked, what came back is too.

Applied again or in another order, observations end in the same state and the same books.
"""

from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now

from duebook.domain.accounts import TransferKind
from duebook.domain.disputes import (
    Claim,
    DisputeDecision,
    DisputeState,
    after_seeing_dispute,
    decide_bringing_back,
    decide_taking,
    fee_movement,
    first_open_day,
)
from duebook.domain.errors import NotFound
from duebook.domain.payment_state import AllocationRow
from duebook.domain.permissions import Actor, Source
from duebook.events.requests import input_hash
from duebook.events.services.record_event import record_event
from duebook.gateways.protocol import SeenDispute
from duebook.ledger.models import Transfer
from duebook.payments import write_path
from duebook.payments.dispute_plan import plan_dispute, plan_fee
from duebook.payments.models import Allocation, Charge, Dispute, DisputeBooking, Observation, Payment
from duebook.payments.points import Point, reach
from duebook.payments.state import PaymentRows, lock_payment, read_payment
from duebook.staff.queries import today

_AMOUNT = DisputeBooking.Whats.AMOUNT
_FEE = DisputeBooking.Whats.FEE
_EVENTS = {
    DisputeState.OPEN: "dispute.opened",
    DisputeState.WON: "dispute.won",
    DisputeState.LOST: "dispute.lost",
}


NOT_ALL_BOOKED = (
    "Not all that the processor took is booked: the other part of the payment had gone back before, or is"
    " being refunded."
)


@dataclass(slots=True)
class _Moved:
    """What one observation did to the books, for its event; amounts off invoices are positive."""

    minor: int = 0
    fee_minor: int = 0
    taken_off: dict[int, int] = field(default_factory=dict)
    invoices: dict[int, tuple[int, int]] = field(default_factory=dict)

    def note(self, decision: DisputeDecision) -> None:
        self.minor += decision.minor
        for row in decision.allocations:
            self.taken_off[row.invoice_id] = self.taken_off.get(row.invoice_id, 0) - row.minor
        for change in decision.balances:
            self.invoices[change.invoice_id] = (change.number, change.after.minor)


def settle_dispute(*, charge_id: int, answer: SeenDispute, channel: Observation.Channels) -> Dispute:
    """Bring the dispute of the charge to what the answer says; returns it.

    What cannot be booked, because the money had gone back before, is kept as a problem for a person. Locks
    the contact, the invoices, the payment and the charge. Records ``dispute.opened``, ``dispute.won`` or
    ``dispute.lost`` when it has come to that, else ``dispute.booked`` when money or the problem has changed.
    Raises NotFound where the charge has no payment.
    """
    reach(Point.DISPUTE_BEGUN)
    dispute = _settle(charge_id, answer, channel)
    reach(Point.DISPUTE_SETTLED)
    return dispute


@transaction.atomic(durable=True)
def _settle(charge_id: int, answer: SeenDispute, channel: Observation.Channels) -> Dispute:
    payment_id = _lock(charge_id)
    charge = Charge.objects.get(pk=charge_id)
    seen = Claim(DisputeState(answer.outcome.value), answer.taken_minor, answer.fee_minor)
    dispute = (
        Dispute.objects.select_for_update(no_key=True, of=("self",))
        .filter(merchant_account=charge.merchant_account_id, gateway_id=answer.id)
        .first()
    )
    known = _claim_of(dispute) if dispute is not None else None
    if dispute is None:
        dispute = _write_dispute(charge, payment_id, answer)
    claim = after_seeing_dispute(known, seen)
    Observation.objects.create(
        charge_id=charge_id,
        dispute=dispute,
        channel=channel,
        seen=seen.state.value,
        state_before=dispute.state if known else "",
        state_after=claim.state.value,
        payload=dict(answer.raw),
    )
    reach(Point.DISPUTE_OBSERVED)
    moved = _Moved()
    if answer.amount.currency == charge.currency:
        _follow_amount(dispute, claim.taken_minor, moved)
        _follow_fee(dispute, claim.fee_minor, moved)
    _write_state(dispute, known, seen, claim, answer, moved)
    return dispute


def _lock(charge_id: int) -> int:
    """Lock the contact, invoices and payment, then the charge; returns the payment. Raises NotFound."""
    payment_id = Payment.objects.filter(charge_id=charge_id).values_list("pk", flat=True).first()
    if payment_id is None:
        raise NotFound(what="Payment of charge", id=charge_id)
    lock_payment(payment_id)
    list(Charge.objects.select_for_update(no_key=True, of=("self",)).filter(pk=charge_id).values_list("pk"))
    reach(Point.DISPUTE_LOCKED)
    return payment_id


def _claim_of(dispute: Dispute) -> Claim:
    return Claim(DisputeState(dispute.state), dispute.taken_minor, dispute.fee_minor)


def _write_dispute(charge: Charge, payment_id: int, answer: SeenDispute) -> Dispute:
    is_open = answer.outcome.value == DisputeState.OPEN.value
    dispute = Dispute.objects.create(
        charge=charge,
        payment_id=payment_id,
        merchant_account_id=charge.merchant_account_id,
        gateway_id=answer.id,
        amount_minor=answer.amount.minor,
        currency=answer.amount.currency,
        reason=answer.reason[:120],
        opened_at=answer.opened_at,
        state=answer.outcome.value,
        ended_at=None if is_open else Now(),
    )
    reach(Point.DISPUTE_WRITTEN)
    return dispute


def _follow_amount(dispute: Dispute, taken_minor: int, moved: _Moved) -> None:
    """Bring the books to what is taken: mirror what came back, book what went as far as it can be."""
    while dispute.booked_minor > taken_minor:
        _bring_back(dispute, moved)
    rows = read_payment(dispute.payment_id)
    charge = Charge.objects.get(pk=dispute.charge_id)
    left = min(charge.refundable_minor, rows.state.refundable_minor - charge.refunding_minor)
    minor = min(taken_minor - dispute.booked_minor, left)
    if minor > 0:
        _take(dispute, rows, minor, moved)


def _take(dispute: Dispute, rows: PaymentRows, minor: int, moved: _Moved) -> None:
    decision = decide_taking(
        rows.state,
        minor,
        on=today(),
        allocations=rows.allocations,
        invoices=rows.invoices,
        closed_until=rows.closed_until,
    )
    write_path.book(plan_dispute(decision))
    reach(Point.DISPUTE_TAKING_BOOKED)
    moved.note(decision)
    _note_booking(dispute, _AMOUNT, minor)
    _count(dispute, minor)


def _bring_back(dispute: Dispute, moved: _Moved) -> None:
    """Mirror the latest taking that stands."""
    rows = read_payment(dispute.payment_id)
    taking = _standing(dispute, _AMOUNT)
    took = Transfer.objects.get(pk=taking.transfer_id)
    taken_off = Allocation.objects.filter(payment=dispute.payment_id, recorded_at=took.recorded_at)
    decision = decide_bringing_back(
        rows.state,
        taking.amount_minor,
        on=max(today(), took.effective_on),
        taken_off=[
            AllocationRow(*row)
            for row in taken_off.order_by("id").values_list(
                "invoice_id", "amount_minor", "apply_to_commissions", "applied_on"
            )
        ],
        invoices=rows.invoices,
        closed_until=rows.closed_until,
    )
    write_path.book(plan_dispute(decision, corrects_id=took.pk))
    reach(Point.DISPUTE_RETURN_BOOKED)
    moved.note(decision)
    _note_booking(dispute, _AMOUNT, taking.amount_minor, takes_back=taking)
    _count(dispute, -taking.amount_minor)


def _count(dispute: Dispute, minor: int) -> None:
    dispute.booked_minor += minor
    Charge.objects.filter(pk=dispute.charge_id).update(disputed_minor=F("disputed_minor") + minor)
    reach(Point.DISPUTE_COUNTED)


def _follow_fee(dispute: Dispute, fee_minor: int, moved: _Moved) -> None:
    """Bring the booked fee to what the gateway keeps."""
    before = dispute.fee_minor
    while dispute.fee_minor > fee_minor:
        taking = _standing(dispute, _FEE)
        _book_fee(dispute, -taking.amount_minor, takes_back=taking)
    if dispute.fee_minor < fee_minor:
        _book_fee(dispute, fee_minor - dispute.fee_minor)
    moved.fee_minor = dispute.fee_minor - before


def _book_fee(dispute: Dispute, minor: int, takes_back: DisputeBooking | None = None) -> None:
    rows = read_payment(dispute.payment_id)
    payment = rows.state
    took = Transfer.objects.get(pk=takes_back.transfer_id) if takes_back else None
    earliest = took.effective_on if took else payment.received_on
    day = first_open_day(max(today(), earliest), rows.closed_until)
    plan = plan_fee(
        fee_movement(payment.account_id, minor, day),
        currency=payment.currency,
        contact_id=payment.contact_id,
        payment_id=payment.id,
        corrects_id=took.pk if took else None,
    )
    write_path.book(plan)
    reach(Point.DISPUTE_FEE_BOOKED)
    _note_booking(dispute, _FEE, abs(minor), takes_back=takes_back)
    dispute.fee_minor += minor
    Charge.objects.filter(pk=dispute.charge_id).update(dispute_fee_minor=F("dispute_fee_minor") + minor)
    reach(Point.DISPUTE_FEE_COUNTED)


def _standing(dispute: Dispute, what: DisputeBooking.Whats) -> DisputeBooking:
    """The latest of the dispute's bookings that nothing has taken back."""
    rows = DisputeBooking.objects.filter(
        dispute=dispute, what=what, takes_back__isnull=True, taken_back_by__isnull=True
    )
    return rows.latest("id")


def _note_booking(
    dispute: Dispute, what: DisputeBooking.Whats, minor: int, *, takes_back: DisputeBooking | None = None
) -> None:
    """Name the transfer that was just booked; the locks see to it that it is the payment's latest."""
    kind = TransferKind.RETURNED if what is _AMOUNT else TransferKind.PROCESSOR_FEE
    booked = Transfer.objects.filter(payment_id=dispute.payment_id, kind=kind.value).latest("id")
    DisputeBooking.objects.create(
        dispute=dispute, what=what, amount_minor=minor, transfer_id=booked.pk, takes_back=takes_back
    )
    reach(Point.DISPUTE_BOOKING_NOTED)


def _write_state(
    dispute: Dispute,
    known: Claim | None,
    seen: Claim,
    claim: Claim,
    answer: SeenDispute,
    moved: _Moved,
) -> None:
    has_turned = known is None or known.state is not claim.state
    problem = _problem(dispute, seen, claim, answer)
    has_changed = has_turned or bool(moved.minor or moved.fee_minor) or problem != dispute.problem
    dispute.taken_minor = claim.taken_minor
    if claim.state is seen.state:
        dispute.answer_by = answer.answer_by
    if has_turned:
        dispute.ended_at = None if claim.state is DisputeState.OPEN else Now()
    if has_turned or problem != dispute.problem:
        waits = bool(problem) or claim.state is not DisputeState.WON
        dispute.waits_since = Now() if waits else None
    dispute.state, dispute.problem = claim.state.value, problem
    dispute.save(
        update_fields=[
            *("state", "answer_by", "taken_minor", "booked_minor", "fee_minor", "problem"),
            *("ended_at", "waits_since"),
        ]
    )
    reach(Point.DISPUTE_STATE_WRITTEN)
    if has_changed:
        _record(dispute, _EVENTS[claim.state] if has_turned else "dispute.booked", moved)


def _problem(dispute: Dispute, seen: Claim, claim: Claim, answer: SeenDispute) -> str:
    """What a person must look at, if anything."""
    if claim.state is DisputeState.WON and seen.state is DisputeState.LOST:
        return "The processor said that it was won, and afterwards that it was lost."
    if answer.amount.currency != dispute.charge.currency:
        return f"Nothing is booked: the dispute is in {answer.amount.currency}, the charge is not."
    if claim.taken_minor > dispute.booked_minor:
        return NOT_ALL_BOOKED
    return ""


def _record(dispute: Dispute, name: str, moved: _Moved) -> None:
    system = Actor.system(Source.JOB)
    number = dispute.observations.count()
    record_event(
        name=name,
        actor=system,
        request_key=f"dispute:{dispute.pk}:{number}",
        hashed=input_hash([dispute.pk, number]),
        contact_id=dispute.charge.contact_id,
        payment_id=dispute.payment_id,
        payload=_payload(dispute, moved),
    )
    reach(Point.DISPUTE_EVENT_WRITTEN)


def _payload(dispute: Dispute, moved: _Moved) -> dict[str, Any]:
    return {
        "dispute_id": dispute.pk,
        "payment_id": dispute.payment_id,
        "charge_id": dispute.charge_id,
        "number": Payment.objects.values_list("number", flat=True).get(pk=dispute.payment_id),
        "amount_minor": dispute.amount_minor,
        "currency": dispute.currency,
        "moved_minor": moved.minor,
        "booked_minor": dispute.booked_minor,
        "fee_minor": dispute.fee_minor,
        "reason": dispute.reason,
        "problem": dispute.problem,
        "taken_off": [
            {"invoice_id": pk, "amount_minor": minor} for pk, minor in moved.taken_off.items() if minor
        ],
        "invoices": [
            {"invoice_id": pk, "number": number, "balance_minor": balance}
            for pk, (number, balance) in moved.invoices.items()
        ],
    }
