"""What people have used of their limits of a day: a counter for each, and the acts that it counts.

Invariants: a counter is the sum of its acts that count; it is raised only where the limit allows it, by the
update itself, so acts at the same moment cannot pass it together.
"""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from duebook.domain.money import MAX_MINOR
from duebook.domain.permissions import DAY_LIMITED_RIGHTS
from duebook.payments.charge_models import Charge, GatewayRefund

_RIGHTS = [(right.value, right.value) for right in DAY_LIMITED_RIGHTS]


class DayUse(models.Model):
    """How much a person has used of one limit on one day of the business."""

    user_id = models.BigIntegerField(_("user"))
    right = models.CharField(_("right"), max_length=60, choices=_RIGHTS)
    currency = models.CharField(_("currency"), max_length=3)
    day = models.DateField(_("day"))
    used_minor = models.BigIntegerField(_("used"), default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user_id", "day", "right", "currency"], name="dayuse_once"),
            models.CheckConstraint(
                condition=Q(used_minor__gte=0, used_minor__lte=MAX_MINOR), name="dayuse_in_range"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user_id}: {self.right} on {self.day}"


class LimitUse(models.Model):
    """One act that a day's limit counted; it ceases to count when no money moved after all."""

    day_use = models.ForeignKey(
        DayUse, on_delete=models.RESTRICT, related_name="acts", verbose_name=_("counter of the day")
    )
    amount_minor = models.BigIntegerField(_("amount"))
    counts = models.BooleanField(_("counts"), default=True)
    charge = models.OneToOneField(
        Charge, on_delete=models.RESTRICT, null=True, related_name="limit_use", verbose_name=_("charge")
    )
    gateway_refund = models.OneToOneField(
        GatewayRefund,
        on_delete=models.RESTRICT,
        null=True,
        related_name="limit_use",
        verbose_name=_("refund at the gateway"),
    )
    payment = models.ForeignKey(
        "payments.Payment",
        on_delete=models.RESTRICT,
        null=True,
        related_name="limit_uses",
        verbose_name=_("payment refunded by hand"),
    )
    counted_at = models.DateTimeField(_("counted"), db_default=Now())

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(amount_minor__gt=0, amount_minor__lte=MAX_MINOR), name="limituse_amount_in_range"
            ),
            models.CheckConstraint(
                condition=Q(charge__isnull=False, gateway_refund__isnull=True, payment__isnull=True)
                | Q(charge__isnull=True, gateway_refund__isnull=False, payment__isnull=True)
                | Q(charge__isnull=True, gateway_refund__isnull=True, payment__isnull=False),
                name="limituse_of_one_act",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.day_use_id}: {self.amount_minor}"
