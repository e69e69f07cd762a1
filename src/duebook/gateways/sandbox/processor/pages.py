"""What a customer sees: the fields of a card, and the authentication that some cards ask for.

The address of a page is its permission, as it is on a processor's hosted pages.
"""

from dataclasses import dataclass
from html import escape
from urllib.parse import urlencode

from duebook.gateways.sandbox.processor.call import Call, web_address
from duebook.gateways.sandbox.processor.charges import capture, decline, find_charge, way_back
from duebook.gateways.sandbox.processor.setups import find_setup, save_card

DECIMALS = {"JPY": 0, "KWD": 3}

STYLE = """
body { background: #f1f5f9; color: #1e293b; font: 16px/1.5 system-ui, sans-serif; margin: 0; }
main { background: #fff; border: 1px solid #cbd5e1; border-radius: 8px; margin: 2rem auto; max-width: 24rem;
  padding: 1.5rem; }
h1 { font-size: 1.25rem; margin: 0 0 1rem; }
label { display: block; font-weight: 600; margin-top: 1rem; }
input { border: 1px solid #64748b; border-radius: 4px; box-sizing: border-box; font: inherit; padding: 0.5rem;
  width: 100%; }
button { background: #1d4ed8; border: 0; border-radius: 4px; color: #fff; cursor: pointer; font: inherit;
  font-weight: 600; margin-top: 1.5rem; padding: 0.75rem; width: 100%; }
button.second { background: #fff; border: 1px solid #64748b; color: #1e293b; margin-top: 0.75rem; }
.error { background: #fef2f2; border: 1px solid #b91c1c; border-radius: 4px; color: #7f1d1d;
  padding: 0.5rem; }
.hint { color: #475569; font-size: 0.875rem; margin-bottom: 0; }
"""


@dataclass(frozen=True, slots=True)
class Page:
    """An HTML page, or a way on to another address."""

    status: int
    html: str = ""
    location: str = ""


def show_setup(call: Call, setup_id: str) -> Page:
    """The fields of a card."""
    setup = find_setup(call, setup_id)
    if setup["outcome"] == "saved":
        return _message(
            "Card saved", "The card is saved. You can close this page.", go_on=setup["return_url"]
        )
    return _card_fields("")


def submit_setup(call: Call, setup_id: str) -> Page:
    """Save the card, then back to where the customer came from."""
    if error := save_card(call, setup_id):
        return _card_fields(error)
    if return_url := find_setup(call, setup_id)["return_url"]:
        return Page(303, location=return_url)
    return show_setup(call, setup_id)


def show_authentication(call: Call, charge_id: str) -> Page:
    """The two buttons. ``?return_url=``, or else the charge, says where to go afterwards."""
    charge = find_charge(call, charge_id)
    if charge["outcome"] != "requires_action":
        text = f"This payment is {charge['outcome'].replace('_', ' ')}."
        return _message("Nothing to do", text, go_on=way_back(call, charge_id))
    amount = _amount(charge["amount_minor"], charge["currency"])
    return_url = web_address(call.text("return_url"))
    query = f"?{urlencode({'return_url': return_url})}" if return_url else ""
    return _page(
        200,
        "Authentication",
        f"<p>Your bank asks whether you are paying <strong>{escape(amount)}</strong>.</p>"
        f'<form method="post" action="{escape(query) or "?"}">'
        '<button name="result" value="complete">Complete authentication</button>'
        '<button name="result" value="fail" class="second">Fail authentication</button>'
        "</form>",
    )


def submit_authentication(call: Call, charge_id: str) -> Page:
    """Passed, the money moves; failed, the charge is declined."""
    charge = find_charge(call, charge_id)
    result = call.text("result")
    if charge["outcome"] == "requires_action" and result == "complete":
        capture(call, charge)
    elif charge["outcome"] == "requires_action" and result == "fail":
        decline(call, charge, "authentication_failed")
    if return_url := web_address(call.text("return_url")) or way_back(call, charge_id):
        return Page(303, location=return_url)
    return show_authentication(call, charge_id)


def error_page(status: int, message: str) -> Page:
    """Something is not there."""
    return _message("Not found" if status == 404 else "That did not work", message, status=status)


def _card_fields(error: str) -> Page:
    alert = f'<p class="error" role="alert">{escape(error)}</p>' if error else ""
    return _page(
        422 if error else 200,
        "Enter your card",
        f'{alert}<form method="post">'
        '<label for="number">Card number</label>'
        '<input id="number" name="number" inputmode="numeric" autocomplete="cc-number" required>'
        '<label for="expiry">Expiry (MM/YY)</label>'
        '<input id="expiry" name="expiry" autocomplete="cc-exp" required>'
        '<label for="code">Security code</label>'
        '<input id="code" name="code" inputmode="numeric" autocomplete="cc-csc" required>'
        "<button>Save</button></form>"
        '<p class="hint">This is a sandbox: no money moves, and it takes test cards only, such as'
        " 4242 4242 4242 4242.</p>",
    )


def _message(title: str, text: str, *, status: int = 200, go_on: str = "") -> Page:
    """With a way on for who came here by the browser's back button."""
    way = f'<p><a href="{escape(go_on)}">Back to where you came from</a></p>' if go_on else ""
    return _page(status, title, f"<p>{escape(text)}</p>{way}")


def _page(status: int, title: str, body: str) -> Page:
    return Page(
        status,
        html='<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<title>{escape(title)} – Sandbox</title><link rel="stylesheet" href="/style.css"></head>'
        f"<body><main><h1>{escape(title)}</h1>{body}</main></body></html>",
    )


def _amount(minor: int, currency: str) -> str:
    decimals = DECIMALS.get(currency, 2)
    whole, fraction = divmod(minor, 10**decimals)
    return f"{whole:,}.{fraction:0{decimals}} {currency}" if decimals else f"{whole:,} {currency}"
