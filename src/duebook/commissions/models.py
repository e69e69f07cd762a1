"""What a partner can earn on an order (accrual), each step of it (entry), and what is paid out (payout).

An accrual never earns more than its total: a CHECK. Entries are append-only. An entry is in at most one live
payout line; a paid batch never changes, a correction is a negative entry in the next.
"""

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from duebook.catalog.models import Product
from duebook.domain.commission_steps import EntryCause
from duebook.domain.money import MAX_MINOR
from duebook.invoices.models import Invoice
from duebook.orders.models import NextNumber, Order
from duebook.partners.models import Partner, Program, RateFields, Referral


class OrderOverride(RateFields):
    """A rate agreed for one partner on one order."""

    order = models.ForeignKey(
        Order, on_delete=models.RESTRICT, related_name="overrides", verbose_name=_("order")
    )
    partner = models.ForeignKey(
        Partner, on_delete=models.RESTRICT, related_name="order_overrides", verbose_name=_("partner")
    )
    product = models.ForeignKey(
        Product, on_delete=models.RESTRICT, null=True, blank=True, related_name="+", verbose_name=_("product")
    )
    payout_type = models.CharField(
        _("payout type"), max_length=10, choices=Program.PayoutTypes, default=Program.PayoutTypes.ON_PAYMENT
    )
    hold_days = models.PositiveSmallIntegerField(_("hold in days"), default=30)

    class Meta(RateFields.Meta):
        constraints = [
            *RateFields.Meta.constraints,
            models.UniqueConstraint(
                fields=["order", "partner", "product", "role"],
                nulls_distinct=False,
                name="orderoverride_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.order_id} {self.partner_id} {self.role}"


class FrozenTerms(models.Model):
    """The terms of an order's commissions as they were when it got its partners."""

    order = models.OneToOneField(
        Order, on_delete=models.RESTRICT, related_name="commission_terms", verbose_name=_("order")
    )
    terms = models.JSONField(_("terms"))
    frozen_at = models.DateTimeField(_("frozen"), db_default=Now())

    def __str__(self) -> str:
        return f"terms of {self.order_id}"


class AccrualBasis(models.Model):
    """What an accrual's total was computed from: the order's lines as they were then, and the rule of each.

    Append-only: an entry keeps the basis it was made by, whatever becomes of the order.
    """

    sold = models.JSONField(_("lines of the order"))
    lines = models.JSONField(_("lines with their rules"))
    recorded_at = models.DateTimeField(_("recorded"), db_default=Now())

    def __str__(self) -> str:
        return f"basis {self.pk}"


class Accrual(models.Model):
    """What one partner can earn on one invoice in a role and at a level, with its rule frozen.

    ``counted_minor`` is the part of the invoice that has released it so far, ``earned_minor`` what that made.
    """

    # Found by invoice through accrual_once, which begins with it.
    invoice = models.ForeignKey(
        Invoice, on_delete=models.RESTRICT, related_name="accruals", verbose_name=_("invoice"), db_index=False
    )
    partner = models.ForeignKey(
        Partner, on_delete=models.RESTRICT, related_name="accruals", verbose_name=_("partner")
    )
    role = models.CharField(_("role"), max_length=4, choices=Referral.Roles)
    level = models.PositiveSmallIntegerField(_("level"))
    program = models.ForeignKey(
        Program, on_delete=models.RESTRICT, null=True, related_name="accruals", verbose_name=_("program")
    )
    payout_type = models.CharField(_("payout type"), max_length=10, choices=Program.PayoutTypes)
    hold_days = models.PositiveSmallIntegerField(_("hold in days"))
    currency = models.CharField(_("currency"), max_length=3)
    total_minor = models.BigIntegerField(_("total"))
    counted_minor = models.BigIntegerField(_("released by"), default=0)
    earned_minor = models.BigIntegerField(_("earned"), default=0)
    basis = models.ForeignKey(
        AccrualBasis,
        on_delete=models.RESTRICT,
        related_name="accruals",
        verbose_name=_("basis"),
        db_index=False,
    )
    silence = models.CharField(_("why it earns nothing"), max_length=100, blank=True)
    created_at = models.DateTimeField(_("created"), db_default=Now())

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(earned_minor__gte=0, earned_minor__lte=F("total_minor")),
                name="accrual_earned_within_total",
            ),
            models.CheckConstraint(
                condition=Q(counted_minor__gte=0, total_minor__lte=MAX_MINOR), name="accrual_in_range"
            ),
            models.UniqueConstraint(
                fields=["invoice", "partner", "role", "level", "program", "payout_type", "hold_days"],
                nulls_distinct=False,
                name="accrual_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.partner_id} {self.role} {self.level} on {self.invoice_id}"


class CommissionEntry(models.Model):
    """One step of an accrual: earned (positive) or clawed back (negative). Append-only."""

    class Causes(models.TextChoices):
        PAYMENT = EntryCause.PAYMENT.value, _("Payment")
        UNDONE = EntryCause.UNDONE.value, _("Payment undone")
        RETURNED = EntryCause.RETURNED.value, _("Payment returned")
        REFUNDED = EntryCause.REFUNDED.value, _("Payment refunded")
        REFUND_UNDONE = EntryCause.REFUND_UNDONE.value, _("Refund undone")
        DISPUTED = EntryCause.DISPUTED.value, _("Payment disputed")
        DISPUTE_WON = EntryCause.DISPUTE_WON.value, _("Dispute won")
        MOVED = EntryCause.MOVED.value, _("Payment moved")
        CREDIT_APPLIED = EntryCause.CREDIT_APPLIED.value, _("Credit applied")
        ASSIGNED = EntryCause.ASSIGNED.value, _("Partner assigned")
        ORDER_PLACED = EntryCause.ORDER_PLACED.value, _("Order placed")
        ORDER_CHANGED = EntryCause.ORDER_CHANGED.value, _("Order changed")
        ORDER_CANCELLED = EntryCause.ORDER_CANCELLED.value, _("Order cancelled")
        RECALCULATED = EntryCause.RECALCULATED.value, _("Recalculated")

    accrual = models.ForeignKey(
        Accrual, on_delete=models.RESTRICT, related_name="entries", verbose_name=_("accrual")
    )
    partner = models.ForeignKey(
        Partner, on_delete=models.RESTRICT, related_name="entries", verbose_name=_("partner"), db_index=False
    )
    basis = models.ForeignKey(
        AccrualBasis,
        on_delete=models.RESTRICT,
        related_name="entries",
        verbose_name=_("basis"),
        db_index=False,
    )
    cause = models.CharField(_("cause"), max_length=16, choices=Causes)
    amount_minor = models.BigIntegerField(_("amount"))
    currency = models.CharField(_("currency"), max_length=3)
    entered_on = models.DateField(_("date"))
    payable_on = models.DateField(_("can be paid out from"))
    payment_id = models.BigIntegerField(_("payment"), null=True)
    part_before_minor = models.BigIntegerField(_("released before"))
    part_after_minor = models.BigIntegerField(_("released after"))
    whole_minor = models.BigIntegerField(_("whole"))
    earned_after_minor = models.BigIntegerField(_("earned after"))
    total_minor = models.BigIntegerField(_("total"))
    recorded_at = models.DateTimeField(_("recorded"), db_default=Now())

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(amount_minor=0), name="commissionentry_not_zero"),
        ]
        indexes = [
            # Ledgers sum a partner's entries from the index alone.
            models.Index(
                fields=["partner", "entered_on", "id"],
                include=["currency", "amount_minor"],
                name="commissionentry_by_partner",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.partner_id}: {self.amount_minor} {self.currency}"


class PayoutBatch(models.Model):
    """A batch of payouts up to a cut-off day; built by one person, approved by another.

    Where there is no other, the builder approves it a day later (a trigger).
    """

    class States(models.TextChoices):
        BUILT = "built", _("Waiting for approval")
        APPROVED = "approved", _("Approved")
        REJECTED = "rejected", _("Rejected")
        PAID = "paid", _("Paid")

    number = models.BigIntegerField(_("number"), unique=True, db_default=NextNumber("payout_number_seq"))
    state = models.CharField(_("state"), max_length=8, choices=States, default=States.BUILT)
    currency = models.CharField(_("currency"), max_length=3)
    cut_off_on = models.DateField(_("cut-off"))
    minimum_minor = models.BigIntegerField(_("minimum payout"), default=0)
    total_minor = models.BigIntegerField(_("total"))
    built_by_id = models.BigIntegerField(_("built by"))
    built_at = models.DateTimeField(_("built"), db_default=Now())
    decided_by_id = models.BigIntegerField(_("approved or rejected by"), null=True)
    decided_at = models.DateTimeField(_("approved or rejected"), null=True)
    reason = models.TextField(_("reason"), blank=True)
    paid_on = models.DateField(_("paid on"), null=True)
    paid_method = models.CharField(_("method"), max_length=60, blank=True)
    paid_reference = models.CharField(_("reference"), max_length=100, blank=True)
    paid_by_id = models.BigIntegerField(_("marked as paid by"), null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(total_minor__gt=0), name="payoutbatch_total_positive"),
            models.CheckConstraint(
                condition=~Q(state="paid") | Q(paid_on__isnull=False), name="payoutbatch_paid_has_a_date"
            ),
        ]

    def __str__(self) -> str:
        return f"PO-{self.number}"

    @property
    def is_approved_alone(self) -> bool:
        """Whether its builder approved it, because nobody else could."""
        is_approved = self.state in (self.States.APPROVED, self.States.PAID)
        return is_approved and self.decided_by_id == self.built_by_id


class Payout(models.Model):
    """What one partner gets in a batch."""

    batch = models.ForeignKey(
        PayoutBatch, on_delete=models.RESTRICT, related_name="payouts", verbose_name=_("batch")
    )
    partner = models.ForeignKey(
        Partner, on_delete=models.RESTRICT, related_name="payouts", verbose_name=_("partner")
    )
    amount_minor = models.BigIntegerField(_("amount"))
    currency = models.CharField(_("currency"), max_length=3)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="payout_amount_positive"),
            models.UniqueConstraint(fields=["batch", "partner"], name="payout_once_a_batch"),
        ]

    def __str__(self) -> str:
        return f"{self.batch_id}: {self.partner_id}"


class PayoutLine(models.Model):
    """An entry in a payout; ``live`` until its batch is rejected."""

    payout = models.ForeignKey(
        Payout, on_delete=models.RESTRICT, related_name="lines", verbose_name=_("payout")
    )
    entry = models.ForeignKey(
        CommissionEntry, on_delete=models.RESTRICT, related_name="payout_lines", verbose_name=_("entry")
    )
    amount_minor = models.BigIntegerField(_("amount"))
    live = models.BooleanField(_("live"), default=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["entry"], condition=Q(live=True), name="payoutline_entry_in_one_live_payout"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.payout_id}: {self.entry_id}"
