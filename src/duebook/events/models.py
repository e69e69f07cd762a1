"""An event is written for each thing done, in the same transaction; it is never changed afterwards.

The pair (actor, request_key) is unique: it is what makes every write safe to repeat.
"""

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from duebook.domain.permissions import Source


class Event(models.Model):
    """One thing done: its name (``payment.recorded``), its actor as a plain id, and what it is about."""

    name = models.CharField(_("event"), max_length=60)
    actor_id = models.BigIntegerField(_("actor"))
    source = models.CharField(_("source"), max_length=10, choices=[(s.value, s.value) for s in Source])
    occurred_at = models.DateTimeField(_("when"), db_default=Now())
    request_key = models.CharField(_("request key"), max_length=100, null=True)
    input_hash = models.CharField(_("hash of the input"), max_length=64, null=True)
    contact_id = models.BigIntegerField(_("contact"), null=True)
    order_id = models.BigIntegerField(_("order"), null=True)
    payment_id = models.BigIntegerField(_("payment"), null=True)
    payload = models.JSONField(_("payload"), default=dict)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["actor_id", "request_key"],
                condition=models.Q(request_key__isnull=False),
                name="event_one_per_request",
            ),
        ]
        indexes = [
            models.Index(
                fields=["contact_id", "id"],
                condition=models.Q(contact_id__isnull=False),
                name="event_by_contact",
            ),
            models.Index(
                fields=["order_id", "id"],
                condition=models.Q(order_id__isnull=False),
                name="event_by_order",
            ),
            models.Index(
                fields=["payment_id", "id"],
                condition=models.Q(payment_id__isnull=False),
                name="event_by_payment",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.pk}"
