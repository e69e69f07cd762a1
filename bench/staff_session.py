"""A signed-in owner, and the payment form as a browser would send it."""

import itertools
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from urllib.parse import urlencode
from uuid import uuid4

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.test import Client

from bench.http_load import UnexpectedAnswer, exchange, get, post
from bench.scene import OpenOne
from duebook.domain.permissions import Actor, Role, Source
from duebook.payments.models import Payment
from duebook.staff.models import User
from duebook.staff.services.add_user import add_user

EMAIL = "bench@example.com"
FIRST_MINOR = 200
FORMS = 300
"""So many contacts take turns; each of their payments has another amount, so that none looks like another."""


def sign_in() -> str:
    """The session cookie of an owner, as logging in would leave it."""
    user = User.objects.filter(email=EMAIL).first() or add_user(
        email=EMAIL,
        name="Bench",
        role=Role.OWNER,
        password=str(uuid4()),
        request_key="bench:user",
        actor=Actor.system(Source.COMMAND),
    )
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.create()
    return f"{settings.SESSION_COOKIE_NAME}={session.session_key}"


def signed_in_client() -> Client:
    """A client in this process with that cookie."""
    client = Client(SERVER_NAME="127.0.0.1")
    name, _, value = sign_in().partition("=")
    client.cookies[name] = value
    return client


def payment_posts(port: int, cookies: str, invoices: list[OpenOne]) -> Callable[[], bytes]:
    """Each call gives the request that one more payment is: session, CSRF token, new request key."""
    forms = [fetch_form(port, cookies, one) for one in invoices[:FORMS]]
    # Books that are used again know the amounts of the last run; there are fewer of those than payments.
    before = Payment.objects.filter(recorded_by_id=User.objects.get(email=EMAIL).pk).count()
    sent = _requests(forms, FIRST_MINOR + before)
    return lambda: next(sent)


def _requests(forms: list[tuple[str, str, dict[str, str]]], first_minor: int) -> Iterator[bytes]:
    for number in itertools.count(first_minor):
        for path, cookies, values in forms:
            amount = f"{number // 100}.{number % 100:02d}"
            body = urlencode({**values, "amount": amount, "request_key": str(uuid4())})
            yield post(path, body, cookies=cookies)


def fetch_form(port: int, cookies: str, one: OpenOne) -> tuple[str, str, dict[str, str]]:
    """Where the payment form of the invoice is sent, the cookies with its CSRF token, and its values."""
    path = f"/contacts/{one.contact_id}/payments/new/"
    status, answer = exchange(port, get(f"{path}?invoice={one.invoice_id}", cookies=cookies))
    if status != 200:
        raise UnexpectedAnswer(f"the payment form answered {status}")
    head, _, body = answer.partition(b"\r\n\r\n")
    page = _Form()
    page.feed(body.decode())
    token = next(
        line.split("=", 1)[1].split(";")[0]
        for line in head.decode().splitlines()
        if line.lower().startswith("set-cookie: ") and settings.CSRF_COOKIE_NAME in line
    )
    return path, f"{cookies}; {settings.CSRF_COOKIE_NAME}={token}", page.values


class _Form(HTMLParser):
    """The values of the fields of the page's form that records a payment, as a browser would send them."""

    def __init__(self) -> None:
        super().__init__()
        self.values: dict[str, str] = {}
        self._found: dict[str, str] = {}
        self._select = ""
        self._area = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        name = given.get("name") or ""
        if tag == "form":
            self._found = {}
        elif tag == "input" and name:
            kind = given.get("type", "text")
            if kind not in {"checkbox", "radio", "submit"} or "checked" in given:
                self._found[name] = given.get("value") or ""
        elif tag == "textarea" and name:
            self._found[name] = ""
        elif tag == "select":
            self._select = name
        elif tag == "option" and self._select and ("selected" in given or self._select not in self._found):
            self._found[self._select] = given.get("value") or ""

    def handle_endtag(self, tag: str) -> None:
        if tag == "select":
            self._select = ""
        elif tag == "form" and "payment_type" in self._found:
            self.values = self._found
