"""The form that records a payment: for one invoice, split over several, or on account.

Being well-formed is checked here; whether it is allowed is decided by the service, whose refusals stand
beside their fields. A form that comes back keeps everything typed and shows the balances of now.
"""

from collections.abc import Callable
from typing import Any, TypeVar

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext as _, gettext_lazy

from duebook.domain.errors import (
    BalanceChanged,
    Conflict,
    DomainError,
    Forbidden,
    InvoicePaid,
    KeyReused,
    LooksLikeDuplicate,
)
from duebook.domain.money import Money
from duebook.domain.payment_kinds import PaymentKind
from duebook.domain.permissions import Right
from duebook.domain.recording import PaymentInput, Share, Surplus
from duebook.domain.splitting import fill_in_order
from duebook.ledger.currencies import format_figure, is_currency
from duebook.staff.models import Business
from duebook.web.errors import text_of
from duebook.web.formats import figure
from duebook.web.forms.fields import DayField, FreeTextField, MoneyField, YesNoField, field_of
from duebook.web.forms.payment_card import CardForm
from duebook.web.forms.payment_choices import offer_invoices, offer_types, reference_hint
from duebook.web.forms.payment_words import Mode, SurplusChoice, SurplusQuestion, seen_text
from duebook.web.forms.rows import IdField
from duebook.web.payment_scene import Due, Scene

Result = TypeVar("Result")

_RIGHTS_OF_TYPES = (Right.ADJUST.value, Right.CHARGE_CARDS.value)


class PaymentForm(CardForm):
    """``seen`` tells which balances the person had on the screen, ``prefilled`` for which invoice the amount
    was filled in; so a choice made without JavaScript is understood, and a changed balance is noticed.
    """

    invoice = IdField(
        label=gettext_lazy("Invoice"), error_messages={"required": gettext_lazy("Choose an invoice.")}
    )
    amount = MoneyField(
        label=gettext_lazy("Amount"), error_messages={"required": gettext_lazy("Enter an amount.")}
    )
    received_on = DayField(
        label=gettext_lazy("Date"),
        error_messages={
            "required": gettext_lazy("Enter the day on which the money came."),
            "invalid": gettext_lazy("Enter a day, such as 2026-10-13."),
        },
    )
    payment_type = IdField(
        label=gettext_lazy("Payment Type"),
        error_messages={"required": gettext_lazy("Choose a payment type.")},
    )
    reference = FreeTextField(label=gettext_lazy("Reference"), max_length=100, required=False)
    notes = FreeTextField(
        label=gettext_lazy("Notes"), max_length=10_000, required=False, widget=forms.Textarea({"rows": 2})
    )
    apply_to_commissions = YesNoField(
        label=gettext_lazy("Apply to Commissions"),
        help_text=gettext_lazy("No leaves this payment out of the partners' commissions."),
        error_messages={"required": gettext_lazy("Choose Yes or No.")},
    )
    surplus = forms.ChoiceField(choices=SurplusChoice, required=False, widget=forms.RadioSelect)
    email_receipt = forms.BooleanField(label=gettext_lazy("E-mail a receipt"), required=False)
    mode = forms.ChoiceField(choices=[(mode.value, mode.value) for mode in Mode], widget=forms.HiddenInput)
    currency = forms.CharField(max_length=3, required=False, widget=forms.HiddenInput)
    origin = forms.CharField(max_length=20, required=False, widget=forms.HiddenInput)
    seen = forms.CharField(required=False, widget=forms.HiddenInput)
    prefilled = forms.CharField(max_length=20, required=False, widget=forms.HiddenInput)

    def __init__(self, scene: Scene, *, mode: Mode, data: QueryDict | None = None, **options: Any) -> None:
        super().__init__(data, **options)
        self.kind = mode
        self.scene = scene
        self.question = ""
        self.question_number = ""
        self.previews = False
        if mode is not Mode.ONE:
            del self.fields["invoice"]
        if mode is Mode.ACCOUNT:
            del self.fields["surplus"]
        if not scene.contact.email:
            del self.fields["email_receipt"]
        self._read_by_scene()

    # What the fields offer

    def renew(self, scene: Scene) -> None:
        """Go by the balances of this scene instead of those read before."""
        self.scene = scene
        self._read_by_scene()

    @property
    def chosen_invoice_id(self) -> int | None:
        """The invoice that was sent or, in a fresh form, is chosen first."""
        value = str(self.data.get("invoice", "") if self.is_bound else self.initial.get("invoice") or "")
        return int(value) if value.isdecimal() and len(value) < 19 else None

    @property
    def due(self) -> Due | None:
        """The chosen invoice, when something is due on it."""
        return self.scene.due(self.chosen_invoice_id) if self.kind is Mode.ONE else None

    @property
    def parts_offered(self) -> list[Due]:
        """The invoices among which a payment may be split: those of its currency."""
        return super().parts_offered if self.kind is Mode.SPLIT else []

    @property
    def payment_currency(self) -> str:
        """The currency of the chosen invoice, else the one asked for, else the business's."""
        if self.due is not None:
            return self.due.balance.currency
        asked = str(
            (self.data if self.is_bound else self.initial).get("currency") or self.scene.business.currency
        )
        known = {due.balance.currency for due in self.scene.dues}
        if self.kind is Mode.SPLIT and known and asked not in known:
            return min(known)
        return asked if is_currency(asked) else self.scene.business.currency

    @property
    def other_currencies(self) -> list[str]:
        """The currencies in which this contact could also pay."""
        dues = {due.balance.currency for due in self.scene.dues}
        if self.kind is Mode.ACCOUNT:
            dues |= {amount.currency for amount in self.scene.credit} | {self.scene.business.currency}
        return sorted(dues - {self.payment_currency})

    def _read_by_scene(self) -> None:
        self.offer_parts()
        field_of(self, "amount", MoneyField).in_currency(self.payment_currency, self.scene.business)
        self.offer_cards()

    def make_ready_to_show(self) -> None:
        """Give the fields what a person sees of them; what is carried out is never shown."""
        if self.kind is Mode.ONE:
            self._offer_invoices()
        self._offer_types()
        day = self.fields["received_on"].widget
        day.attrs["max"] = self.scene.today.isoformat()
        if self.scene.opens_on is not None:
            day.attrs["min"] = self.scene.opens_on.isoformat()

    def _offer_invoices(self) -> None:
        due = self.due
        offer_invoices(field_of(self, "invoice", IdField), self.scene, due)
        balance = figure(due.balance, self.scene.business) if due else ""
        text = _("Balance due %(balance)s") % {"balance": balance} if balance else ""
        self.fields["amount"].help_text = text

    def _offer_types(self) -> None:
        chosen = self.chosen_type
        no_money = self.kind is not Mode.ACCOUNT
        brings_money = [one for one in self.scene.types if one.kind == PaymentKind.MONEY.value]
        offered = self.scene.types if no_money else brings_money
        field = field_of(self, "payment_type", IdField)
        offer_types(field, offered, chosen)
        field.help_text = chosen.hint if chosen else ""
        self.fields["reference"].help_text = reference_hint(chosen) if chosen else ""

    # What was typed

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or self.cleaned_data
        self._fill_in_amount(data)
        self.check_parts(data)
        chosen = self.scene.type(data.get("payment_type"))
        if chosen is not None and not chosen.reference_label:
            data["reference"] = ""
        if self.charges:
            self.without_what_a_charge_has_not(data)
        return data

    def _fill_in_amount(self, data: dict[str, Any]) -> None:
        """Without JavaScript, another invoice was chosen and the amount is still that of the one before."""
        due, before = self.due, self.data.get("prefilled", "")
        if due is None or before == str(due.id):
            return
        amount = data.get("amount")
        untouched = not self.data.get("amount", "").strip()
        if amount is not None and before.isdecimal():
            untouched = amount.minor == self.seen_balances.get(int(before))
        if not untouched:
            return
        self.errors.pop("amount", None)
        data["amount"] = due.balance
        self.fill(
            "amount",
            format_figure(due.balance.minor, due.balance.currency, locale=self.scene.business.locale),
        )
        if not self.previews:
            text = _("The amount is now the balance due of %(invoice)s. Check it, then apply.")
            self.add_error("amount", text % {"invoice": due.label})

    def surplus_question(self) -> SurplusQuestion | None:
        """What to ask when the amount is more than what it is applied to; None when it is not."""
        amount = self.cleaned_data.get("amount") if self.is_bound and hasattr(self, "cleaned_data") else None
        if (
            amount is None
            or self.kind is Mode.ACCOUNT
            or self.charges
            or self.scene.is_adjustment(self.cleaned_data.get("payment_type"))
        ):
            return None
        if self.kind is Mode.SPLIT:
            room = self.parts_total
        elif self.due is None:
            return None
        else:
            room = self.due.balance
        return SurplusQuestion(lower_to=room, rest=amount - room) if amount > room else None

    def wanted(self) -> PaymentInput:
        """What the service is asked for; call it only on a valid form."""
        data = self.cleaned_data
        amount: Money = data["amount"]
        surplus = data.get("surplus", "")
        ask = self.surplus_question()
        if surplus == SurplusChoice.LOWER and ask is not None and ask.lower_to and not self.balance_changed():
            amount = ask.lower_to
        keeps = self.kind is Mode.ACCOUNT or surplus == SurplusChoice.KEEP
        return PaymentInput(
            contact_id=self.scene.contact.pk,
            amount=amount,
            payment_type_id=data["payment_type"],
            received_on=data["received_on"],
            shares=self.shares_of(amount),
            surplus=Surplus.KEEP_AS_CREDIT if keeps else Surplus.REFUSE,
            reference=data["reference"],
            notes=data["notes"],
            apply_to_commissions=data["apply_to_commissions"],
        )

    def shares_of(self, amount: Money) -> tuple[Share, ...]:
        parts = self.parts() if self.kind is Mode.SPLIT else {}
        if self.kind is Mode.ONE:
            parts = {self.cleaned_data["invoice"]: amount}
        seen = self.seen_balances
        return tuple(
            Share(pk, part, Money(seen[pk], part.currency) if pk in seen else None)
            for pk, part in parts.items()
        )

    # What comes back

    def carry_out(
        self,
        business: Business,
        write: Callable[[], Result],
        *,
        reread: Callable[[], Scene] | None = None,
    ) -> Result | None:
        """As every form's; a refusal because something changed also shows what it is now."""
        try:
            return write()
        except LooksLikeDuplicate as error:
            self.question = text_of(error, business)
            self.question_number = str(error.values["number"])
            self._refused_with = 409
        except DomainError as error:
            if isinstance(error, KeyReused):
                self.renew_key()
            if isinstance(error, Conflict) and reread is not None:
                self.renew(reread())
            self.add_error(self._field_of(error), text_of(error, business))
            self._refused_with = 409 if isinstance(error, Conflict) else 422
        return None

    def _field_of(self, error: DomainError) -> str | None:
        """The field beside which a refusal belongs; None for the whole form."""
        name = error.field
        if isinstance(error, Forbidden) and error.values.get("right") in _RIGHTS_OF_TYPES:
            name = "payment_type"
        if isinstance(error, BalanceChanged | InvoicePaid) and self.kind is Mode.SPLIT:
            label = error.values.get("number")
            name = next((due.part_name for due in self.parts_offered if due.label == label), "")
        return name if name in self.fields else None

    def fill(self, name: str, value: str) -> None:
        """Put another value into what was sent."""
        if isinstance(self.data, QueryDict):
            data = self.data.copy()
            data[name] = value
            self.data = data

    def come_back(self) -> None:
        """Make ready to be shown again: from now on the balances of now have been seen."""
        self.fill("seen", seen_text(self.scene))
        self.fill("prefilled", str(self.chosen_invoice_id or ""))
        self.fill("currency", self.payment_currency)

    def fill_oldest_first(self) -> None:
        """Spread the amount over the invoices, the longest due first."""
        try:
            amount = self.fields["amount"].clean(self.data.get("amount"))
        except forms.ValidationError:
            return
        offered = self.parts_offered
        parts = fill_in_order(amount.minor, [due.balance.minor for due in offered])
        for due, minor in zip(offered, parts, strict=True):
            text = format_figure(minor, amount.currency, locale=self.scene.business.locale) if minor else ""
            self.fill(due.part_name, text)
