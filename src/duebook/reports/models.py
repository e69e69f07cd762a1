"""A snapshot of the dashboard, only ever replaced whole; and rehearsals of programs, kept for a while."""

from django.db import models
from django.db.models.functions import Now
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


class Rehearsal(models.Model):
    """A program run over the payments of a past period without saving it: what was asked, and what came out.

    ``details`` is the program as it would be, ``before`` what was saved of it then; ``outcome`` holds a row
    [partner id, currency, old, new] for each partner, in minor units.
    """

    class States(models.TextChoices):
        RUNNING = "running", _("Running")
        DONE = "done", _("Done")

    state = models.CharField(_("state"), max_length=8, choices=States, default=States.RUNNING)
    program_id = models.BigIntegerField(_("program"), null=True)
    details = models.JSONField(_("the program as it would be"))
    before = models.JSONField(_("the program as it was"), null=True)
    first_on = models.DateField(_("first day"))
    last_on = models.DateField(_("last day"))
    asked_by_id = models.BigIntegerField(_("asked by"))
    asked_at = models.DateTimeField(_("asked"), db_default=Now())
    orders = models.PositiveIntegerField(_("orders"), default=0)
    done = models.PositiveIntegerField(_("orders done"), default=0)
    payments = models.PositiveIntegerField(_("payments"), default=0)
    took_ms = models.PositiveIntegerField(_("how long it took, in milliseconds"), default=0)
    outcome = models.JSONField(_("outcome"), default=list)

    def __str__(self) -> str:
        return f"rehearsal {self.pk}"
