"""A referral partner is a contact with a code.

A referral says which partner brought a contact, in which role.
"""

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower, Now
from django.utils.translation import gettext_lazy as _

from duebook.contacts.models import Contact


class Partner(models.Model):
    class Statuses(models.TextChoices):
        ACTIVE = "active", _("Active")
        INACTIVE = "inactive", _("Inactive")

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
        LEAD = "lead", _("Lead")
        SALE = "sale", _("Sale")

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
