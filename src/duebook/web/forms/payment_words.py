"""What the payment form says in hidden fields and choices: mode, what was on the screen, the surplus."""

from dataclasses import dataclass
from enum import StrEnum

from django import forms
from django.db.models import TextChoices
from django.http import QueryDict
from django.utils.translation import gettext_lazy

from duebook.domain.money import Money
from duebook.web.payment_scene import Scene


class Mode(StrEnum):
    """What the payment is for."""

    ONE = "one"
    SPLIT = "split"
    ACCOUNT = "account"


class SurplusChoice(TextChoices):
    """What to do with a payment that is more than what it is applied to."""

    LOWER = "lower", gettext_lazy("Lower the amount")
    KEEP = "keep", gettext_lazy("Keep the rest as credit on account")


@dataclass(frozen=True, slots=True)
class SurplusQuestion:
    """The payment is more than it is applied to: what it could be lowered to, and what is left over."""

    lower_to: Money
    rest: Money


def sent_as(form: forms.Form) -> QueryDict:
    """What the form would send, or has sent, if it were sent as it stands."""
    if form.is_bound and isinstance(form.data, QueryDict):
        return form.data
    sent = QueryDict(mutable=True)
    for field in form:
        value = field.value()
        if value is not None and value is not False:
            sent[field.html_name] = "on" if value is True else str(value)
    return sent


def seen_text(scene: Scene) -> str:
    """The balances that a page shows, for the hidden field ``seen``."""
    return " ".join(f"{due.id}:{due.balance.minor}" for due in scene.dues)


def read_seen(text: str) -> dict[int, int]:
    """The balances in minor units that a page showed, by invoice; what makes no sense is left out."""
    pairs = [part.partition(":") for part in text.split()[:10_000]]
    return {int(a): int(b) for a, _colon, b in pairs if a.isdecimal() and b.isdecimal() and len(a + b) < 34}
