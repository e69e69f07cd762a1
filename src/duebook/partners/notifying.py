"""Who is told by e-mail of a lead or a sale, and asking for the message: a job in the caller's transaction.

Nothing is sent when that transaction is rolled back, as a preview's is. What is loaded rather than entered
(an import, the demo) tells nobody: it comes by the thousand, and most of it happened long ago.
"""

from collections.abc import Iterable
from typing import Any

from django.db.models import QuerySet
from procrastinate.contrib.django import app

from duebook.domain.permissions import Actor, Source
from duebook.partners.models import Partner

_LOADED = frozenset({Source.IMPORT, Source.COMMAND})


def told_of_leads() -> QuerySet[Partner]:
    """The partners who get an e-mail for a contact they referred."""
    return _reachable().filter(notify_on_lead=True)


def told_of_sales() -> QuerySet[Partner]:
    """The partners who get an e-mail for an order with them as lead or sale partner."""
    return _reachable().filter(notify_on_sale=True)


def _reachable() -> QuerySet[Partner]:
    return Partner.objects.filter(status=Partner.Statuses.ACTIVE).exclude(contact__email="")


def notify_of_lead_later(*, contact_id: int, partner_id: int, actor: Actor) -> None:
    """Enqueue the message of a contact that the partner had not referred before, if the partner wants it."""
    if actor.source not in _LOADED and told_of_leads().filter(pk=partner_id).exists():
        job = app.configure_task("notify_partner_of_lead")
        job.defer(contact_id=contact_id, partner_id=partner_id)


def notify_of_sale_later(*, order_id: int, partner_ids: Iterable[int | None], actor: Actor) -> None:
    """Enqueue the message of an order for each of the partners, new on it, who wants it."""
    if actor.source in _LOADED:
        return
    new = {partner_id for partner_id in partner_ids if partner_id is not None}
    told = told_of_sales().filter(pk__in=new).order_by("pk").values_list("pk", flat=True)
    wanted: list[dict[str, Any]] = [{"order_id": order_id, "partner_id": pk} for pk in told]
    if wanted:
        app.configure_task("notify_partner_of_sale").batch_defer(*wanted)
