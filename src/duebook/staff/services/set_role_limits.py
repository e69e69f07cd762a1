"""Set the largest amounts that roles may handle in one currency."""

from collections.abc import Mapping

from django.db import transaction

from duebook.domain.errors import AmountNotPositive
from duebook.domain.money import Money
from duebook.domain.permissions import LIMITED_RIGHTS, Actor, Right, Role
from duebook.events.requests import earlier_event, input_hash
from duebook.events.services.record_event import record_event
from duebook.staff.models import Business, RoleLimit


@transaction.atomic
def set_role_limits(
    *, limits: Mapping[tuple[Role, Right], Money], currency: str, request_key: str, actor: Actor
) -> None:
    """Replace all limits in the currency; a pair that is not named has none.

    Locks the business's row. Records ``limits.set``. Raises Forbidden, AmountNotPositive, KeyReused.
    """
    Business.objects.select_for_update(no_key=True).only("pk").get(pk=1)
    wanted = {f"{role.value}: {right.value}": money.minor for (role, right), money in limits.items()}
    hashed = input_hash([currency, wanted])
    if earlier_event(actor=actor, request_key=request_key, hashed=hashed):
        return
    actor.require(Right.CHANGE_SETTINGS)
    for (_role, right), money in limits.items():
        if money.minor < 0 or money.currency != currency or right not in LIMITED_RIGHTS:
            raise AmountNotPositive(field="")
    old = RoleLimit.objects.filter(currency=currency)
    before = {f"{limit.role}: {limit.right}": limit.amount_minor for limit in old}
    old.delete()
    RoleLimit.objects.bulk_create(
        RoleLimit(role=role.value, right=right.value, currency=currency, amount_minor=money.minor)
        for (role, right), money in limits.items()
    )
    record_event(
        name="limits.set",
        actor=actor,
        request_key=request_key,
        hashed=hashed,
        payload={"currency": currency, "before": before, "after": wanted},
    )
