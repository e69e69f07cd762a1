"""The form of a merchant account. What is secret is typed into it and never comes back out."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _now, gettext_lazy as _

from duebook.gateways.account_details import MerchantAccountDetails
from duebook.gateways.models import MerchantAccount
from duebook.web.forms.fields import field_of
from duebook.web.forms.keyed import KeyedForm

NO_DEFAULT = "none"


class SecretField(forms.CharField):
    """A secret: not shown while it is typed, not shown again after an error."""

    def __init__(self, **options: Any) -> None:
        widget = forms.PasswordInput({"autocomplete": "new-password"}, render_value=False)
        super().__init__(max_length=500, widget=widget, **options)


class MerchantAccountForm(KeyedForm):
    """What is typed for a new account and for one that exists."""

    name = forms.CharField(
        label=_("Name"), max_length=60, help_text=_("What your staff call it, such as Shop or Donations.")
    )
    secret = SecretField(
        label=_("Secret key"), help_text=_("From the pages of the card processor. It is kept sealed.")
    )
    public_key = forms.CharField(
        label=_("Publishable key"),
        max_length=200,
        required=False,
        help_text=_("Lets customers type their card into the processor's own fields."),
        widget=forms.TextInput({"autocomplete": "off"}),
    )
    base_url = forms.CharField(
        label=_("Address of the sandbox"),
        max_length=200,
        required=False,
        help_text=_("Only for the sandbox. Empty where it runs on the same machine."),
        widget=forms.TextInput({"inputmode": "url", "autocomplete": "off"}),
    )
    active = forms.BooleanField(
        label=_("Active: cards can be charged through it"), required=False, initial=True
    )


class NewMerchantAccountForm(MerchantAccountForm):
    adapter = forms.ChoiceField(
        label=_("Card processor"),
        choices=MerchantAccount.Adapters.choices,
        help_text=_("Cannot be changed later."),
    )
    field_order = ("name", "adapter", "secret", "public_key", "base_url", "active")

    @property
    def adapter_kind(self) -> MerchantAccount.Adapters:
        """The card processor that was chosen."""
        return MerchantAccount.Adapters(self.cleaned_data["adapter"])

    def details(self) -> MerchantAccountDetails:
        """What was typed."""
        data = self.cleaned_data
        return MerchantAccountDetails(
            name=data["name"],
            secret=data["secret"],
            public_key=data["public_key"],
            base_url=data["base_url"],
            active=data["active"],
        )


class EditMerchantAccountForm(MerchantAccountForm):
    webhook_secret = SecretField(
        label=_("Signing secret of the webhook"),
        required=False,
        help_text=_("The processor shows it once the address below is entered there."),
    )
    forget_older = forms.BooleanField(
        label=_("Forget the signing secrets kept so far"),
        required=False,
        help_text=_("When the processor signs with the new one only."),
    )
    next_default = forms.ChoiceField(
        label=_("Default once this account is inactive"),
        required=False,
        help_text=_("Asked only when you take away the mark at Active."),
    )

    def __init__(
        self, *args: Any, account: MerchantAccount, others: list[MerchantAccount], **kwargs: Any
    ) -> None:
        """``others`` are the active accounts that could be the default in place of this one."""
        super().__init__(*args, **kwargs)
        secret = field_of(self, "secret", SecretField)
        secret.required = False
        secret.help_text = _("Kept. Enter a new one to replace it.")
        if account.sealed_webhook_secrets:
            self.fields["webhook_secret"].help_text = _("Kept. Enter a new one to add it.")
        else:
            del self.fields["forget_older"]
        if account.adapter != MerchantAccount.Adapters.SANDBOX:
            del self.fields["base_url"]
        self.must_name_default = account.is_default and account.active and bool(others)
        if self.must_name_default:
            field_of(self, "next_default", forms.ChoiceField).choices = [
                ("", _("Choose")),
                *((str(other.pk), str(other)) for other in others),
                (NO_DEFAULT, _("None: an account is chosen at each charge")),
            ]
        else:
            del self.fields["next_default"]

    @staticmethod
    def values_of(account: MerchantAccount) -> dict[str, Any]:
        """The account as the form shows it first."""
        return {name: getattr(account, name) for name in ("name", "public_key", "base_url", "active")}

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or self.cleaned_data
        if self.must_name_default and not data.get("active") and data.get("next_default") == "":
            self.add_error("next_default", _now("Say which account is the default then, or that none is."))
        return data

    @property
    def next_default_id(self) -> int | None:
        """The account that follows as the default."""
        chosen = self.cleaned_data.get("next_default", "")
        return int(chosen) if chosen.isdigit() else None

    def details(self) -> MerchantAccountDetails:
        """What was typed."""
        data = self.cleaned_data
        return MerchantAccountDetails(
            name=data["name"],
            secret=data["secret"],
            public_key=data["public_key"],
            webhook_secrets=(data["webhook_secret"],) if data["webhook_secret"] else (),
            forget_older_webhook_secrets=data.get("forget_older", False),
            base_url=data.get("base_url", ""),
            active=data["active"],
        )
