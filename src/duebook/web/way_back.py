"""Where an act on a payment leads: to the payment, or back to the page that asked for the act first.

The page stands in the address as ``?void=`` with an invoice or ``?cancellation=`` with an order.
"""

from django.urls import reverse

from duebook.web.request import StaffRequest

_PAGES = {"void": "web:invoice_void", "cancellation": "web:order_cancellation"}


def way_back(request: StaffRequest, payment_id: int) -> str:
    """The address of the page to go on with."""
    return asked_page(request) or reverse("web:payment", args=[payment_id])


def asked_page(request: StaffRequest) -> str:
    """The page that asked for the act; empty where none did."""
    for name, view in _PAGES.items():
        asked = request.GET.get(name, "")
        if asked.isascii() and asked.isdigit() and len(asked) < 19:
            return reverse(view, args=[int(asked)])
    return ""
