"""Referral partners, the programs they are members of, and the rules of those programs.

A rule is for one role and level, and for one product or (product empty) for all others of its program.
"""

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower, Now
from django.utils.translation import gettext_lazy as _

from duebook.catalog.models import Product
from duebook.contacts.models import Contact
from duebook.domain.commission_rules import MAX_LEVELS, WHOLE_BPS, PartnerRole, PayoutType


class Partner(models.Model):
    class Statuses(models.TextChoices):
        ACTIVE = "active", _("Active")
        INACTIVE = "inactive", _("Inactive")

    class PayoutMethods(models.TextChoices):
        BANK = "bank", _("Bank transfer")
        CHECK = "check", _("Check")
        CASH = "cash", _("Cash")
        OTHER = "other", _("Other")

    contact = models.ForeignKey(
        Contact,
        on_delete=models.RESTRICT,
        related_name="partners",
        verbose_name=_("contact"),
    )
    name = models.CharField(_("name"), max_length=200)
    code = models.CharField(_("code"), max_length=40)
    parent = models.ForeignKey(
        "self",
        on_delete=models.RESTRICT,
        null=True,
        blank=True,
        related_name="children",
        verbose_name=_("parent"),
    )
    status = models.CharField(_("status"), max_length=10, choices=Statuses, default=Statuses.ACTIVE)
    notes = models.TextField(_("notes"), blank=True)
    notify_on_lead = models.BooleanField(_("notify on lead"), default=False)
    notify_on_sale = models.BooleanField(_("notify on sale"), default=True)
    payout_method = models.CharField(
        _("payout method"), max_length=12, choices=PayoutMethods, default=PayoutMethods.BANK
    )
    payout_details = models.TextField(_("payout details"), blank=True)
    global_override = models.BooleanField(
        _("global override"),
        default=False,
        help_text=_("Earns on every order, by the overrides of this partner."),
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(Lower("code"), name="partner_code_once_without_case"),
            models.CheckConstraint(
                condition=Q(code__regex=r"^[A-Za-z][^[:space:]]{3,}$"),
                name="partner_code_well_formed",
            ),
            models.CheckConstraint(condition=~Q(parent=F("id")), name="partner_not_its_own_parent"),
        ]

    def __str__(self) -> str:
        return self.name


class Referral(models.Model):
    """This contact was referred by that partner in that role since then: the default for new orders."""

    class Roles(models.TextChoices):
        LEAD = PartnerRole.LEAD.value, _("Lead")
        SALE = PartnerRole.SALE.value, _("Sale")

    contact = models.ForeignKey(
        Contact,
        on_delete=models.RESTRICT,
        related_name="referrals",
        verbose_name=_("contact"),
    )
    partner = models.ForeignKey(
        Partner,
        on_delete=models.RESTRICT,
        related_name="referrals",
        verbose_name=_("partner"),
    )
    role = models.CharField(_("role"), max_length=4, choices=Roles)
    since = models.DateField(_("since"))
    recorded_at = models.DateTimeField(_("recorded"), db_default=Now())

    class Meta:
        indexes = [models.Index(fields=["contact", "role", "-since"], name="referral_newest")]

    def __str__(self) -> str:
        return f"{self.partner_id} {self.role} {self.contact_id}"


class Program(models.Model):
    """A commission program; the lowest priority number that covers a line wins, as in Keap."""

    class PayoutTypes(models.TextChoices):
        UP_FRONT = PayoutType.UP_FRONT.value, _("Up-Front Credit in Full")
        ON_PAYMENT = PayoutType.ON_PAYMENT.value, _("Credit on Customer Payment")

    name = models.CharField(_("name"), max_length=100)
    priority = models.PositiveIntegerField(_("priority"), help_text=_("The lower number wins."))
    payout_type = models.CharField(
        _("payout type"), max_length=10, choices=PayoutTypes, default=PayoutTypes.ON_PAYMENT
    )
    hold_days = models.PositiveSmallIntegerField(_("hold in days"), default=30)
    levels = models.PositiveSmallIntegerField(_("levels"), default=1)
    active = models.BooleanField(_("active"), default=True)
    notes = models.TextField(_("notes"), blank=True)
    members = models.ManyToManyField(Partner, blank=True, related_name="programs", verbose_name=_("members"))

    class Meta:
        ordering = ["priority", "id"]
        constraints = [
            models.UniqueConstraint(Lower("name"), name="program_name_once"),
            models.CheckConstraint(
                condition=Q(levels__gte=1, levels__lte=MAX_LEVELS), name="program_levels_one_to_three"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class RateFields(models.Model):
    """A percentage in basis points and a fixed amount per unit, with its currency."""

    role = models.CharField(_("role"), max_length=4, choices=Referral.Roles)
    percent_bps = models.PositiveIntegerField(_("percent"), default=0)
    fixed_minor = models.BigIntegerField(_("fixed amount per unit"), default=0)
    currency = models.CharField(_("currency"), max_length=3, blank=True)

    class Meta:
        abstract = True
        constraints = [
            models.CheckConstraint(
                condition=Q(percent_bps__lte=WHOLE_BPS, fixed_minor__gte=0)
                & (Q(fixed_minor=0) | ~Q(currency="")),
                name="%(class)s_rate_in_range",
            ),
        ]


class Rule(RateFields):
    """What a program pays in a role at a level, for a product or (empty) by default."""

    program = models.ForeignKey(
        Program, on_delete=models.RESTRICT, related_name="rules", verbose_name=_("program")
    )
    product = models.ForeignKey(
        Product, on_delete=models.RESTRICT, null=True, blank=True, related_name="+", verbose_name=_("product")
    )
    level = models.PositiveSmallIntegerField(_("level"), default=1)

    class Meta(RateFields.Meta):
        constraints = [
            *RateFields.Meta.constraints,
            models.UniqueConstraint(
                fields=["program", "product", "role", "level"], nulls_distinct=False, name="rule_once"
            ),
            models.CheckConstraint(condition=Q(level__gte=1, level__lte=MAX_LEVELS), name="rule_level"),
        ]

    def __str__(self) -> str:
        return f"{self.program_id} {self.role} {self.level}"


class PartnerOverride(RateFields):
    """A rate agreed with one partner for all orders, for one product or all, at one level or all."""

    partner = models.ForeignKey(
        Partner, on_delete=models.RESTRICT, related_name="overrides", verbose_name=_("partner")
    )
    product = models.ForeignKey(
        Product, on_delete=models.RESTRICT, null=True, blank=True, related_name="+", verbose_name=_("product")
    )
    level = models.PositiveSmallIntegerField(_("level"), null=True, blank=True)
    payout_type = models.CharField(
        _("payout type"), max_length=10, choices=Program.PayoutTypes, default=Program.PayoutTypes.ON_PAYMENT
    )
    hold_days = models.PositiveSmallIntegerField(_("hold in days"), default=30)

    class Meta(RateFields.Meta):
        constraints = [
            *RateFields.Meta.constraints,
            models.UniqueConstraint(
                fields=["partner", "product", "role", "level"],
                nulls_distinct=False,
                name="partneroverride_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.partner_id} {self.role}"
