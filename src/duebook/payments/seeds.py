"""The payment types that every business starts with."""

from typing import Any

from duebook.domain.accounts import SystemAccount
from duebook.domain.payment_kinds import PaymentKind

PAYMENT_TYPES: list[dict[str, Any]] = [
    {
        "label": "Credit Card (charge now)",
        "kind": PaymentKind.CHARGE_NOW,
        "account_id": SystemAccount.CARD_CLEARING,
    },
    {
        "label": "Credit Card",
        "kind": PaymentKind.MONEY,
        "account_id": SystemAccount.CARD_CLEARING,
        "reference_label": "Receipt of the card terminal",
        "hint": "Records a card payment taken elsewhere. No card is charged.",
    },
    {
        "label": "Check",
        "kind": PaymentKind.MONEY,
        "account_id": SystemAccount.UNDEPOSITED_FUNDS,
        "reference_label": "Check number",
    },
    {
        "label": "Cash",
        "kind": PaymentKind.MONEY,
        "account_id": SystemAccount.UNDEPOSITED_FUNDS,
    },
    {
        "label": "Money Order",
        "kind": PaymentKind.MONEY,
        "account_id": SystemAccount.UNDEPOSITED_FUNDS,
        "reference_label": "Number of the money order",
    },
    {
        "label": "Adjustment",
        "kind": PaymentKind.ADJUSTMENT,
        "account_id": SystemAccount.ALLOWANCES,
        "reference_label": "Reference",
        "hint": "Lowers the balance due. No money comes in.",
        "needs_adjust_right": True,
        "apply_to_commissions": False,
    },
    {
        "label": "Write-off",
        "kind": PaymentKind.ADJUSTMENT,
        "account_id": SystemAccount.BAD_DEBTS,
        "reference_label": "Reference",
        "hint": "The customer will not pay. No money comes in.",
        "needs_adjust_right": True,
        "apply_to_commissions": False,
    },
]


def seed_payment_types(model: Any) -> None:
    """Create them in a database that has none; ``model`` is the PaymentType class of the caller."""
    if model.objects.exists():
        return
    for position, values in enumerate(PAYMENT_TYPES, start=1):
        model.objects.create(
            **{
                **values,
                "kind": values["kind"].value,
                "account_id": int(values["account_id"]),
            },
            position=position * 10,
        )
