"""One sentence about what was just done, kept in the session until the next page shows it.

A notice is plain data with the name of the partial that words it; so nothing stored is ever trusted as HTML.

The payment notice (``web/partials/_payment_notice.html``) has

- ``payment``: the number, "P-318"; ``payment_url``
- ``amount_minor`` and ``currency``
- ``applied``: a list of ``{"invoice": "INV-1042", "url": …, "balance_minor": 48000}``; empty for a payment on
  account
- ``credit_minor``: what stays as credit on account
- ``corrects``: the number of the payment that it takes the place of, and ``corrects_url``; or empty
- ``actions``: a list of ``{"label": …, "url": …}``, such as Undo, Receipt, Add another
"""

from typing import Any, TypedDict

from django.http import HttpRequest

_KEY = "notices"
_MOST = 5


class Action(TypedDict):
    label: str
    url: str


class Applied(TypedDict):
    invoice: str
    url: str
    balance_minor: int


class PaymentNotice(TypedDict):
    payment: str
    payment_url: str
    amount_minor: int
    currency: str
    applied: list[Applied]
    credit_minor: int
    corrects: str
    corrects_url: str
    actions: list[Action]


def add_notice(request: HttpRequest, text: str, *, actions: list[Action] | None = None) -> None:
    """Say one sentence on the next page, with links to what one may want to do now."""
    _add(request, {"partial": "web/partials/_text_notice.html", "text": text, "actions": actions or []})


def add_payment_notice(request: HttpRequest, notice: PaymentNotice) -> None:
    """Say on the next page what a payment did and what is due now."""
    _add(request, {"partial": "web/partials/_payment_notice.html", **notice})


def _add(request: HttpRequest, notice: dict[str, Any]) -> None:
    # A list that only grows in a session nobody reads would slow every request.
    request.session[_KEY] = [*request.session.get(_KEY, []), notice][-_MOST:]


def take_notices(request: HttpRequest) -> list[dict[str, Any]]:
    """The notices not shown yet, oldest first; they are shown once."""
    if not hasattr(request, "session") or _KEY not in request.session:
        return []
    notices: list[dict[str, Any]] = request.session.pop(_KEY)
    return notices
