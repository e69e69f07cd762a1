"""Opening and sending the payment form as a browser would."""

from typing import Any

from django.test import Client
from django.urls import reverse

from tests.web.pages import fields_of


def add_url(contact_id: int, query: str = "") -> str:
    return reverse("web:payment_add", args=[contact_id]) + (f"?{query}" if query else "")


def preview_url(contact_id: int) -> str:
    return reverse("web:payment_preview", args=[contact_id])


def open_form(client: Client, contact_id: int, query: str = "") -> Any:
    return client.get(add_url(contact_id, query))


def send(client: Client, page: Any, **typed: Any) -> Any:
    """Press Apply Payment on the page with these fields typed over."""
    form = page.context["form"]
    return client.post(page.context["purpose"].url, sent(form, page, typed))


def preview(client: Client, page: Any, *, as_panel: bool = True, **typed: Any) -> Any:
    """What htmx asks while one types, or what the button Preview does without JavaScript."""
    headers = {"HX-Request": "true", "HX-Target": "preview"} if as_panel else {}
    form = page.context["form"]
    return client.post(page.context["purpose"].preview_url, sent(form, page, typed), headers=headers)


def sent(form: Any, page: Any, typed: dict[str, Any]) -> dict[str, Any]:
    values = {**fields_of(page), **typed}
    return {name: value for name, value in values.items() if value is not None}


def options_of(page: Any, name: str) -> list[str]:
    """What a drop-down of the form offers, without the first empty option."""
    return [label for value, label in page.context["form"].fields[name].choices if value]
