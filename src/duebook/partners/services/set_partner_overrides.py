"""Agree rates with one partner that beat every program."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction

from duebook.domain.commission_checks import check_rate
from duebook.domain.commission_rules import PartnerRole, PayoutType, Rate
from duebook.domain.errors import RuleTwice
from duebook.domain.permissions import Actor, Right
from duebook.events.requests import earlier_event, input_hash
from duebook.events.rows import row_by_id
from duebook.events.services.record_event import record_event
from duebook.events.turns import take_turn
from duebook.partners.models import Partner, PartnerOverride
from duebook.staff.queries import business


@dataclass(frozen=True, slots=True)
class OverrideInput:
    """A rate for one role, for a product or all, at a level or all."""

    role: PartnerRole
    rate: Rate
    payout_type: PayoutType
    hold_days: int = 30
    product_id: int | None = None
    level: int | None = None


@transaction.atomic
def set_partner_overrides(
    *, partner_id: int, overrides: Sequence[OverrideInput], request_key: str, actor: Actor
) -> None:
    """Replace the partner's overrides; old orders keep the terms they have. Records ``partner.overridden``.

    Raises Forbidden, NotFound, RuleTwice, KeyReused and what ``check_rate`` raises.
    """
    take_turn("partners.partner")
    hashed = input_hash(["set partner overrides", partner_id, list(overrides)])
    if earlier_event(actor=actor, request_key=request_key, hashed=hashed):
        return
    actor.require(Right.SET_COMMISSIONS)
    partner = row_by_id(Partner.objects, partner_id, "Referral partner")
    _check(overrides)
    PartnerOverride.objects.filter(partner=partner).delete()
    PartnerOverride.objects.bulk_create(
        PartnerOverride(
            partner=partner,
            role=one.role.value,
            product_id=one.product_id,
            level=one.level,
            percent_bps=one.rate.bps,
            fixed_minor=one.rate.fixed_minor,
            currency=one.rate.currency if one.rate.fixed_minor else "",
            payout_type=one.payout_type.value,
            hold_days=one.hold_days,
        )
        for one in overrides
    )
    record_event(
        name="partner.overridden",
        actor=actor,
        request_key=request_key,
        hashed=hashed,
        contact_id=partner.contact_id,
        payload={"partner_id": partner_id, "name": partner.name, "overrides": len(overrides)},
    )


def _check(overrides: Sequence[OverrideInput]) -> None:
    currency = business().currency
    seen: set[tuple[PartnerRole, int | None, int | None]] = set()
    for one in overrides:
        check_rate(one.rate, currency)
        place = (one.role, one.product_id, one.level)
        if place in seen:
            raise RuleTwice(what=one.role.value)
        seen.add(place)
