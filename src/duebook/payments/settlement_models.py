"""Settlements: what a card processor paid to the business, and what each consisted of.

Append-only. Invariants: a settlement is imported once for its account; its lines add up to it; the same thing
of the processor is settled once, or the line says that it was settled before. Which charge a line clears is
noted once, with the import or when the charge's id becomes known after it, and counted on that charge. What
a settlement cleared stays cleared when the bank sends it back: its net waits until a later one pays it again.
"""

from django.db import models
from django.db.models import Case, F, Q, When
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from duebook.domain.settlements import FEE_BOOKED_BEFORE, ONCE, LineKind
from duebook.gateways.models import MerchantAccount
from duebook.ledger.models import Account, Transfer
from duebook.payments.charge_models import Charge

_ONCE = sorted(kind.value for kind in ONCE)
_FEE_BOOKED_BEFORE = sorted(kind.value for kind in FEE_BOOKED_BEFORE)
"""In one order always, so that the constraints do not change from run to run."""


class Settlement(models.Model):
    """A processor's payment to the business; below zero it took money from the bank.

    One in a currency that no books know is kept without transfers.
    """

    merchant_account = models.ForeignKey(
        MerchantAccount,
        on_delete=models.RESTRICT,
        related_name="settlements",
        verbose_name=_("account"),
        db_index=False,
    )
    gateway_id = models.CharField(_("id at the gateway"), max_length=120)
    currency = models.CharField(_("currency"), max_length=10)
    gross_minor = models.BigIntegerField(_("gross"))
    fee_minor = models.BigIntegerField(_("fees"))
    net_minor = models.BigIntegerField(_("net"))
    paid_on = models.DateField(_("paid"))
    booked_on = models.DateField(_("booked"), null=True)
    net_transfer = models.OneToOneField(
        Transfer,
        on_delete=models.RESTRICT,
        related_name="settlement",
        null=True,
        verbose_name=_("transfer to the bank"),
    )
    fee_transfer = models.OneToOneField(
        Transfer,
        on_delete=models.RESTRICT,
        related_name="settlement_of_fee",
        null=True,
        verbose_name=_("transfer of the fees"),
    )
    imported_at = models.DateTimeField(_("imported"), db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["merchant_account", "gateway_id"], name="settlement_gateway_id_once"
            ),
            models.CheckConstraint(
                condition=Q(net_minor=F("gross_minor") - F("fee_minor")),
                name="settlement_net_is_gross_less_fees",
            ),
        ]
        indexes = [
            models.Index(fields=["merchant_account", "-paid_on", "-id"], name="settlement_newest"),
        ]

    def __str__(self) -> str:
        return f"S-{self.pk}"


class ClearingByHand(models.Model):
    """What payments without a charge moved on the card clearing of a processor: written with each of them."""

    account = models.ForeignKey(
        Account,
        on_delete=models.RESTRICT,
        related_name="clearing_by_hand",
        verbose_name=_("account"),
        db_index=False,
    )
    currency = models.CharField(_("currency"), max_length=3)
    moved_minor = models.BigIntegerField(_("moved"))

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["account", "currency"], name="clearingbyhand_once"),
        ]

    def __str__(self) -> str:
        return f"{self.account_id}: {self.moved_minor} {self.currency}"


class SettlementReturn(models.Model):
    """The bank sent a settlement back, so that the processor holds its net again. ``minor`` is below zero
    where the settlement took money from the bank.

    A settlement that was not booked is returned without a transfer, and nothing waits. ``waits_since`` is set
    while a person must look at it.
    """

    settlement = models.OneToOneField(
        Settlement, on_delete=models.RESTRICT, related_name="returned", verbose_name=_("settlement")
    )
    merchant_account = models.ForeignKey(
        MerchantAccount,
        on_delete=models.RESTRICT,
        related_name="settlement_returns",
        verbose_name=_("account"),
        db_index=False,
    )
    amount_minor = models.BigIntegerField(_("amount"))
    currency = models.CharField(_("currency"), max_length=10)
    returned_on = models.DateField(_("returned"))
    booked_on = models.DateField(_("booked"), null=True)
    transfer = models.OneToOneField(
        Transfer,
        on_delete=models.RESTRICT,
        related_name="settlement_return",
        null=True,
        verbose_name=_("transfer back from the bank"),
    )
    reason = models.CharField(_("reason"), max_length=300, blank=True)
    noticed_at = models.DateTimeField(_("noticed"), db_default=Now())

    cleared_minor = models.BigIntegerField(_("paid again"), db_default=0)
    uncleared_minor = models.GeneratedField(
        expression=Case(
            When(booked_on__isnull=True, then=0),
            default=F("amount_minor") - F("cleared_minor"),
            output_field=models.BigIntegerField(),
        ),
        output_field=models.BigIntegerField(_("not paid again")),
        db_persist=True,
    )
    waits_since = models.DateTimeField(_("waits for a person since"), null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(booked_on__isnull=False) | Q(transfer__isnull=True, cleared_minor=0),
                name="settlementreturn_booked_clears",
            ),
        ]
        indexes = [
            models.Index(
                fields=["merchant_account", "currency"],
                condition=~Q(uncleared_minor=0),
                name="settlementreturn_not_cleared",
            ),
            models.Index(
                fields=["waits_since"],
                condition=Q(waits_since__isnull=False),
                name="settlementreturn_to_see",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.settlement_id} returned"


class SettlementReturnReview(models.Model):
    """Somebody has seen that the bank sent a settlement back. Append-only."""

    settlement_return = models.OneToOneField(
        SettlementReturn, on_delete=models.RESTRICT, related_name="review", verbose_name=_("return")
    )
    reviewed_by_id = models.BigIntegerField(_("seen by"))
    reviewed_at = models.DateTimeField(_("seen"), db_default=Now())

    def __str__(self) -> str:
        return f"{self.settlement_return_id} seen"


class SettlementLine(models.Model):
    """One part of a settlement; amounts signed, and ``clears_minor`` is what it takes off card clearing.

    ``charge`` is whose counter it is part of: the one of that id, where it is in the settlement's currency.
    One that pays a returned settlement again is part of that one's.
    """

    class Kinds(models.TextChoices):
        CHARGE = LineKind.CHARGE.value, _("Charge")
        CHARGE_FAILED = LineKind.CHARGE_FAILED.value, _("Charge that failed")
        REFUND = LineKind.REFUND.value, _("Refund")
        REFUND_FAILED = LineKind.REFUND_FAILED.value, _("Refund that failed")
        DISPUTE = LineKind.DISPUTE.value, _("Dispute")
        DISPUTE_REVERSED = LineKind.DISPUTE_REVERSED.value, _("Dispute given back")
        SETTLEMENT_RETURNED = LineKind.SETTLEMENT_RETURNED.value, _("Settlement paid again")
        FEE = LineKind.FEE.value, _("Fee")
        OTHER = LineKind.OTHER.value, _("Other")
        UNEXPLAINED = LineKind.UNEXPLAINED.value, _("Not explained")

    settlement = models.ForeignKey(
        Settlement, on_delete=models.RESTRICT, related_name="lines", verbose_name=_("settlement")
    )
    merchant_account = models.ForeignKey(
        MerchantAccount,
        on_delete=models.RESTRICT,
        related_name="settlement_lines",
        verbose_name=_("account"),
        db_index=False,
    )
    kind = models.CharField(_("kind"), max_length=20, choices=Kinds)
    object_id = models.CharField(_("object at the gateway"), max_length=120, blank=True)
    charge_gateway_id = models.CharField(_("charge at the gateway"), max_length=120, blank=True)
    charge = models.ForeignKey(
        Charge,
        on_delete=models.RESTRICT,
        related_name="settlement_lines",
        null=True,
        verbose_name=_("charge that it clears"),
        db_index=False,
    )
    settlement_return = models.ForeignKey(
        SettlementReturn,
        on_delete=models.RESTRICT,
        related_name="lines",
        null=True,
        verbose_name=_("return that it pays again"),
        db_index=False,
    )
    gross_minor = models.BigIntegerField(_("gross"))
    fee_minor = models.BigIntegerField(_("fee"))
    is_repeated = models.BooleanField(_("settled before"), default=False)
    clears_minor = models.GeneratedField(
        expression=Case(
            When(kind__in=_FEE_BOOKED_BEFORE, then=F("gross_minor") - F("fee_minor")),
            default=F("gross_minor"),
            output_field=models.BigIntegerField(),
        ),
        output_field=models.BigIntegerField(_("clears")),
        db_persist=True,
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["merchant_account", "object_id", "kind"],
                condition=Q(kind__in=_ONCE, is_repeated=False) & ~Q(object_id=""),
                name="settlementline_object_once",
            ),
            models.CheckConstraint(
                condition=Q(charge__isnull=True) | Q(settlement_return__isnull=True),
                name="settlementline_clears_one",
            ),
        ]
        indexes = [
            models.Index(fields=["merchant_account", "charge_gateway_id"], name="settlementline_by_charge"),
            models.Index(
                fields=["charge"], condition=Q(charge__isnull=False), name="settlementline_of_charge"
            ),
            models.Index(
                fields=["settlement_return"],
                condition=Q(settlement_return__isnull=False),
                name="settlementline_of_return",
            ),
            models.Index(
                fields=["merchant_account"],
                condition=Q(charge__isnull=True, settlement_return__isnull=True) & ~Q(clears_minor=0),
                name="settlementline_of_none",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.settlement_id}: {self.kind} {self.object_id}"
