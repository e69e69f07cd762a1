"""Set the largest amounts that roles may handle in one currency, at once and in a day."""

from collections.abc import Iterable, Mapping

from django.db import transaction

from duebook.domain.errors import AmountNotPositive
from duebook.domain.money import Money
from duebook.domain.permissions import DAY_LIMITED_RIGHTS, LIMITED_RIGHTS, Actor, Right, Role
from duebook.events.requests import earlier_event, input_hash
from duebook.events.services.record_event import record_event
from duebook.staff.models import Business, RoleLimit

Limits = Mapping[tuple[Role, Right], Money]


@transaction.atomic
def set_role_limits(
    *, limits: Limits, day_limits: Limits | None = None, currency: str, request_key: str, actor: Actor
) -> None:
    """Replace all limits in the currency; a pair that is not named has none.

    A limit of a day counts what a person does from now on.
    Locks the business's row. Records ``limits.set``. Raises Forbidden, AmountNotPositive, KeyReused.
    """
    per_day = day_limits or {}
    Business.objects.select_for_update(no_key=True).only("pk").get(pk=1)
    wanted, wanted_a_day = _named(limits), _named(per_day)
    hashed = input_hash([currency, wanted, wanted_a_day])
    if earlier_event(actor=actor, request_key=request_key, hashed=hashed):
        return
    actor.require(Right.CHANGE_SETTINGS)
    _check(limits, currency, LIMITED_RIGHTS)
    _check(per_day, currency, DAY_LIMITED_RIGHTS)
    old = list(RoleLimit.objects.filter(currency=currency))
    RoleLimit.objects.filter(currency=currency).delete()
    RoleLimit.objects.bulk_create(
        RoleLimit(
            role=role.value,
            right=right.value,
            currency=currency,
            amount_minor=limits[role, right].minor if (role, right) in limits else None,
            per_day_minor=per_day[role, right].minor if (role, right) in per_day else None,
        )
        for role, right in {**limits, **per_day}
    )
    record_event(
        name="limits.set",
        actor=actor,
        request_key=request_key,
        hashed=hashed,
        payload={
            "currency": currency,
            "before": {str(row): row.amount_minor for row in old if row.amount_minor is not None},
            "after": wanted,
            "a_day_before": {str(row): row.per_day_minor for row in old if row.per_day_minor is not None},
            "a_day_after": wanted_a_day,
        },
    )


def _named(limits: Limits) -> dict[str, int]:
    return {f"{role.value}: {right.value}": money.minor for (role, right), money in limits.items()}


def _check(limits: Limits, currency: str, rights: Iterable[Right]) -> None:
    for (_role, right), money in limits.items():
        if money.minor < 0 or money.currency != currency or right not in rights:
            raise AmountNotPositive(field="")
