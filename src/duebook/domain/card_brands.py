"""The names of card brands as people know them; processors write them in ways of their own."""

_NAMES = {
    "amex": "American Express",
    "american_express": "American Express",
    "diners": "Diners Club",
    "diners_club": "Diners Club",
    "discover": "Discover",
    "jcb": "JCB",
    "mastercard": "Mastercard",
    "unionpay": "UnionPay",
    "visa": "Visa",
}


def brand_name(told: str) -> str:
    """``visa`` is Visa; a brand that is not known stays as told, and none at all is a card."""
    return _NAMES.get(told.strip().lower().replace(" ", "_"), told.strip()) or "Card"
