"""What the sentences of several kinds of events have in common."""

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from typing import Any

from django.utils.text import Truncator

from duebook.domain.money import Money
from duebook.staff.models import Business
from duebook.web.formats import figure, short_date

Payload = Mapping[str, Any]
Told = Callable[[Payload, Business], str]
"""Makes the sentence of an event from its payload."""

_MOST_QUOTED = 80


def amount_of(payload: Payload, business: Business, name: str = "amount_minor") -> str:
    """The amount of that name in the payload, in its currency."""
    return figure(Money(int(payload.get(name, 0)), str(payload.get("currency", business.currency))), business)


def day_of(text: Any, business: Business) -> str:
    """A day as the business writes it; nothing for none."""
    return short_date(date.fromisoformat(text), business) if text else ""


def invoices_of(rows: Iterable[Mapping[str, Any]]) -> str:
    """The invoices that the rows name."""
    return ", ".join(f"INV-{row['number']}" for row in rows if "number" in row)


def of_payment(sentence: Callable[[], str]) -> Told:
    """A sentence about a payment or charge, with its number and amount."""

    def tell(payload: Payload, business: Business) -> str:
        values = {"number": payload.get("number", ""), "amount": amount_of(payload, business)}
        return sentence() % values

    return tell


def balance_of(row: Mapping[str, Any], payload: Payload) -> Money:
    """What is due on an invoice after the act."""
    return Money(int(row["balance_minor"]), str(payload["currency"]))


def quoted(text: str) -> str:
    """What someone typed, in quotation marks and not too long."""
    return f"“{Truncator(text).chars(_MOST_QUOTED)}”" if text else "–"
