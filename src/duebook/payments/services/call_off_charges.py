"""Call off the charges that wait for their customer although their invoices are settled otherwise."""

from django.db import transaction
from django.db.models.functions import Now

from duebook.domain.charging import ChargeState
from duebook.payments.calling_off import SETTLED_OTHERWISE
from duebook.payments.models import Charge
from duebook.payments.points import Point, reach


@transaction.atomic(durable=True)
def call_off_charges(*, most: int) -> int:
    """Make it the turn of each; returns of how many. Whoever asks about it then cancels it at the gateway.

    What is to be called off follows from the rows alone, so nothing that settles an invoice must think of it.
    A charge that fits again before it was cancelled goes on waiting for its customer. Safe to call again.
    """
    reach(Point.CALL_OFF_BEGUN)
    waiting = Charge.objects.filter(state=ChargeState.REQUIRES_ACTION.value)
    waiting.filter(~SETTLED_OTHERWISE, called_off_at__isnull=False).update(called_off_at=None)
    reach(Point.CALL_OFF_TAKEN_BACK)
    found = waiting.select_for_update(no_key=True, of=("self",), skip_locked=True)
    due = found.filter(SETTLED_OTHERWISE, called_off_at__isnull=True).order_by("pk")
    charge_ids = list(due.values_list("pk", flat=True)[:most])
    if charge_ids:
        Charge.objects.filter(pk__in=charge_ids).update(called_off_at=Now(), asked=0, ask_at=Now())
    reach(Point.CALL_OFF_TURN_WRITTEN)
    return len(charge_ids)
