"""Charging a card from the payment form as a person does it: choose, press, confirm."""

import re
from typing import Any

from django.test import Client

from tests.factories import payment_type
from tests.web.payment_form import open_form, send

CHARGE_NOW = "Credit Card (charge now)"


def choose_charge(client: Client, contact_id: int, query: str = "", **typed: Any) -> Any:
    """The answer to pressing Charge card and apply payment: the step that confirms, or the form again."""
    page = open_form(client, contact_id, query)
    return send(client, page, payment_type=payment_type(CHARGE_NOW).pk, **typed)


def sent_by(step: Any) -> dict[str, str]:
    """What the confirming button sends."""
    html = step.content.decode()
    form = html.partition('<form id="payment-form"')[2].partition("</form>")[0]
    fields = dict(re.findall(r'<input type="hidden"\s+name="([^"]*)"\s+value="([^"]*)"', form))
    (value,) = re.findall(r'name="confirmed"\s+value="([^"]*)"', form)
    return {**fields, "confirmed": value}


def confirm(client: Client, step: Any, **typed: Any) -> Any:
    """Press Charge card and apply payment in the step that confirms."""
    return client.post(step.context["purpose"].url, {**sent_by(step), **typed})


def charge(client: Client, contact_id: int, query: str = "", **typed: Any) -> Any:
    """All of it at once."""
    return confirm(client, choose_charge(client, contact_id, query, **typed))
