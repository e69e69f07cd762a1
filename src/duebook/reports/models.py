"""A snapshot holds the dashboard's figures as they were at one instant; it is only ever replaced whole."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Snapshot(models.Model):
    """The figures, the day they are about, and the newest event they know of."""

    day = models.DateField(_("day"))
    taken_at = models.DateTimeField(_("taken"))
    took_ms = models.PositiveIntegerField(_("how long it took, in milliseconds"))
    last_event_id = models.BigIntegerField(_("newest event in it"))
    figures = models.JSONField(_("figures"))

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(id=1), name="snapshot_is_one_row")]

    def __str__(self) -> str:
        return f"figures of {self.taken_at:%Y-%m-%d %H:%M}"
