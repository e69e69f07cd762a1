"""The options of the payment form's drop-downs, with what the page's script needs to know of each."""

from collections.abc import Sequence

from babel.numbers import get_currency_symbol
from django.utils.translation import gettext as _

from duebook.ledger.currencies import format_figure
from duebook.payments.models import PaymentType
from duebook.web.formats import figure
from duebook.web.forms.payment_card import apply_button, charge_button, is_charge
from duebook.web.forms.rows import IdField
from duebook.web.payment_scene import Due, Scene


def offer_invoices(field: IdField, scene: Scene, chosen: Due | None) -> None:
    """The invoices with a balance due; one alone leaves nothing to choose."""
    business = scene.business
    choices = [(str(due.id), scene.in_words(due)) for due in scene.dues]
    carried = {
        str(due.id): {
            "data-balance": format_figure(due.balance.minor, due.balance.currency, locale=business.locale),
            "data-sign": get_currency_symbol(due.balance.currency, locale=business.locale),
            "data-shown": figure(due.balance, business),
        }
        for due in scene.dues
    }
    if chosen is None or len(choices) != 1:
        choices.insert(0, ("", _("Choose an invoice")))
    field.offer(choices, carried)


def reference_hint(one: PaymentType) -> str:
    """What the field Reference is to hold; empty where the type says no more than the field's label."""
    return "" if one.reference_label == _("Reference") else one.reference_label


def offer_types(field: IdField, types: Sequence[PaymentType], chosen: PaymentType | None) -> None:
    """The payment types; a first empty one where what was chosen is not among them."""
    choices = [(str(one.pk), one.label) for one in types]
    if chosen not in types:
        choices.insert(0, ("", _("Choose a payment type")))
    carried = {
        str(one.pk): {
            "data-reference": one.reference_label,
            "data-reference-hint": reference_hint(one),
            "data-hint": one.hint,
            "data-commissions": "yes" if one.apply_to_commissions else "no",
            "data-button": charge_button() if is_charge(one) else apply_button(),
            **({"data-charges": "yes"} if is_charge(one) else {}),
        }
        for one in types
    }
    field.offer(choices, carried)
