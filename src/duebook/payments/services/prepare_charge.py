"""Write down a charge before anything is sent: the first of prepare, send, settle."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db import IntegrityError, transaction

from duebook.domain.card_numbers import refuse_card_numbers
from duebook.domain.charge_debts import debts_as_text
from duebook.domain.charging import AccountTerms, CardOnFile, ChargeDecision, ChargeInput, decide_charge
from duebook.domain.errors import ChargeUnderWay, KeyReused, RequestKeyMissing
from duebook.domain.payment_kinds import PaymentKind
from duebook.domain.permissions import Actor, Right
from duebook.events.requests import input_hash
from duebook.gateways.accounts import guarantees_of
from duebook.gateways.models import MerchantAccount
from duebook.payments import charge_path, write_path
from duebook.payments.charge_path import CardSituation
from duebook.payments.day_limits import count_use, require_left_today
from duebook.payments.models import PaymentMethod
from duebook.payments.points import Point, reach
from duebook.payments.write_path import Situation

_ONE_OPEN = "chargeline_one_open_an_invoice"


@dataclass(frozen=True, slots=True)
class PreparedCharge:
    """The charge that was written down; ``repeated`` when this very request had done so before."""

    charge_id: int
    repeated: bool = False


@dataclass(frozen=True, slots=True)
class PreviewedCharge:
    """What was decided about a charge, and on what."""

    decision: ChargeDecision
    facts: CardSituation
    situation: Situation


def preview_charge(*, wanted: ChargeInput, actor: Actor, on: date) -> PreviewedCharge:
    """Whether the card may be charged; writes and sends nothing. Raises as ``prepare_charge``."""
    situation = _situation(wanted, actor)
    facts = _read_card(wanted)
    decision = _decide(wanted, actor, on, facts, situation)
    require_left_today(actor, Right.CHARGE_CARDS, decision.amount, on)
    return PreviewedCharge(decision, facts, situation)


def prepare_charge(*, wanted: ChargeInput, request_key: str, actor: Actor, on: date) -> PreparedCharge:
    """Write down the charge, its lines and the request as it will be sent, in a transaction of its own.

    Locks the invoices and the card. Records ``charge.prepared``. Raises NotFound, Forbidden, AboveLimit,
    AboveDayLimit, CardNumberTyped, KeyReused and what ``decide_charge`` raises.
    """
    reach(Point.PREPARE_BEGUN)
    try:
        return _prepare(wanted, request_key, actor, on)
    except IntegrityError as error:
        if _ONE_OPEN not in str(error):
            raise
        raise ChargeUnderWay(number="this invoice") from error


@transaction.atomic(durable=True)
def _prepare(wanted: ChargeInput, request_key: str, actor: Actor, on: date) -> PreparedCharge:
    write_path.lock_invoices(share.invoice_id for share in wanted.shares)
    charge_path.lock_card(wanted.payment_method_id)
    reach(Point.PREPARE_LOCKED)
    if not request_key:
        raise RequestKeyMissing
    hashed = input_hash(wanted)
    situation = _situation(wanted, actor, [request_key])
    earlier = situation.earlier.get(request_key)
    if earlier is not None:
        if earlier.input_hash != hashed:
            raise KeyReused(number=earlier.payload.get("number", request_key))
        return PreparedCharge(earlier.payload["charge_id"], repeated=True)
    facts = _read_card(wanted)
    decision = _decide(wanted, actor, on, facts, situation)
    reach(Point.PREPARE_DECIDED)
    charge_id = charge_path.write_charge(
        charge=_charge(decision, facts, actor, situation),
        shares=wanted.shares,
        event=_event(decision, facts, actor, request_key, hashed),
    )
    reach(Point.PREPARE_WRITTEN)
    count_use(actor, Right.CHARGE_CARDS, decision.amount, on, charge_id=charge_id)
    reach(Point.PREPARE_USE_COUNTED)
    return PreparedCharge(charge_id)


def _situation(wanted: ChargeInput, actor: Actor, request_keys: Sequence[str] = ()) -> Situation:
    return write_path.read_situation(
        invoice_ids=[share.invoice_id for share in wanted.shares],
        type_ids=[],
        type_kinds=[PaymentKind.CHARGE_NOW],
        contact_ids=[],
        actor_id=actor.user_id,
        request_keys=request_keys,
        new_payments=0,
    )


def _read_card(wanted: ChargeInput) -> CardSituation:
    return charge_path.read_card(wanted.payment_method_id, (share.invoice_id for share in wanted.shares))


def _decide(
    wanted: ChargeInput, actor: Actor, on: date, facts: CardSituation, situation: Situation
) -> ChargeDecision:
    actor.require(Right.CHARGE_CARDS)
    refuse_card_numbers(notes=wanted.notes)
    decision = decide_charge(
        wanted,
        on=on,
        card=facts.card,
        account=facts.account,
        invoices=situation.invoices,
        under_way=facts.under_way,
    )
    actor.require_within(Right.CHARGE_CARDS, decision.amount)
    return decision


def card_of(method: PaymentMethod) -> CardOnFile:
    """The card as decisions see it."""
    return CardOnFile(
        id=method.pk,
        contact_id=method.contact_id,
        merchant_account_id=method.merchant_account_id,
        exp_month=method.exp_month,
        exp_year=method.exp_year,
        active=method.active,
        on_file=method.on_file,
    )


def account_terms(account: MerchantAccount) -> AccountTerms:
    """The merchant account as decisions see it."""
    return AccountTerms(
        id=account.pk,
        name=account.name,
        active=account.active,
        currencies=frozenset(account.currencies),
        minimum_minor=guarantees_of(account).minimum_minor,
        fenced=account.fenced_since is not None,
    )


def _charge(
    decision: ChargeDecision, facts: CardSituation, actor: Actor, situation: Situation
) -> dict[str, Any]:
    """The charge as it is written down, with the request as it will be sent."""
    wanted = decision.input
    attempt = facts.attempts + 1
    invoice_ids = sorted(share.invoice_id for share in wanted.shares)
    key = key_of_attempt(facts.installation_id, "charge", invoice_ids, attempt)
    numbers = [situation.invoices[share.invoice_id].number for share in wanted.shares]
    return {
        "contact_id": wanted.contact_id,
        "merchant_account_id": facts.account.id,
        "payment_method_id": facts.card.id,
        "amount_minor": decision.amount.minor,
        "currency": decision.amount.currency,
        "key": key,
        "reference": reference_of(key),
        "attempt": attempt,
        "token": facts.token,
        "customer": facts.customer,
        "description": ", ".join(f"INV-{number}" for number in numbers)[:200],
        "debts": debts_as_text(wanted.shares, attempt=attempt),
        "customer_present": wanted.customer_present,
        "apply_to_commissions": wanted.apply_to_commissions,
        "notes": wanted.notes,
        "email_receipt": wanted.email_receipt,
        "prepared_by_id": actor.user_id,
        "source": actor.source.value,
    }


def _event(
    decision: ChargeDecision, facts: CardSituation, actor: Actor, request_key: str, hashed: str
) -> dict[str, Any]:
    """``charge.prepared``, but for the charge's id and number."""
    wanted = decision.input
    return {
        "actor_id": actor.user_id,
        "source": actor.source.value,
        "request_key": request_key,
        "input_hash": hashed,
        "contact_id": wanted.contact_id,
        "payload": {
            "amount_minor": decision.amount.minor,
            "currency": decision.amount.currency,
            "card": facts.label,
            "invoices": [share.invoice_id for share in wanted.shares],
        },
    }


def reference_of(key: str) -> str:
    """Duebook's name at the gateway for the attempt with that key."""
    return f"duebook-{key[:32]}"


def key_of_attempt(installation: str, kind: str, debts: Sequence[int], attempt: int) -> str:
    """The key under which the gateway carries the attempt out once, however often it is sent.

    It follows from the debt and the number of the attempt alone: books restored from a backup send again
    under the same key instead of charging twice.
    """
    told = "\x1f".join([installation, kind, *map(str, debts), f"#{attempt}"])
    return hashlib.sha256(told.encode()).hexdigest()
