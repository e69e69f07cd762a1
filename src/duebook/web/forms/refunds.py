"""The form that gives money of a payment back, and asks how much the customer should owe afterwards.

A payment that was charged goes back to its card unless another way is chosen: then the gateway moves the
money, today, and day and reference are not asked.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import TextChoices
from django.http import QueryDict
from django.utils.functional import Promise
from django.utils.translation import gettext as _, gettext_lazy

from duebook.domain.accounts import SystemAccount
from duebook.domain.money import Money
from duebook.domain.refunding import RefundInput, RefundMeans, Rest
from duebook.ledger.models import Account
from duebook.payments.models import Charge, GatewayRefund, Payment
from duebook.payments.queries import AppliedTo, refundable
from duebook.staff.models import Business
from duebook.web.formats import figure
from duebook.web.forms.fields import DayField, FreeTextField, MoneyField, field_of
from duebook.web.forms.keyed import KeyedForm
from duebook.web.forms.payment_acts import reason_field

_HOW: Mapping[int, str | Promise] = {
    int(SystemAccount.BANK): gettext_lazy("Check or transfer, from %(account)s"),
    int(SystemAccount.UNDEPOSITED_FUNDS): gettext_lazy("Cash, from %(account)s"),
    int(SystemAccount.CARD_CLEARING): gettext_lazy("Card terminal, from %(account)s"),
}
_STAND_IN = "preview"
_OF_BY_HAND = frozenset({"refunded_on", "reference"})

TO_CARD = "card"
"""The choice of How that is no account: back to the card, through the gateway."""
BY_HAND = "by-hand"
"""What the button sends that changes a refused refund to the card into one by hand."""
ASK = "ask"
"""The name of the button that asks another person for a refund above one's limit."""


class Owes(TextChoices):
    """How much the customer should owe afterwards, of what the refund re-opens."""

    ALL = "all", gettext_lazy("All of the balance that the refund re-opens")
    CREDIT = "credit", gettext_lazy("Nothing: credit it, the price is lowered")
    WRITE_OFF = "write_off", gettext_lazy("Nothing: write it off, as a bad debt")
    OTHER = "other", gettext_lazy("Another amount")


@dataclass(frozen=True, slots=True)
class RefundScene:
    """What the form knows before anything is typed."""

    payment: Payment
    parts: Sequence[AppliedTo]
    accounts: Sequence[Account]
    came_to: Account
    may_adjust: bool
    business: Business
    today: date
    charge: Charge | None = None
    chosen_minor: int | None = None
    """How much was chosen before the form was opened."""

    @property
    def refundable(self) -> Money:
        """All of the payment that can still go back."""
        return refundable(self.payment)

    def by_hand_instead(self, attempt: GatewayRefund) -> dict[str, Any]:
        """The first values of a refund by hand in the place of one that the gateway refused."""
        amount = min(Money(attempt.amount_minor, attempt.currency), self.refundable)
        reason = attempt.wanted["reason"]
        return {**self.first_values(), "amount": amount, "account": int(SystemAccount.BANK), "reason": reason}

    def first_values(self) -> dict[str, Any]:
        """A card payment goes back to the card, any other by transfer; nothing is credited unless asked."""
        on_card = self.came_to.pk == SystemAccount.CARD_CLEARING
        chosen = self.chosen_minor
        by_hand = int(SystemAccount.CARD_CLEARING if on_card else SystemAccount.BANK)
        return {
            "amount": self.refundable if chosen is None else Money(chosen, self.payment.currency),
            "refunded_on": self.today,
            "account": by_hand if self.charge is None else TO_CARD,
            "owes": Owes.ALL.value,
            "rest": Rest.CREDIT.value,
        }


def _account_or_card(value: str) -> int | str:
    return value if value == TO_CARD else int(value)


def changed_to_by_hand(sent: QueryDict) -> QueryDict:
    """What was sent, but given back by hand."""
    changed = sent.copy()
    changed["account"] = str(int(SystemAccount.BANK))
    return changed


class RefundForm(KeyedForm):
    """Asks only what can matter: which invoice of several, and what is owed where anything is re-opened.

    ``is_refused`` says that the gateway has just refused; the form then offers the refund by hand.
    ``is_above_limit`` says that the person may not refund so much; the form then offers to ask another one.
    """

    field_names: ClassVar[dict[str, str]] = {"owes_afterwards": "owes_amount"}

    amount = MoneyField(
        label=gettext_lazy("Amount"), error_messages={"required": gettext_lazy("Enter an amount.")}
    )
    refunded_on = DayField(
        label=gettext_lazy("Date"),
        error_messages={"required": gettext_lazy("Enter the day on which the money was given back.")},
    )
    account = forms.TypedChoiceField(
        label=gettext_lazy("How"),
        coerce=_account_or_card,
        error_messages={"required": gettext_lazy("Choose how the money was given back.")},
    )
    reference = FreeTextField(
        label=gettext_lazy("Reference"),
        max_length=100,
        required=False,
        widget=forms.TextInput({"autocomplete": "off"}),
    )
    from_invoice = forms.TypedChoiceField(
        label=gettext_lazy("Take it off"), coerce=int, empty_value=None, required=False
    )
    reason = reason_field()
    owes = forms.ChoiceField(
        label=gettext_lazy("How much should the customer owe afterwards?"),
        widget=forms.RadioSelect({"class": "form-check-input"}),
        error_messages={"required": gettext_lazy("Say how much the customer should owe afterwards.")},
    )
    owes_amount = MoneyField(label=gettext_lazy("Amount owed afterwards"), required=False)
    rest = forms.ChoiceField(
        label=gettext_lazy("The rest is"),
        choices=[
            (Rest.CREDIT.value, gettext_lazy("credited")),
            (Rest.WRITE_OFF.value, gettext_lazy("written off")),
        ],
        required=False,
    )

    def __init__(self, scene: RefundScene, *args: Any, **options: Any) -> None:
        super().__init__(*args, **{"initial": scene.first_values(), **options})
        self.is_refused = False
        self.is_above_limit = False
        self._today = scene.today
        self._not_asked: frozenset[str] = frozenset()
        payment = scene.payment
        for name in ("amount", "owes_amount"):
            field_of(self, name, MoneyField).in_currency(payment.currency, scene.business)
        amount = figure(scene.refundable, scene.business)
        self.fields["amount"].help_text = _("%(amount)s can still go back.") % {"amount": amount}
        self._offer_accounts(scene)
        field_of(self, "from_invoice", forms.TypedChoiceField).choices = [
            ("", _("What it was applied to last")),
            *((part.invoice.pk, f"{part.invoice} · {part.invoice.order.title}") for part in scene.parts),
        ]
        field_of(self, "owes", forms.ChoiceField).choices = (
            Owes.choices if scene.may_adjust else Owes.choices[:1]
        )
        day = self.fields["refunded_on"].widget
        day.attrs |= {"max": scene.today.isoformat(), "min": payment.received_on.isoformat()}
        self._leave_out(scene)

    def _offer_accounts(self, scene: RefundScene) -> None:
        """The ways to give it back; where there is a card to go back to, it stands first."""
        field = field_of(self, "account", forms.TypedChoiceField)
        choices: list[tuple[int | str, str]] = [
            (account.pk, str(_HOW.get(account.pk, _("From %(account)s"))) % {"account": account.name})
            for account in scene.accounts
        ]
        if scene.charge is not None:
            field.widget = forms.RadioSelect({"class": "form-check-input"})
            card = _("Back to %(card)s") % {"card": scene.charge.payment_method}
            choices.insert(0, (TO_CARD, card))
        field.choices = choices

    def _leave_out(self, scene: RefundScene) -> None:
        """Take away the questions that cannot matter."""
        if len(scene.parts) < 2:
            del self.fields["from_invoice"]
        if not scene.parts:
            del self.fields["owes"]
        if not scene.parts or not scene.may_adjust:
            del self.fields["owes_amount"], self.fields["rest"]

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or self.cleaned_data
        if self.to_card:
            self._not_asked = _OF_BY_HAND
            for name in _OF_BY_HAND:
                self.errors.pop(name, None)
        is_missing = "owes_amount" not in self.errors and data.get("owes_amount") is None
        if data.get("owes") == Owes.OTHER and is_missing:
            missing = _("Enter how much the customer should owe afterwards.")
            self.add_error("owes_amount", ValidationError(missing, code="required"))
        return data

    def add_error(self, field: str | None, error: Any) -> None:
        """What is wrong with a field that is not asked stands above the form, where it is seen."""
        super().add_error(None if field in self._not_asked else field, error)

    @property
    def to_card(self) -> bool:
        """Whether the gateway is to give it back to the card, as far as what was sent makes sense."""
        return bool(self.cleaned_data.get("account") == TO_CARD)

    def refused(self) -> None:
        """Keep everything typed for another way, or another attempt: that is another request."""
        self.is_refused = True
        self.renew_key()

    def wanted(self) -> RefundInput:
        """What was typed; a preview needs no reason yet."""
        data = self.cleaned_data
        owes = data.get("owes", Owes.ALL)
        rest = data.get("rest") if owes == Owes.OTHER else owes
        return RefundInput(
            amount=data["amount"],
            refunded_on=self._today if self.to_card else data["refunded_on"],
            # The gateway pays from its own clearing account, which the service knows.
            account_id=0 if self.to_card else data["account"],
            reason=data.get("reason") or _STAND_IN,
            owes_afterwards=self._owes_afterwards(owes),
            rest=Rest.WRITE_OFF if rest == Rest.WRITE_OFF.value else Rest.CREDIT,
            means=RefundMeans.GATEWAY if self.to_card else RefundMeans.BY_HAND,
            reference="" if self.to_card else data["reference"],
            from_invoice_id=data.get("from_invoice"),
        )

    def _owes_afterwards(self, owes: str) -> Money | None:
        if owes == Owes.ALL:
            return None
        amount: Money = self.cleaned_data["amount"]
        return self.cleaned_data["owes_amount"] if owes == Owes.OTHER else Money(0, amount.currency)
