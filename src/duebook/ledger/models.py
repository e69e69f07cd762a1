"""A transfer is one row with a debit and a credit account, so no row can be out of balance.

Transfers are append-only: triggers refuse UPDATE, DELETE and TRUNCATE, and a date in a closed period.
A correction is a new transfer that names the one it corrects.
"""

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from duebook.domain.accounts import AccountKind, TransferKind
from duebook.domain.money import MAX_MINOR


class Account(models.Model):
    """An account of the books; Duebook's own have the fixed ids of ``SystemAccount``."""

    class Kinds(models.TextChoices):
        ASSET = AccountKind.ASSET.value, _("Asset")
        LIABILITY = AccountKind.LIABILITY.value, _("Liability")
        EQUITY = AccountKind.EQUITY.value, _("Equity")
        INCOME = AccountKind.INCOME.value, _("Income")
        EXPENSE = AccountKind.EXPENSE.value, _("Expense")

    code = models.CharField(_("code"), max_length=20, unique=True)
    name = models.CharField(_("name"), max_length=100)
    kind = models.CharField(_("kind"), max_length=10, choices=Kinds)
    active = models.BooleanField(_("active"), default=True)

    class Meta:
        ordering = ["code"]

    def __str__(self) -> str:
        return f"{self.code} {self.name}"


class Transfer(models.Model):
    """One movement between two accounts; what it is about stands in plain ids that ``verify`` checks."""

    kind = models.CharField(_("kind"), max_length=30, choices=[(k.value, k.value) for k in TransferKind])
    debit_account = models.ForeignKey(
        Account,
        on_delete=models.RESTRICT,
        related_name="debits",
        verbose_name=_("debit"),
        db_index=False,
    )
    credit_account = models.ForeignKey(
        Account,
        on_delete=models.RESTRICT,
        related_name="credits",
        verbose_name=_("credit"),
        db_index=False,
    )
    amount_minor = models.BigIntegerField(_("amount"))
    currency = models.CharField(_("currency"), max_length=3)
    effective_on = models.DateField(_("date"))
    contact_id = models.BigIntegerField(_("contact"), null=True)
    invoice_id = models.BigIntegerField(_("invoice"), null=True)
    payment_id = models.BigIntegerField(_("payment"), null=True)
    partner_id = models.BigIntegerField(_("partner"), null=True)
    corrects_id = models.BigIntegerField(_("corrects"), null=True)
    recorded_at = models.DateTimeField(_("recorded"), db_default=Now())

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(amount_minor__gt=0, amount_minor__lte=MAX_MINOR),
                name="transfer_amount_in_range",
            ),
            models.CheckConstraint(
                condition=~models.Q(debit_account=models.F("credit_account")),
                name="transfer_between_two_accounts",
            ),
            models.UniqueConstraint(
                fields=["corrects_id"],
                condition=models.Q(corrects_id__isnull=False),
                name="transfer_corrected_once",
            ),
        ]
        indexes = [
            models.Index(fields=["debit_account", "effective_on"], name="transfer_by_debit"),
            models.Index(fields=["credit_account", "effective_on"], name="transfer_by_credit"),
            models.Index(
                fields=["invoice_id"],
                condition=models.Q(invoice_id__isnull=False),
                name="transfer_by_invoice",
            ),
            models.Index(
                fields=["payment_id"],
                condition=models.Q(payment_id__isnull=False),
                name="transfer_by_payment",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.amount_minor} {self.currency}"


class ClosedPeriod(models.Model):
    """A decision to close the books until a day, or to open them again; the newest row is in force."""

    closed_until = models.DateField(_("closed until"), null=True)
    decided_by_id = models.BigIntegerField(_("decided by"))
    decided_at = models.DateTimeField(_("decided"), db_default=Now())
    reason = models.TextField(_("reason"), blank=True)

    def __str__(self) -> str:
        return f"closed until {self.closed_until}"
