"""Disputes of charges, what each booked, and who has seen how it ended.

Invariants: a state follows another only as ``domain/disputes.py`` says (a trigger); what is booked is at most
what the gateway has taken.
"""

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from duebook.domain.disputes import DisputeState
from duebook.domain.money import MAX_MINOR
from duebook.gateways.models import MerchantAccount
from duebook.payments.charge_models import Charge


class Dispute(models.Model):
    """A customer's bank asks for the money of a charge back.

    ``taken_minor`` is what the gateway says that it has taken, ``booked_minor`` what of it stands in the
    books. ``waits_since`` is set while a person must look at it.
    """

    class States(models.TextChoices):
        OPEN = DisputeState.OPEN.value, _("Open: the bank has not decided")
        WON = DisputeState.WON.value, _("Won")
        LOST = DisputeState.LOST.value, _("Lost")

    charge = models.ForeignKey(
        Charge, on_delete=models.RESTRICT, related_name="disputes", verbose_name=_("charge")
    )
    payment = models.ForeignKey(
        "payments.Payment", on_delete=models.RESTRICT, related_name="disputes", verbose_name=_("payment")
    )
    merchant_account = models.ForeignKey(
        MerchantAccount,
        on_delete=models.RESTRICT,
        related_name="disputes",
        verbose_name=_("account"),
        db_index=False,
    )
    gateway_id = models.CharField(_("id at the gateway"), max_length=120)
    amount_minor = models.BigIntegerField(_("amount"))
    currency = models.CharField(_("currency"), max_length=3)
    reason = models.CharField(_("reason"), max_length=120, blank=True)
    opened_at = models.DateTimeField(_("opened"))
    noticed_at = models.DateTimeField(_("noticed"), db_default=Now())

    state = models.CharField(_("state"), max_length=4, choices=States, default=States.OPEN)
    answer_by = models.DateTimeField(_("answer until"), null=True)
    taken_minor = models.BigIntegerField(_("taken by the gateway"), default=0)
    booked_minor = models.BigIntegerField(_("booked"), default=0)
    fee_minor = models.BigIntegerField(_("fee"), default=0)
    problem = models.TextField(_("problem"), blank=True)
    ended_at = models.DateTimeField(_("decided"), null=True)
    waits_since = models.DateTimeField(_("waits for a person since"), null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["merchant_account", "gateway_id"], name="dispute_once"),
            models.CheckConstraint(
                condition=Q(
                    amount_minor__gt=0,
                    amount_minor__lte=MAX_MINOR,
                    booked_minor__gte=0,
                    booked_minor__lte=F("taken_minor"),
                    fee_minor__gte=0,
                ),
                name="dispute_amounts",
            ),
            models.CheckConstraint(
                condition=Q(state=DisputeState.OPEN.value, ended_at__isnull=True)
                | (~Q(state=DisputeState.OPEN.value) & Q(ended_at__isnull=False)),
                name="dispute_ended_unless_open",
            ),
        ]
        indexes = [
            models.Index(
                fields=["waits_since"], condition=Q(waits_since__isnull=False), name="dispute_to_see"
            ),
        ]

    def __str__(self) -> str:
        return f"D-{self.pk}"

    @property
    def is_open(self) -> bool:
        """Whether the bank has still to decide."""
        return self.state == DisputeState.OPEN.value

    @property
    def unbooked_minor(self) -> int:
        """What is gone at the gateway and could not be booked."""
        return self.taken_minor - self.booked_minor


class DisputeBooking(models.Model):
    """One transfer of a dispute: its amount, its fee, or the mirror image of an earlier one. Append-only."""

    class Whats(models.TextChoices):
        AMOUNT = "amount", _("amount")
        FEE = "fee", _("fee")

    dispute = models.ForeignKey(
        Dispute, on_delete=models.RESTRICT, related_name="bookings", verbose_name=_("dispute")
    )
    what = models.CharField(_("what"), max_length=6, choices=Whats)
    amount_minor = models.BigIntegerField(_("amount"))
    transfer_id = models.BigIntegerField(_("transfer"), unique=True)
    takes_back = models.OneToOneField(
        "self", on_delete=models.RESTRICT, null=True, related_name="taken_back_by", verbose_name=_("mirrors")
    )
    recorded_at = models.DateTimeField(_("recorded"), db_default=Now())

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="disputebooking_amount_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.dispute_id}: {self.what} {self.amount_minor}"


class DisputeReview(models.Model):
    """Somebody has seen how a dispute stands, and says so. Append-only."""

    dispute = models.ForeignKey(
        Dispute, on_delete=models.RESTRICT, related_name="reviews", verbose_name=_("dispute")
    )
    state = models.CharField(_("state seen"), max_length=4, choices=Dispute.States)
    problem = models.TextField(_("problem seen"), blank=True)
    reviewed_by_id = models.BigIntegerField(_("seen by"))
    reviewed_at = models.DateTimeField(_("seen"), db_default=Now())

    def __str__(self) -> str:
        return f"{self.dispute_id}: {self.state} seen"
