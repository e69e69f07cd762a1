"""Users with one role each, limits per role, and the one row of business settings."""

from typing import Any, ClassVar
from uuid import uuid4

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from duebook.domain.permissions import LIMITED_RIGHTS, Role


class UserManager(BaseUserManager["User"]):
    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(email__iexact=username)


class User(AbstractBaseUser):
    """Someone who signs in with an e-mail address; the role says what they may do."""

    class Roles(models.TextChoices):
        VIEWER = Role.VIEWER.value, _("Viewer")
        CLERK = Role.CLERK.value, _("Clerk")
        PARTNER_MANAGER = Role.PARTNER_MANAGER.value, _("Partner manager")
        MANAGER = Role.MANAGER.value, _("Manager")
        OWNER = Role.OWNER.value, _("Owner")

    email = models.EmailField(_("e-mail"), unique=True)
    name = models.CharField(_("name"), max_length=120, blank=True)
    role = models.CharField(_("role"), max_length=20, choices=Roles, default=Roles.CLERK)
    is_active = models.BooleanField(_("active"), default=True)
    date_joined = models.DateTimeField(_("joined"), default=timezone.now)
    last_payment_type_id = models.BigIntegerField(_("last payment type"), null=True, editable=False)

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    objects = UserManager()

    class Meta:
        constraints = [
            models.UniqueConstraint(Lower("email"), name="user_email_once_without_case"),
        ]

    def __str__(self) -> str:
        return self.name or self.email

    def get_full_name(self) -> str:
        return str(self)

    def get_short_name(self) -> str:
        return str(self)


class RoleLimit(models.Model):
    """The largest single amount that a role may handle under a right, and the most in a day for one person.

    No row, or an empty figure, means no limit.
    """

    role = models.CharField(_("role"), max_length=20, choices=User.Roles)
    right = models.CharField(_("right"), max_length=60, choices=[(r.value, r.value) for r in LIMITED_RIGHTS])
    currency = models.CharField(_("currency"), max_length=3)
    amount_minor = models.BigIntegerField(_("limit"), null=True)
    per_day_minor = models.BigIntegerField(_("limit of a day"), null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["role", "right", "currency"], name="rolelimit_once"),
            models.CheckConstraint(
                condition=models.Q(amount_minor__gte=0, per_day_minor__gte=0), name="rolelimit_not_negative"
            ),
            models.CheckConstraint(
                condition=models.Q(amount_minor__isnull=False) | models.Q(per_day_minor__isnull=False),
                name="rolelimit_limits_something",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.role}: {self.right}"


UNNAMED = "My business"
"""What a business is called until its owner says so."""


class Business(models.Model):
    """The business that this database belongs to: exactly one row, seeded by a migration."""

    name = models.CharField(_("name"), max_length=200, default=UNNAMED)
    address = models.TextField(_("address"), blank=True)
    email = models.EmailField(_("e-mail"), blank=True)
    logo = models.BinaryField(_("logo"), null=True, editable=True)
    logo_type = models.CharField(_("kind of the logo's file"), max_length=40, blank=True)
    currency = models.CharField(_("currency"), max_length=3, default="USD")
    time_zone = models.CharField(_("time zone"), max_length=60, default="UTC")
    locale = models.CharField(_("locale"), max_length=20, default="en_US")
    terms_days = models.PositiveSmallIntegerField(_("terms in days"), default=30)
    email_receipts = models.BooleanField(_("e-mail a receipt when a payment is recorded"), default=False)
    partners_see_names = models.BooleanField(_("partners see the names of customers"), default=False)
    installation_id = models.UUIDField(_("installation"), default=uuid4, editable=False)
    partner_link = models.CharField(_("link for partners"), max_length=300, blank=True)

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(id=1), name="business_is_one_row")]

    def __str__(self) -> str:
        return self.name
