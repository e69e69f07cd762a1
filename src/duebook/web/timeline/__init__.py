"""Events told in plain words: what was done, by whom, when."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from duebook.domain.permissions import SYSTEM_ID, Source
from duebook.events.models import Event
from duebook.staff.models import Business, User
from duebook.web.timeline import cards, orders, partners, payments
from duebook.web.timeline.words import Told
from duebook.web.words.disputes import reason_words

_ENDS_OF_LINK_PAYMENT = frozenset({"pay_link.paid", "link_payment.ended"})
_ENDS_OF_REFUND = frozenset({"payment.refunded", "refund.failed"})


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a timeline; ``detail`` is what someone typed, such as a reason, or a processor said."""

    text: str
    detail: str
    who: str
    at: datetime
    order_id: int | None
    payment_id: int | None
    charge_id: int | None


def told(events: Iterable[Event], business: Business) -> list[Entry]:
    """The events as entries; one query for all their actors.

    That a refund was prepared is told only until its outcome is, which says the same and more. So does the
    outcome of a charge by a pay link, beside which the end of that payment is not told.
    """
    rows = list(events)
    ended = {_attempt(row) for row in rows if row.name in _ENDS_OF_REFUND}
    rows = [row for row in rows if row.name != "refund.prepared" or _attempt(row) not in ended]
    rows = [row for row in rows if not _is_told_by_another(row, rows)]
    names = {
        user.pk: str(user)
        for user in User.objects.filter(pk__in={row.actor_id for row in rows}).only("id", "name", "email")
    }
    return [
        Entry(
            text=_told_by_name(row, business),
            detail=_detail(row),
            who=_who(row, names),
            at=row.occurred_at,
            order_id=row.order_id,
            payment_id=row.payment_id,
            charge_id=row.payload.get("charge_id"),
        )
        for row in rows
    ]


def _is_told_by_another(event: Event, rows: Iterable[Event]) -> bool:
    """Whether a payment by link is only begun, and its end is among the rows; or its charge tells its end."""
    if event.name == "link_payment.ended":
        return event.payload.get("charge_id") is not None
    if event.name != "link_payment.begun":
        return False
    wanted = event.payload.get("link_payment_id")
    return any(
        row.name in _ENDS_OF_LINK_PAYMENT and row.payload.get("link_payment_id") == wanted for row in rows
    )


def _attempt(event: Event) -> int | None:
    """The attempt to give money back to a card that the event is about."""
    attempt: int | None = event.payload.get("gateway_refund_id")
    return attempt


def _detail(event: Event) -> str:
    """What someone typed or, of a refusal, what the card processor said."""
    if event.name in ("dispute.opened", "dispute.lost"):
        return reason_words(str(event.payload.get("reason", "")))
    if event.name.startswith("dispute."):
        return ""
    return str(event.payload.get("problem" if event.name == "refund.failed" else "reason", ""))


def _who(event: Event, names: Mapping[int, str]) -> str:
    if event.actor_id == SYSTEM_ID:
        return _("by an import") if event.source == Source.IMPORT.value else "Duebook"
    return names.get(event.actor_id, _("someone"))


def _told_by_name(event: Event, business: Business) -> str:
    tell = _SENTENCES.get(event.name)
    if tell is not None:
        return tell(event.payload, business)
    noun, _dot, done = event.name.partition(".")
    return f"{noun.replace('_', ' ').capitalize()} {event.payload.get('number', '')} {done.replace('_', ' ')}"


_SENTENCES: Mapping[str, Told] = {
    **orders.SENTENCES,
    **payments.SENTENCES,
    **cards.SENTENCES,
    **partners.SENTENCES,
}
