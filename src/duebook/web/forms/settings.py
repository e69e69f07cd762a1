"""The forms below Settings."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from zoneinfo import available_timezones

from babel import Locale
from babel.localedata import locale_identifiers
from django import forms
from django.contrib.auth.password_validation import validate_password
from django.core.files.uploadedfile import UploadedFile
from django.forms.boundfield import BoundField
from django.utils.translation import gettext_lazy as _

from duebook.domain.money import Money
from duebook.domain.payment_kinds import PaymentKind
from duebook.domain.permissions import DAY_LIMITED_RIGHTS, LIMITED_RIGHTS, RIGHTS_OF, Right, Role
from duebook.payments.models import PaymentType
from duebook.payments.type_details import PaymentTypeDetails, accounts_for
from duebook.staff.models import Business, RoleLimit, User
from duebook.staff.services.change_business import BusinessDetails
from duebook.web.forms.fields import DayField, FreeTextField, MoneyField, YesNoField, field_of
from duebook.web.forms.keyed import KeyedForm


@lru_cache(maxsize=1)
def locale_choices() -> list[tuple[str, str]]:
    """Locales with a country, named in English: they decide how figures and days look."""
    named = []
    for name in locale_identifiers():
        locale = Locale.parse(name)
        if locale.territory and not locale.script and not locale.variant:
            named.append((name, locale_name(name)))
    return sorted(named, key=lambda pair: pair[1])


def locale_name(identifier: str) -> str:
    """English (United States) for en_US."""
    return Locale.parse(identifier).get_display_name("en") or identifier


@lru_cache(maxsize=1)
def time_zone_choices() -> list[tuple[str, str]]:
    """Time zones by region."""
    names = [
        name
        for name in available_timezones()
        if "/" in name and not name.startswith(("Etc/", "posix", "right"))
    ]
    return [("UTC", "UTC"), *((name, name.replace("_", " ")) for name in sorted(names))]


class BusinessForm(KeyedForm):
    name = forms.CharField(label=_("Name"), max_length=200)
    address = forms.CharField(
        label=_("Address"), max_length=1000, required=False, widget=forms.Textarea({"rows": 3})
    )
    email = forms.EmailField(
        label=_("E-mail"), required=False, help_text=_("Printed on invoices and receipts.")
    )
    currency = forms.CharField(
        label=_("Currency"),
        min_length=3,
        max_length=3,
        help_text=_("For new orders. Those that exist keep theirs."),
    )
    terms_days = forms.IntegerField(
        label=_("Terms in days"),
        min_value=0,
        max_value=3650,
        help_text=_("A new invoice is due this many days after its date."),
    )
    time_zone = forms.ChoiceField(
        label=_("Time zone"), choices=time_zone_choices, help_text=_("Decides which day is today.")
    )
    locale = forms.ChoiceField(label=_("Figures and dates as in"), choices=locale_choices)
    email_receipts = forms.BooleanField(
        label=_("E-mail a receipt when a payment is recorded"), required=False
    )
    partners_see_names = forms.BooleanField(
        label=_("Referral partners see the names of the customers they brought"),
        required=False,
        help_text=_("On their own pages, in statements and in e-mails to them."),
    )
    partner_link = forms.CharField(
        label=_("Link for referral partners"),
        max_length=300,
        required=False,
        help_text=_("An address of your own site, with {code} where the partner's code goes."),
    )

    @staticmethod
    def values_of(business: Business) -> dict[str, Any]:
        """The settings as the form shows them first."""
        return {name: getattr(business, name) for name in BusinessDetails.__dataclass_fields__}

    def clean_currency(self) -> str:
        return str(self.cleaned_data["currency"]).upper()

    def details(self) -> BusinessDetails:
        """What was typed."""
        return BusinessDetails(
            **{name: self.cleaned_data[name] for name in BusinessDetails.__dataclass_fields__}
        )


class LogoForm(KeyedForm):
    logo = forms.FileField(
        label=_("Logo"),
        required=False,
        help_text=_("PNG or JPEG, at most 500 kB."),
        widget=forms.FileInput({"accept": "image/png,image/jpeg"}),
    )
    remove = forms.BooleanField(label=_("Remove the logo"), required=False)

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or self.cleaned_data
        if not data.get("logo") and not data.get("remove") and not self.errors:
            self.add_error("logo", _("Choose a picture."))
        return data

    def picture(self) -> bytes | None:
        """The picture's bytes, None to remove it."""
        upload = self.cleaned_data["logo"]
        return upload.read() if isinstance(upload, UploadedFile) and not self.cleaned_data["remove"] else None


class CloseBooksForm(KeyedForm):
    closed_until = DayField(
        label=_("Closed until"), required=False, help_text=_("The last closed day. Empty opens everything.")
    )
    reason = FreeTextField(
        label=_("Reason"), max_length=1000, required=False, help_text=_("Needed to reopen.")
    )


@dataclass(frozen=True, slots=True)
class LimitCell:
    """What limits one role under one right; no ``single`` where the role lacks the right."""

    role: str
    single: BoundField | None
    a_day: BoundField | None


class LimitsForm(KeyedForm):
    """An amount for each role and limited right that the role holds, and one a day; empty means no limit."""

    def __init__(self, *args: Any, business: Business, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for role, right in limited_pairs():
            label = f"{role_label(role)}: {right.value}"
            self._add(_limit_name(role, right), label, business)
            if right in DAY_LIMITED_RIGHTS:
                self._add(_day_limit_name(role, right), _("%(what)s, a day") % {"what": label}, business)

    def _add(self, name: str, label: str, business: Business) -> None:
        field = MoneyField(label=label, required=False)
        field.in_currency(business.currency, business)
        self.fields[name] = field

    @staticmethod
    def values_of(limits: list[RoleLimit]) -> dict[str, Money]:
        """The limits as the form shows them first."""
        values: dict[str, Money] = {}
        for limit in limits:
            pair = Role(limit.role), Right(limit.right)
            if limit.amount_minor is not None:
                values[_limit_name(*pair)] = Money(limit.amount_minor, limit.currency)
            if limit.per_day_minor is not None:
                values[_day_limit_name(*pair)] = Money(limit.per_day_minor, limit.currency)
        return values

    def rows(self) -> Iterator[tuple[str, list[LimitCell]]]:
        """For each right its label, and a cell for each role."""
        for right in LIMITED_RIGHTS:
            yield (
                right.value,
                [
                    LimitCell(
                        role_label(role),
                        self._field(_limit_name(role, right)),
                        self._field(_day_limit_name(role, right)),
                    )
                    for role in LIMITED_ROLES
                ],
            )

    def _field(self, name: str) -> BoundField | None:
        return self[name] if name in self.fields else None

    def limits(self) -> dict[tuple[Role, Right], Money]:
        """What was typed for a single act."""
        return self._typed(_limit_name)

    def day_limits(self) -> dict[tuple[Role, Right], Money]:
        """What was typed for a day."""
        return self._typed(_day_limit_name)

    def _typed(self, name: Callable[[Role, Right], str]) -> dict[tuple[Role, Right], Money]:
        pairs = {pair: self.cleaned_data.get(name(*pair)) for pair in limited_pairs()}
        return {pair: amount for pair, amount in pairs.items() if amount is not None}


LIMITED_ROLES = (Role.CLERK, Role.MANAGER)
"""An owner sets the limits and has none."""


def role_label(role: Role) -> str:
    """The role as people read it."""
    return str(User.Roles(role.value).label)


def limited_pairs() -> list[tuple[Role, Right]]:
    """Which roles may be limited in what."""
    return [(role, right) for role in LIMITED_ROLES for right in LIMITED_RIGHTS if right in RIGHTS_OF[role]]


def _limit_name(role: Role, right: Right) -> str:
    return f"{role.value}-{right.name.lower()}"


def _day_limit_name(role: Role, right: Right) -> str:
    return f"{_limit_name(role, right)}-a-day"


class PaymentTypeForm(KeyedForm):
    label = forms.CharField(label=_("Label"), max_length=60)
    kind = forms.ChoiceField(
        label=_("Kind"),
        choices=[(k.value, k.label) for k in (PaymentType.Kinds.MONEY, PaymentType.Kinds.ADJUSTMENT)],
        help_text=_("Cannot be changed later."),
    )
    account = forms.TypedChoiceField(
        label=_("Account"),
        coerce=int,
        help_text=_("Where the books find the money, or what an adjustment costs."),
    )
    reference_label = forms.CharField(
        label=_("What the reference is"),
        max_length=60,
        required=False,
        help_text=_("Such as Check number. Empty hides the field Reference."),
    )
    hint = forms.CharField(label=_("Hint under the field"), max_length=200, required=False)
    apply_to_commissions = YesNoField(label=_("Apply to Commissions by default"), initial=True)
    needs_adjust_right = forms.BooleanField(
        label=_("Only for people who may record adjustments"), required=False
    )
    active = forms.BooleanField(label=_("Active: offered in the form"), required=False, initial=True)

    def __init__(self, *args: Any, payment_type: PaymentType | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if payment_type is not None:
            del self.fields["kind"]
        kinds = (
            [PaymentKind(payment_type.kind)] if payment_type else [PaymentKind.MONEY, PaymentKind.ADJUSTMENT]
        )
        accounts = {account.pk: str(account) for kind in kinds for account in accounts_for(kind)}
        if payment_type is not None:
            accounts.setdefault(payment_type.account_id, str(payment_type.account))
        choices = sorted((label, pk) for pk, label in accounts.items())
        field_of(self, "account", forms.ChoiceField).choices = [(pk, label) for label, pk in choices]

    @staticmethod
    def values_of(payment_type: PaymentType) -> dict[str, Any]:
        """The type as the form shows it first."""
        names = ("label", "reference_label", "hint", "apply_to_commissions", "needs_adjust_right", "active")
        return {**{name: getattr(payment_type, name) for name in names}, "account": payment_type.account_id}

    def details(self) -> PaymentTypeDetails:
        """What was typed."""
        data = self.cleaned_data
        return PaymentTypeDetails(
            label=data["label"],
            account_id=data["account"],
            apply_to_commissions=data["apply_to_commissions"],
            reference_label=data["reference_label"],
            hint=data["hint"],
            needs_adjust_right=data["needs_adjust_right"],
            active=data["active"],
        )


class PasswordForm(KeyedForm):
    """A first or new password for someone else."""

    password = forms.CharField(
        label=_("Password"),
        widget=forms.PasswordInput({"autocomplete": "new-password"}, render_value=False),
        help_text=_("At least ten characters. Tell them; they can change it under Password."),
        strip=False,
    )

    def clean_password(self) -> str:
        password = str(self.cleaned_data["password"])
        validate_password(password)
        return password


class UserForm(PasswordForm):
    email = forms.EmailField(label=_("E-mail"), help_text=_("They sign in with it."))
    name = forms.CharField(label=_("Name"), max_length=120)
    role = forms.ChoiceField(label=_("Role"), choices=User.Roles.choices, initial=Role.CLERK.value)
    field_order = ("name", "email", "role", "password")


class UserChangeForm(KeyedForm):
    name = forms.CharField(label=_("Name"), max_length=120)
    role = forms.ChoiceField(label=_("Role"), choices=User.Roles.choices)
    active = forms.BooleanField(label=_("Active: may sign in"), required=False)
