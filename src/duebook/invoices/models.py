"""An invoice is the demand for payment of one order; its counters are kept by CHECK constraints.

``applied_minor`` is what payments and adjustments have settled. The counters for commissions:
``counted_minor`` (Y: applied with Apply to Commissions Yes), ``uncounted_minor`` (N: money applied with No),
``money_minor`` (M: money applied, Yes and No), ``money_back_minor`` (R: money that went back). ``verify``
recomputes them all. A void invoice has a total of zero; what it was stands in its Void row.
"""

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from duebook.contacts.models import Contact
from duebook.domain.money import MAX_MINOR
from duebook.orders.models import NextNumber, Order


class Invoice(models.Model):
    number = models.BigIntegerField(_("number"), unique=True, db_default=NextNumber("invoice_number_seq"))
    order = models.OneToOneField(
        Order,
        on_delete=models.RESTRICT,
        related_name="invoice",
        verbose_name=_("order"),
    )
    contact = models.ForeignKey(
        Contact,
        on_delete=models.RESTRICT,
        related_name="invoices",
        verbose_name=_("contact"),
        db_index=False,
    )
    currency = models.CharField(_("currency"), max_length=3)
    issued_on = models.DateField(_("issued"))
    due_on = models.DateField(_("due"))
    total_minor = models.BigIntegerField(_("total"))
    finance_minor = models.BigIntegerField(_("finance charge in the total"), default=0)
    applied_minor = models.BigIntegerField(_("applied"), default=0)
    counted_minor = models.BigIntegerField(_("applied, counted for commissions"), default=0)
    uncounted_minor = models.BigIntegerField(_("money applied, not counted"), default=0)
    money_minor = models.BigIntegerField(_("money applied"), default=0)
    money_back_minor = models.BigIntegerField(_("money that went back"), default=0)
    balance_due_minor = models.GeneratedField(
        expression=F("total_minor") - F("applied_minor"),
        output_field=models.BigIntegerField(_("balance due")),
        db_persist=True,
    )

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(applied_minor__gte=0, applied_minor__lte=F("total_minor")),
                name="invoice_applied_within_total",
            ),
            models.CheckConstraint(
                condition=Q(total_minor__gte=0, total_minor__lte=MAX_MINOR),
                name="invoice_total_in_range",
            ),
            models.CheckConstraint(
                condition=Q(finance_minor__gte=0, finance_minor__lte=F("total_minor")),
                name="invoice_finance_within_total",
            ),
            models.CheckConstraint(
                condition=Q(
                    counted_minor__gte=0,
                    uncounted_minor__gte=0,
                    money_back_minor__gte=0,
                    uncounted_minor__lte=F("money_minor"),
                    money_minor__lte=F("applied_minor"),
                    counted_minor__lte=F("applied_minor") - F("uncounted_minor"),
                ),
                name="invoice_counters_agree",
            ),
            models.CheckConstraint(condition=Q(due_on__gte=F("issued_on")), name="invoice_due_after_issue"),
        ]
        indexes = [
            models.Index(fields=["contact", "id"], name="invoice_by_contact"),
            models.Index(
                fields=["due_on", "id"],
                condition=Q(balance_due_minor__gt=0),
                name="invoice_open_by_due",
            ),
            models.Index(
                fields=["contact", "due_on"],
                condition=Q(balance_due_minor__gt=0),
                name="invoice_open_by_contact",
            ),
        ]

    def __str__(self) -> str:
        return f"INV-{self.number}"


class Void(models.Model):
    """The invoice was wrong: what it came to, and who says so, when and why."""

    invoice = models.OneToOneField(
        Invoice,
        on_delete=models.RESTRICT,
        related_name="void",
        verbose_name=_("invoice"),
    )
    total_minor = models.BigIntegerField(_("total before"))
    finance_minor = models.BigIntegerField(_("finance charge before"), default=0)
    voided_on = models.DateField(_("date"))
    reason = models.TextField(_("reason"))
    voided_by_id = models.BigIntegerField(_("voided by"))
    recorded_at = models.DateTimeField(_("recorded"), db_default=Now())

    class Meta:
        constraints = [models.CheckConstraint(condition=~Q(reason=""), name="void_has_a_reason")]

    def __str__(self) -> str:
        return f"{self.invoice_id} void"
