"""Import what a card processor has paid to the business: each settlement once, with what it consists of.

One that the bank sent back is imported like any other, and then booked back.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from django.db import transaction

from duebook.domain.permissions import Actor, Right
from duebook.domain.recording import Movement
from duebook.domain.settlements import (
    ONCE,
    LineKind,
    SettledPart,
    SettlementDecision,
    decide_settlement,
)
from duebook.events.requests import input_hash
from duebook.events.rows import row_by_id
from duebook.events.services.record_event import record_event
from duebook.gateways.accounts import gateway_of
from duebook.gateways.models import MerchantAccount
from duebook.gateways.protocol import SeenSettlement
from duebook.ledger.currencies import is_currency
from duebook.ledger.models import Transfer
from duebook.ledger.queries import closed_until
from duebook.payments.clearing import (
    AT_ONCE,
    charges_that_clear,
    count_cleared,
    in_parts,
    lock_account,
    returns_that_clear,
)
from duebook.payments.models import Settlement, SettlementLine
from duebook.payments.points import Point, reach
from duebook.payments.services.return_settlement import return_settlement
from duebook.staff.queries import today

OVERLAP = timedelta(days=14)
"""A settlement may be told days after it was paid, so those that are known are looked through again."""


@dataclass(frozen=True, slots=True)
class ImportedSettlements:
    """How many settlements were new and how many were sent back by the bank since.

    ``gone`` are the ids of ours that the processor names no more.
    """

    new: int
    gone: tuple[str, ...] = ()
    returned: int = 0


def import_settlements(*, merchant_account_id: int, actor: Actor, about: str = "") -> ImportedSettlements:
    """Ask the account's processor and import what is new.

    What does not match (a charge that nobody knows, lines that do not add up, a currency of no books) is
    imported all the same, for a person to see. ``about`` is the id of a settlement that is asked for even if
    it is an old one. Repeated or at the same time as another, it adds nothing twice. Calls the processor, so
    it may not run inside a transaction; each settlement, and each return of one, is one of its own.
    Locks the merchant account and the charges that it clears. Records ``settlement.imported`` and
    ``settlement.returned``. Raises Forbidden, NotFound, GatewayError.
    """
    actor.require(Right.RESOLVE_MESSAGES)
    account = row_by_id(MerchantAccount.objects, merchant_account_id, "Merchant account")
    since = _since(account, about)
    # Read before asking: another import may be faster meanwhile.
    ours = Settlement.objects.filter(merchant_account=account, paid_on__gte=since).order_by("paid_on", "pk")
    known = list(ours.values_list("gateway_id", flat=True))
    reach(Point.SETTLEMENTS_CALLED)
    answer = sorted(gateway_of(account).list_settlements(since=since), key=lambda seen: seen.paid_on)
    reach(Point.SETTLEMENTS_ANSWERED)
    told = {seen.id for seen in answer}
    new = returned = 0
    for seen in answer:
        new += _import_once(account.pk, seen, actor)
        returned += _return_if_sent_back(account.pk, seen, actor)
    gone = tuple(gateway_id for gateway_id in known if gateway_id not in told)
    return ImportedSettlements(new=new, gone=gone, returned=returned)


def _since(account: MerchantAccount, about: str) -> date:
    ours = Settlement.objects.filter(merchant_account=account)
    latest = ours.order_by("-paid_on").first()
    if latest is None:
        # The processor's day may be another one than ours.
        return account.created_at.date() - timedelta(days=1)
    asked_for = ours.filter(gateway_id=about).first() or latest
    return min(latest.paid_on - OVERLAP, asked_for.paid_on)


def _import_once(merchant_account_id: int, seen: SeenSettlement, actor: Actor) -> bool:
    reach(Point.SETTLEMENT_BEGUN)
    imported = _import(merchant_account_id, seen, actor)
    reach(Point.SETTLEMENT_IMPORTED)
    return imported


def _return_if_sent_back(merchant_account_id: int, seen: SeenSettlement, actor: Actor) -> bool:
    if seen.returned_on is None:
        return False
    ours = Settlement.objects.get(merchant_account=merchant_account_id, gateway_id=seen.id)
    return return_settlement(
        settlement_id=ours.pk, returned_on=seen.returned_on, reason=seen.return_reason, actor=actor
    )


@transaction.atomic(durable=True)
def _import(merchant_account_id: int, seen: SeenSettlement, actor: Actor) -> bool:
    """Whether it was new."""
    lock_account(merchant_account_id)
    reach(Point.SETTLEMENT_LOCKED)
    if Settlement.objects.filter(merchant_account=merchant_account_id, gateway_id=seen.id).exists():
        return False
    account = MerchantAccount.objects.get(pk=merchant_account_id)
    decision = decide_settlement(
        net_minor=seen.net_minor,
        fee_minor=seen.fee_minor,
        paid_on=seen.paid_on,
        parts=[
            SettledPart(line.kind, line.gross_minor, line.fee_minor, line.object_id, line.charge_id)
            for line in seen.lines
        ],
        settled_before=_settled_before(merchant_account_id, [line.object_id for line in seen.lines]),
        clearing_account_id=account.clearing_account_id,
        on=today(),
        closed_until=closed_until(),
    )
    settlement = _write(account, seen, decision)
    _record(settlement, decision, actor)
    return True


def _settled_before(merchant_account_id: int, object_ids: Iterable[str]) -> set[tuple[LineKind, str]]:
    lines = SettlementLine.objects.filter(
        merchant_account=merchant_account_id, kind__in=[kind.value for kind in ONCE]
    )
    return {
        (LineKind(kind), object_id)
        for part in in_parts(object_ids)
        for kind, object_id in lines.filter(object_id__in=part).values_list("kind", "object_id")
    }


def _write(account: MerchantAccount, seen: SeenSettlement, decision: SettlementDecision) -> Settlement:
    is_booked = is_currency(seen.currency)
    net = _post(decision.net, seen.currency) if is_booked else None
    reach(Point.SETTLEMENT_NET_POSTED)
    fee = _post(decision.fee, seen.currency) if is_booked else None
    reach(Point.SETTLEMENT_FEE_POSTED)
    settlement = Settlement.objects.create(
        merchant_account=account,
        gateway_id=seen.id,
        currency=seen.currency,
        gross_minor=decision.gross_minor,
        fee_minor=decision.fee_minor,
        net_minor=decision.net_minor,
        paid_on=seen.paid_on,
        booked_on=decision.booked_on if is_booked else None,
        net_transfer=net,
        fee_transfer=fee,
    )
    reach(Point.SETTLEMENT_WRITTEN)
    charges = charges_that_clear(
        merchant_account_id=account.pk,
        gateway_ids=[part.charge_id for part in decision.parts],
        currency=seen.currency,
    )
    returns = returns_that_clear(
        merchant_account_id=account.pk,
        gateway_ids=[part.object_id for part in decision.parts],
        currency=seen.currency,
    )
    SettlementLine.objects.bulk_create(
        (
            SettlementLine(
                settlement=settlement,
                merchant_account=account,
                kind=part.kind.value,
                object_id=part.object_id,
                charge_gateway_id=part.charge_id,
                **_what_it_clears(part, charges, returns),
                gross_minor=part.gross_minor,
                fee_minor=part.fee_minor,
                is_repeated=part.is_repeated,
            )
            for part in decision.parts
        ),
        batch_size=AT_ONCE,
    )
    reach(Point.SETTLEMENT_LINES_WRITTEN)
    count_cleared(settlement.pk)
    reach(Point.SETTLEMENT_CLEARED)
    return settlement


def _what_it_clears(
    part: SettledPart, charges: Mapping[str, int], returns: Mapping[str, int]
) -> dict[str, int | None]:
    if part.kind is LineKind.SETTLEMENT_RETURNED:
        return {"settlement_return_id": returns.get(part.object_id)}
    return {"charge_id": charges.get(part.charge_id)}


def _post(movement: Movement | None, currency: str) -> Transfer | None:
    if movement is None:
        return None
    return Transfer.objects.create(
        kind=movement.kind.value,
        debit_account_id=movement.debit,
        credit_account_id=movement.credit,
        amount_minor=movement.minor,
        currency=currency,
        effective_on=movement.effective_on,
    )


def _record(settlement: Settlement, decision: SettlementDecision, actor: Actor) -> None:
    record_event(
        name="settlement.imported",
        actor=actor,
        request_key=f"settlement:{settlement.pk}",
        hashed=input_hash([settlement.pk]),
        payload={
            "settlement_id": settlement.pk,
            "number": str(settlement),
            "merchant_account_id": settlement.merchant_account_id,
            "gateway_id": settlement.gateway_id,
            "gross_minor": settlement.gross_minor,
            "fee_minor": settlement.fee_minor,
            "net_minor": settlement.net_minor,
            "currency": settlement.currency,
            "paid_on": settlement.paid_on.isoformat(),
            "booked_on": settlement.booked_on.isoformat() if settlement.booked_on else None,
            "lines": len(decision.parts),
        },
    )
    reach(Point.SETTLEMENT_EVENT_WRITTEN)
