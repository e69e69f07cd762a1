"""The three kinds of payment type: one charges a card, one records money, one only lowers what is owed."""

from enum import StrEnum


class PaymentKind(StrEnum):
    CHARGE_NOW = "charge_now"
    MONEY = "money"
    ADJUSTMENT = "adjustment"
