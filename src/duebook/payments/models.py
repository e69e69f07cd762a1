"""Payments are facts: a trigger refuses to change or delete them; only counters, notes and reference move.

What of a payment is not allocated, refunded, returned or reversed is the contact's credit on account.
Allocations, reversals, returns and refunds are append-only rows with a date of their own; so is the undoing
of a refund that was entered by mistake.
"""

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from duebook.contacts.models import Contact
from duebook.domain.money import MAX_MINOR
from duebook.domain.payment_kinds import PaymentKind
from duebook.domain.permissions import Source
from duebook.domain.refunding import RefundMeans
from duebook.invoices.models import Invoice
from duebook.ledger.models import Account
from duebook.orders.models import NextNumber
from duebook.payments.approval_models import OutcomeProposal, RefundRequest, RefundResolution
from duebook.payments.card_models import CardSetup, PaymentMethod
from duebook.payments.charge_models import Charge, ChargeLine, GatewayRefund, Observation
from duebook.payments.dispute_models import Dispute, DisputeBooking, DisputeReview
from duebook.payments.limit_models import DayUse, LimitUse
from duebook.payments.pay_link_models import LinkPayment, LinkPaymentLine, PayLink, PayLinkInvoice
from duebook.payments.settlement_models import (
    ClearingByHand,
    Settlement,
    SettlementLine,
    SettlementReturn,
    SettlementReturnReview,
)

__all__ = [
    "Allocation",
    "CardSetup",
    "Charge",
    "ChargeLine",
    "ClearingByHand",
    "DayUse",
    "Dispute",
    "DisputeBooking",
    "DisputeReview",
    "GatewayRefund",
    "LimitUse",
    "LinkPayment",
    "LinkPaymentLine",
    "Observation",
    "OutcomeProposal",
    "PayLink",
    "PayLinkInvoice",
    "Payment",
    "PaymentMethod",
    "PaymentType",
    "RefundRequest",
    "RefundResolution",
    "RefundReversal",
    "Return",
    "Reversal",
    "Settlement",
    "SettlementLine",
    "SettlementReturn",
    "SettlementReturnReview",
]


class PaymentType(models.Model):
    class Kinds(models.TextChoices):
        CHARGE_NOW = PaymentKind.CHARGE_NOW.value, _("Charges a card now")
        MONEY = PaymentKind.MONEY.value, _("Records money received")
        ADJUSTMENT = (
            PaymentKind.ADJUSTMENT.value,
            _("Lowers the balance, no money comes in"),
        )

    label = models.CharField(_("label"), max_length=60)
    kind = models.CharField(_("kind"), max_length=12, choices=Kinds, default=Kinds.MONEY)
    account = models.ForeignKey(
        Account,
        on_delete=models.RESTRICT,
        related_name="payment_types",
        verbose_name=_("account"),
    )
    apply_to_commissions = models.BooleanField(_("apply to commissions by default"), default=True)
    reference_label = models.CharField(
        _("what the reference is"),
        max_length=60,
        blank=True,
        help_text=_("Empty hides the field, as for Cash."),
    )
    hint = models.CharField(_("hint under the field"), max_length=200, blank=True)
    needs_adjust_right = models.BooleanField(_("managers only"), default=False)
    active = models.BooleanField(_("active"), default=True)
    position = models.PositiveSmallIntegerField(_("position"), default=100)

    class Meta:
        ordering = ["position", "id"]
        constraints = [
            models.UniqueConstraint(models.functions.Lower("label"), name="paymenttype_label_once"),
        ]

    def __str__(self) -> str:
        return self.label


class Payment(models.Model):
    """Money received (or an adjustment), whole. What disputes took counts as returned."""

    number = models.BigIntegerField(_("number"), unique=True, db_default=NextNumber("payment_number_seq"))
    contact = models.ForeignKey(
        Contact,
        on_delete=models.RESTRICT,
        related_name="payments",
        verbose_name=_("contact"),
        db_index=False,
    )
    payment_type = models.ForeignKey(
        PaymentType,
        on_delete=models.RESTRICT,
        related_name="payments",
        verbose_name=_("payment type"),
        db_index=False,
    )
    kind = models.CharField(_("kind"), max_length=12, choices=PaymentType.Kinds)
    amount_minor = models.BigIntegerField(_("amount"))
    currency = models.CharField(_("currency"), max_length=3)
    received_on = models.DateField(_("date"))
    reference = models.CharField(_("reference"), max_length=100, blank=True)
    notes = models.TextField(_("notes"), blank=True)
    apply_to_commissions = models.BooleanField(_("apply to commissions"), default=True)
    charge_id = models.BigIntegerField(_("charge"), null=True)
    recorded_by_id = models.BigIntegerField(_("recorded by"))
    recorded_at = models.DateTimeField(_("recorded"), db_default=Now())
    source = models.CharField(_("source"), max_length=10, choices=[(s.value, s.value) for s in Source])
    allocated_minor = models.BigIntegerField(_("allocated"), default=0)
    refunded_minor = models.BigIntegerField(_("refunded"), default=0)
    returned_minor = models.BigIntegerField(_("returned"), default=0)
    reversed_minor = models.BigIntegerField(_("reversed"), default=0)
    credit_minor = models.GeneratedField(
        expression=F("amount_minor")
        - F("allocated_minor")
        - F("refunded_minor")
        - F("returned_minor")
        - F("reversed_minor"),
        output_field=models.BigIntegerField(_("credit on account")),
        db_persist=True,
    )

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(amount_minor__gt=0, amount_minor__lte=MAX_MINOR),
                name="payment_amount_in_range",
            ),
            models.CheckConstraint(
                condition=Q(
                    allocated_minor__gte=0,
                    refunded_minor__gte=0,
                    returned_minor__gte=0,
                    reversed_minor__gte=0,
                    amount_minor__gte=F("allocated_minor")
                    + F("refunded_minor")
                    + F("returned_minor")
                    + F("reversed_minor"),
                ),
                name="payment_used_within_amount",
            ),
            models.UniqueConstraint(
                fields=["charge_id"],
                condition=Q(charge_id__isnull=False),
                name="payment_one_a_charge",
            ),
        ]
        indexes = [
            models.Index(fields=["contact", "-received_on", "-id"], name="payment_by_contact"),
            models.Index(fields=["-received_on", "-id"], name="payment_newest"),
            models.Index(fields=["amount_minor", "-received_on", "-id"], name="payment_by_amount"),
            models.Index(fields=["payment_type", "-received_on", "-id"], name="payment_by_type"),
            models.Index(
                fields=["contact"],
                condition=Q(credit_minor__gt=0),
                name="payment_with_credit",
            ),
        ]

    def __str__(self) -> str:
        return f"P-{self.number}"


class Allocation(models.Model):
    """A part of a payment applied to one invoice; a negative amount takes it off again."""

    payment = models.ForeignKey(
        Payment,
        on_delete=models.RESTRICT,
        related_name="allocations",
        verbose_name=_("payment"),
    )
    invoice = models.ForeignKey(
        Invoice,
        on_delete=models.RESTRICT,
        related_name="allocations",
        verbose_name=_("invoice"),
    )
    amount_minor = models.BigIntegerField(_("amount"))
    apply_to_commissions = models.BooleanField(_("apply to commissions"))
    applied_on = models.DateField(_("date"))
    recorded_at = models.DateTimeField(_("recorded"), db_default=Now())

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=~Q(amount_minor=0) & Q(amount_minor__gte=-MAX_MINOR, amount_minor__lte=MAX_MINOR),
                name="allocation_amount_in_range",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.payment_id} → {self.invoice_id}: {self.amount_minor}"


class Reversal(models.Model):
    """The payment was entered by mistake and is undone."""

    payment = models.OneToOneField(
        Payment,
        on_delete=models.RESTRICT,
        related_name="reversal",
        verbose_name=_("payment"),
    )
    amount_minor = models.BigIntegerField(_("amount"))
    reason = models.TextField(_("reason"))
    reversed_on = models.DateField(_("date"))
    reversed_by_id = models.BigIntegerField(_("reversed by"))
    recorded_at = models.DateTimeField(_("recorded"), db_default=Now())

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(reason=""), name="reversal_has_a_reason"),
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="reversal_amount_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.payment_id} reversed"


class Return(models.Model):
    """The bank took the money back: a bounced check, or a chargeback told by letter."""

    payment = models.OneToOneField(
        Payment,
        on_delete=models.RESTRICT,
        related_name="bank_return",
        verbose_name=_("payment"),
    )
    amount_minor = models.BigIntegerField(_("amount"))
    fee_minor = models.BigIntegerField(_("bank fee"), default=0)
    returned_on = models.DateField(_("date"))
    reason = models.TextField(_("reason"))
    recorded_by_id = models.BigIntegerField(_("recorded by"))
    recorded_at = models.DateTimeField(_("recorded"), db_default=Now())

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(reason=""), name="return_has_a_reason"),
            models.CheckConstraint(condition=Q(amount_minor__gt=0, fee_minor__gte=0), name="return_amounts"),
        ]

    def __str__(self) -> str:
        return f"{self.payment_id} returned"


class Refund(models.Model):
    """Money of a payment was given back; a payment may have several, up to its amount."""

    class Means(models.TextChoices):
        BY_HAND = RefundMeans.BY_HAND.value, _("By hand")
        GATEWAY = RefundMeans.GATEWAY.value, _("Through the gateway")

    payment = models.ForeignKey(
        Payment,
        on_delete=models.RESTRICT,
        related_name="refunds",
        verbose_name=_("payment"),
    )
    amount_minor = models.BigIntegerField(_("amount"))
    currency = models.CharField(_("currency"), max_length=3)
    refunded_on = models.DateField(_("date"))
    account = models.ForeignKey(
        Account,
        on_delete=models.RESTRICT,
        related_name="refunds",
        verbose_name=_("account that the money left"),
        db_index=False,
    )
    means = models.CharField(_("means"), max_length=8, choices=Means)
    reference = models.CharField(_("reference"), max_length=100, blank=True)
    reason = models.TextField(_("reason"))
    gateway_refund_id = models.BigIntegerField(_("attempt at the gateway"), null=True)
    recorded_by_id = models.BigIntegerField(_("recorded by"))
    recorded_at = models.DateTimeField(_("recorded"), db_default=Now())

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(reason=""), name="refund_has_a_reason"),
            models.CheckConstraint(
                condition=Q(amount_minor__gt=0, amount_minor__lte=MAX_MINOR), name="refund_amount_in_range"
            ),
            models.CheckConstraint(
                condition=Q(gateway_refund_id__isnull=True) | Q(means=RefundMeans.GATEWAY.value),
                name="refund_by_hand_has_no_attempt",
            ),
            models.UniqueConstraint(
                fields=["gateway_refund_id"],
                condition=Q(gateway_refund_id__isnull=False),
                name="refund_once_per_attempt",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.payment_id} refunded {self.amount_minor}"


class RefundReversal(models.Model):
    """The refund was entered by mistake, or its money came back; ``transfer_id`` books the money back."""

    refund = models.OneToOneField(
        Refund, on_delete=models.RESTRICT, related_name="reversal", verbose_name=_("refund")
    )
    transfer_id = models.BigIntegerField(_("transfer"), unique=True)
    reason = models.TextField(_("reason"))
    reversed_on = models.DateField(_("date"))
    reversed_by_id = models.BigIntegerField(_("undone by"))
    recorded_at = models.DateTimeField(_("recorded"), db_default=Now())

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(reason=""), name="refundreversal_has_a_reason"),
        ]

    def __str__(self) -> str:
        return f"{self.refund_id} reversed"
