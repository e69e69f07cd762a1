"""Counting what a person does in a day against the limit that the role has for it.

Counted is what is sent; what provably moved no money is given back, on the day on which it was counted. Only
limits that are set are counted.
"""

from datetime import date

from django.db import transaction
from django.db.models import F

from duebook.domain.money import Money
from duebook.domain.permissions import Actor, Right
from duebook.payments.models import DayUse, LimitUse


def require_left_today(actor: Actor, right: Right, amount: Money, on: date) -> None:
    """Whether the day's limit still allows it as things stand, for a preview. Raises AboveDayLimit."""
    if (right, amount.currency) not in actor.day_limits:
        return
    actor.require_within_day(right, amount, used_minor=_used(actor, right, amount.currency, on))


def count_use(
    actor: Actor,
    right: Right,
    amount: Money,
    on: date,
    *,
    charge_id: int | None = None,
    gateway_refund_id: int | None = None,
    payment_id: int | None = None,
) -> None:
    """Count the act in the transaction that writes it, or raise AboveDayLimit.

    Locks the counter, the last of all locks.
    """
    limit = actor.day_limits.get((right, amount.currency))
    if limit is None:
        return
    day_use_id = _raise_counter(actor, right, amount, on, limit)
    LimitUse.objects.create(
        day_use_id=day_use_id,
        amount_minor=amount.minor,
        charge_id=charge_id,
        gateway_refund_id=gateway_refund_id,
        payment_id=payment_id,
    )


def recount_charge(charge_id: int, *, happened: bool) -> None:
    """Give back what a charge had used when no money moved, or take it again when it did after all.

    Call it under the charge's lock.
    """
    _recount(LimitUse.objects.filter(charge=charge_id, counts=not happened).first(), happened=happened)


def recount_refund(gateway_refund_id: int, *, happened: bool) -> None:
    """As ``recount_charge``, of a refund at a gateway."""
    rows = LimitUse.objects.filter(gateway_refund=gateway_refund_id, counts=not happened)
    _recount(rows.first(), happened=happened)


def _used(actor: Actor, right: Right, currency: str, on: date) -> int:
    rows = DayUse.objects.filter(user_id=actor.user_id, day=on, right=right.value, currency=currency)
    return rows.values_list("used_minor", flat=True).first() or 0


def _raise_counter(actor: Actor, right: Right, amount: Money, on: date, limit: int) -> int:
    """Raise the counter of the day where the limit allows it, in the update itself; returns its id."""
    place = {"user_id": actor.user_id, "day": on, "right": right.value, "currency": amount.currency}
    DayUse.objects.bulk_create([DayUse(**place)], ignore_conflicts=True)
    fits = DayUse.objects.filter(**place, used_minor__lte=limit - amount.minor)
    while not fits.update(used_minor=F("used_minor") + amount.minor):
        # Where something was given back since, it may fit after all.
        actor.require_within_day(right, amount, used_minor=_used(actor, right, amount.currency, on))
    return DayUse.objects.values_list("pk", flat=True).get(**place)


@transaction.atomic
def _recount(use: LimitUse | None, *, happened: bool) -> None:
    if use is None:
        return
    LimitUse.objects.filter(pk=use.pk).update(counts=happened)
    change = use.amount_minor if happened else -use.amount_minor
    DayUse.objects.filter(pk=use.day_use_id).update(used_minor=F("used_minor") + change)
