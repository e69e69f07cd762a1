"""The part of the payment form that charges a card on file: which card, and what a person confirms.

A charge is of today, has no reference of its own, and is exactly what it pays of the invoices.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _, gettext_lazy

from duebook.domain.charging import ChargeInput
from duebook.domain.money import Money
from duebook.domain.payment_kinds import PaymentKind
from duebook.domain.recording import Share
from duebook.payments.models import PaymentMethod, PaymentType
from duebook.payments.services.prepare_charge import card_of
from duebook.web.formats import figure
from duebook.web.forms.fields import field_of
from duebook.web.forms.payment_parts import PartsForm
from duebook.web.forms.payment_words import Mode
from duebook.web.forms.rows import IdField
from duebook.web.payment_scene import Due


@dataclass(frozen=True, slots=True)
class CardChoice:
    """A card as the form offers it; one that cannot be charged is shown all the same."""

    card: PaymentMethod
    is_expired: bool

    @property
    def id(self) -> int:
        return self.card.pk

    @property
    def can_be_charged(self) -> bool:
        return not self.is_expired and self.card.merchant_account.active

    @property
    def expiry(self) -> str:
        return self.card.expiry


class CardForm(PartsForm):
    """``confirmed`` names what the person saw when confirming: another amount or card is asked about anew."""

    kind: Mode

    payment_method = IdField(label=gettext_lazy("Card"), required=False)

    @property
    def due(self) -> Due | None:
        """The one invoice that the payment is for, when something is due on it."""
        raise NotImplementedError

    def balance_changed(self) -> bool:
        """Whether the balance of the one invoice is no longer the one that was on the screen."""
        due = self.due
        return due is not None and self.seen_balances.get(due.id, due.balance.minor) != due.balance.minor

    @property
    def chosen_type(self) -> PaymentType | None:
        """The payment type that was sent or, in a fresh form, is chosen first."""
        sent = str((self.data if self.is_bound else self.initial).get("payment_type") or "")
        return self.scene.type(int(sent)) if sent.isdecimal() and len(sent) < 19 else None

    @property
    def charges(self) -> bool:
        """Whether the form as it stands charges a card instead of recording money received."""
        chosen = self.chosen_type
        return chosen is not None and self.kind is not Mode.ACCOUNT and is_charge(chosen)

    @property
    def button(self) -> str:
        """What the button that saves says."""
        return charge_button() if self.charges else apply_button()

    @property
    def card_choices(self) -> list[CardChoice]:
        """All cards on file, the default first."""
        return [CardChoice(card, card_of(card).is_expired(self.scene.today)) for card in self.scene.cards]

    @property
    def chosen_card(self) -> CardChoice | None:
        """The card that was sent or, in a fresh form, is offered first."""
        sent = str(self["payment_method"].value()) if "payment_method" in self.fields else ""
        return next((one for one in self.card_choices if str(one.id) == sent), None)

    def offer_cards(self) -> None:
        """Offer the cards on file where a card may be charged; of those that can be, the first is chosen."""
        if not self.scene.offers_charge or self.kind is Mode.ACCOUNT:
            self.fields.pop("payment_method", None)
        if "payment_method" not in self.fields:
            return
        good = [one for one in self.card_choices if one.can_be_charged]
        field_of(self, "payment_method", IdField).offer([(str(one.id), str(one.card)) for one in good])
        if good:
            self.initial.setdefault("payment_method", good[0].id)

    def without_what_a_charge_has_not(self, data: dict[str, Any]) -> None:
        """Put today in the place of the hidden date, and refuse a charge of more or less than it pays."""
        self.errors.pop("received_on", None)
        data |= {"received_on": self.scene.today, "reference": "", "surplus": ""}
        if data.get("payment_method") is None and "payment_method" in self.fields:
            some = any(one.can_be_charged for one in self.card_choices)
            text = _("Choose the card to charge.") if some else _("There is no card on file to charge.")
            self.add_error("payment_method", ValidationError(text, code="required"))
        self._check_whole(data.get("amount"))

    def _check_whole(self, amount: Money | None) -> None:
        if amount is None:
            return
        if self.kind is Mode.SPLIT:
            if amount != self.parts_total:
                most = figure(self.parts_total, self.scene.business)
                text = _(
                    "A charge takes exactly what the invoices get: %(total)s so far. Make the two equal."
                )
                self.add_error("amount", text % {"total": most})
        elif self.due is not None and amount > self.due.balance and not self.balance_changed():
            text = _("A charge is at most the balance due of %(balance)s.")
            self.add_error("amount", text % {"balance": figure(self.due.balance, self.scene.business)})

    def wanted_charge(self) -> ChargeInput:
        """What the service is asked to charge; call it only on a valid form that charges."""
        data = self.cleaned_data
        return ChargeInput(
            contact_id=self.scene.contact.pk,
            payment_method_id=data["payment_method"],
            shares=self.shares_of(data["amount"]),
            apply_to_commissions=data["apply_to_commissions"],
            notes=data["notes"],
            email_receipt=bool(data.get("email_receipt")),
        )

    def shares_of(self, amount: Money) -> tuple[Share, ...]:
        """What each invoice gets of the amount, with the balance that the person had on the screen."""
        raise NotImplementedError


def is_charge(one: PaymentType) -> bool:
    """Whether a payment of this type charges a card."""
    return one.kind == PaymentKind.CHARGE_NOW.value


def apply_button() -> str:
    return _("Apply Payment")


def charge_button() -> str:
    return _("Charge card and apply payment")


def confirmation_of(wanted: ChargeInput) -> str:
    """What a person confirms, as the value of the button that confirms it."""
    parts = ",".join(
        f"{share.invoice_id}={share.amount.minor}{share.amount.currency}" for share in wanted.shares
    )
    return f"{wanted.payment_method_id}:{parts}"


def kept_as_hidden(form: CardForm, sent: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The form's own fields as they were sent, for the step that confirms."""
    return [(name, str(sent[name])) for name in sent if name in form.fields]
