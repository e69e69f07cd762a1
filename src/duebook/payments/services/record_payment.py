"""Record money already received, alone or hundreds at a time, and apply it to invoices.

Preview and save run the same decision; saving only adds the write.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Any

from django.db import IntegrityError, transaction

from duebook.domain.card_numbers import refuse_card_numbers
from duebook.domain.errors import (
    Conflict,
    DomainError,
    KeyReused,
    LooksLikeDuplicate,
    NotFound,
    RequestKeyMissing,
)
from duebook.domain.payment_kinds import PaymentKind
from duebook.domain.permissions import Actor, Right
from duebook.domain.recording import (
    PaymentDecision,
    PaymentInput,
    TypeTerms,
    decide_payment,
    run_on,
)
from duebook.events.requests import input_hash
from duebook.payments import write_path
from duebook.payments.recording_plan import plan_recording
from duebook.payments.write_path import Plan, Situation

ASK_WITHIN = timedelta(hours=24)
_ONE_PER_REQUEST = "event_one_per_request"


class Duplicates(StrEnum):
    """Whether an equal payment of the last day raises a question (a person's form) or not (API, import)."""

    ASK = "ask"
    ALLOW = "allow"


@dataclass(frozen=True, slots=True)
class RecordedPayment:
    """What was recorded; ``repeated`` when this very request had recorded it before."""

    payment_id: int
    number: int
    decision: PaymentDecision | None = None
    repeated: bool = False


@dataclass(frozen=True, slots=True)
class PaymentRequest:
    """One row of a batch: what is asked for and the key that makes it safe to repeat."""

    wanted: PaymentInput
    request_key: str


class RefusedByDatabase(Conflict):
    code = "refused_by_database"
    message = "The books refused this payment. Reload the page and try again."


def preview_payment(*, wanted: PaymentInput, actor: Actor, on: date) -> PaymentDecision:
    """What recording this payment would do, by the decision that saving runs; writes nothing.

    Raises the DomainErrors of ``record_payment`` but for those about the request key.
    """
    situation = _situation([wanted], actor, [], new_payments=0)
    return decide_recording(wanted, actor, on, situation)


def record_payment(
    *,
    wanted: PaymentInput,
    request_key: str,
    actor: Actor,
    on: date,
    duplicates: Duplicates = Duplicates.ALLOW,
) -> RecordedPayment:
    """Record one payment and apply it to the invoices named in its shares.

    Repeating the call with the same key and input returns the first payment. Locks the invoices (and the
    contact, when it must ask about a duplicate). Records ``payment.recorded``.
    Raises RequestKeyMissing, KeyReused, LooksLikeDuplicate, RefusedByDatabase and what ``decide_recording``
    raises.
    """
    if not request_key:
        raise RequestKeyMissing
    try:
        return _record_one(wanted, request_key, actor, on, duplicates)
    except IntegrityError as error:
        if _ONE_PER_REQUEST not in str(error):
            raise RefusedByDatabase from error
    # The same key was being written by another connection on rows we do not lock; it is committed now.
    return _record_one(wanted, request_key, actor, on, duplicates)


@transaction.atomic
def _record_one(
    wanted: PaymentInput,
    request_key: str,
    actor: Actor,
    on: date,
    duplicates: Duplicates,
) -> RecordedPayment:
    if duplicates is Duplicates.ASK:
        write_path.lock_contacts([wanted.contact_id])
    write_path.lock_invoices(share.invoice_id for share in wanted.shares)
    situation = _situation([wanted], actor, [request_key], new_payments=1)
    hashed = input_hash(wanted)
    earlier = situation.earlier.get(request_key)
    if earlier is not None:
        return _repeated(earlier.input_hash, hashed, earlier.payment_id, earlier.payload)
    decision = decide_recording(wanted, actor, on, situation)
    if duplicates is Duplicates.ASK:
        _ask_about_duplicate(wanted)
    plan = Plan()
    payment_id, number = situation.ids[0]
    plan_recording(plan, decision, payment_id, number, actor, request_key, hashed)
    write_path.book(plan)
    return RecordedPayment(payment_id, number, decision)


def record_payments(
    *, requests: Sequence[PaymentRequest], actor: Actor, on: date
) -> list[RecordedPayment | DomainError]:
    """Record a batch in one transaction and one statement, each row fully checked on running balances.

    The answer has one result for each request, in order: what was recorded, or the refusal. A refused row
    never takes the others with it: when the database refuses the statement the batch is split.
    """
    if not requests:
        return []
    try:
        with transaction.atomic():
            return _record_batch(requests, actor, on)
    except IntegrityError as error:
        if len(requests) == 1 and _ONE_PER_REQUEST not in str(error):
            return [RefusedByDatabase()]
    if len(requests) == 1:
        # As for a payment alone: the same key was being written by another connection.
        with transaction.atomic():
            return _record_batch(requests, actor, on)
    middle = len(requests) // 2
    return [
        *record_payments(requests=requests[:middle], actor=actor, on=on),
        *record_payments(requests=requests[middle:], actor=actor, on=on),
    ]


def _record_batch(
    requests: Sequence[PaymentRequest], actor: Actor, on: date
) -> list[RecordedPayment | DomainError]:
    wanted = [request.wanted for request in requests]
    write_path.lock_invoices(share.invoice_id for one in wanted for share in one.shares)
    situation = _situation(wanted, actor, [r.request_key for r in requests], new_payments=len(requests))
    plan = Plan()
    done: dict[str, tuple[str, int, dict[str, Any]]] = {
        key: (e.input_hash, e.payment_id, e.payload) for key, e in situation.earlier.items()
    }
    results: list[RecordedPayment | DomainError] = []
    for request, (payment_id, number) in zip(requests, situation.ids, strict=True):
        hashed = input_hash(request.wanted)
        try:
            if not request.request_key:
                raise RequestKeyMissing
            if request.request_key in done:
                results.append(
                    _repeated(
                        done[request.request_key][0],
                        hashed,
                        *done[request.request_key][1:],
                    )
                )
                continue
            decision = decide_recording(request.wanted, actor, on, situation)
        except DomainError as refusal:
            results.append(refusal)
            continue
        run_on(decision, situation.invoices)
        payload = plan_recording(plan, decision, payment_id, number, actor, request.request_key, hashed)
        done[request.request_key] = (hashed, payment_id, payload)
        results.append(RecordedPayment(payment_id, number, decision))
    if plan.payments:
        write_path.book(plan)
    return results


def _situation(
    wanted: Iterable[PaymentInput],
    actor: Actor,
    keys: Sequence[str],
    *,
    new_payments: int,
) -> Situation:
    invoice_ids: set[int] = set()
    type_ids: set[int] = set()
    contact_ids: set[int] = set()
    for one in wanted:
        invoice_ids.update(share.invoice_id for share in one.shares)
        type_ids.add(one.payment_type_id)
        contact_ids.add(one.contact_id)
    return write_path.read_situation(
        invoice_ids=list(invoice_ids),
        type_ids=list(type_ids),
        contact_ids=list(contact_ids),
        actor_id=actor.user_id,
        request_keys=keys,
        new_payments=new_payments,
    )


def decide_recording(wanted: PaymentInput, actor: Actor, on: date, situation: Situation) -> PaymentDecision:
    """Check the actor's rights and decide the payment on the situation as it stands.

    Raises NotFound, Forbidden, AboveLimit, CardNumberTyped and what ``decide_payment`` raises.
    """
    actor.require_within(Right.RECORD_PAYMENTS, wanted.amount)
    refuse_card_numbers(reference=wanted.reference, notes=wanted.notes)
    if wanted.contact_id not in situation.contact_ids:
        raise NotFound(field="contact", what="Contact", id=wanted.contact_id)
    terms = situation.types.get(wanted.payment_type_id)
    if terms is not None:
        _check_type_right(terms, actor, wanted, situation)
    return decide_payment(
        wanted,
        on=on,
        types=situation.types,
        invoices=situation.invoices,
        closed_until=situation.closed_until,
    )


def _check_type_right(terms: TypeTerms, actor: Actor, wanted: PaymentInput, situation: Situation) -> None:
    if terms.kind is PaymentKind.ADJUSTMENT or terms.id in situation.adjust_types:
        actor.require_within(Right.ADJUST, wanted.amount)


def _ask_about_duplicate(wanted: PaymentInput) -> None:
    similar = write_path.similar_payment(
        contact_id=wanted.contact_id,
        received_on=wanted.received_on,
        amount_minor=wanted.amount.minor,
        currency=wanted.amount.currency,
        payment_type_id=wanted.payment_type_id,
        within=ASK_WITHIN,
    )
    if similar is not None:
        raise LooksLikeDuplicate(number=f"P-{similar[0]}", amount=wanted.amount, when=similar[1])


def _repeated(earlier_hash: str, hashed: str, payment_id: int, payload: Mapping[str, Any]) -> RecordedPayment:
    number = payload.get("number", 0)
    if earlier_hash != hashed:
        raise KeyReused(number=f"P-{number}")
    return RecordedPayment(payment_id, number, repeated=True)
