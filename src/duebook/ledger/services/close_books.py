"""Close the books until a day, or open them again; each decision stays on record."""

from datetime import date

from django.db import connection, transaction

from duebook.domain.errors import AlreadyClosedSo, ClosedInFuture, ReasonRequired
from duebook.domain.permissions import Actor, Right
from duebook.events.requests import earlier_event, input_hash
from duebook.events.services.record_event import record_event
from duebook.ledger.models import ClosedPeriod
from duebook.ledger.queries import closed_until as last_closed_day
from duebook.staff.models import Business


@transaction.atomic
def close_books(
    *, closed_until: date | None, reason: str, request_key: str, actor: Actor, on: date
) -> ClosedPeriod:
    """Close the books up to and including the day; None opens them from the beginning.

    Opening a closed period needs a reason. Locks the business's row, and the transfers against writing.
    Records ``books.closed`` or ``books.reopened``.
    Raises Forbidden, ClosedInFuture, AlreadyClosedSo, ReasonRequired, KeyReused.
    """
    Business.objects.select_for_update(no_key=True).only("pk").get(pk=1)
    _wait_for_writers()
    hashed = input_hash([closed_until, reason])
    earlier = earlier_event(actor=actor, request_key=request_key, hashed=hashed)
    if earlier is not None:
        return ClosedPeriod.objects.get(pk=earlier.payload["closed_period_id"])
    actor.require(Right.CLOSE_PERIODS)
    before = last_closed_day()
    if closed_until is not None and closed_until >= on:
        raise ClosedInFuture(date=closed_until)
    if closed_until == before:
        raise AlreadyClosedSo
    opens = before is not None and (closed_until is None or closed_until < before)
    if opens and not reason.strip():
        raise ReasonRequired
    period = ClosedPeriod.objects.create(
        closed_until=closed_until, decided_by_id=actor.user_id, reason=reason.strip()
    )
    record_event(
        name="books.reopened" if opens else "books.closed",
        actor=actor,
        request_key=request_key,
        hashed=hashed,
        payload={
            "closed_period_id": period.pk,
            "closed_until": closed_until.isoformat() if closed_until else None,
            "before": before.isoformat() if before else None,
            "reason": period.reason,
        },
    )
    return period


def _wait_for_writers() -> None:
    """Let transfers on their way be committed, and hold back new ones until the decision is.

    Else one that began before the closing could end after it, dated in the closed period.
    """
    with connection.cursor() as cursor:
        cursor.execute("LOCK TABLE ledger_transfer IN SHARE MODE")
