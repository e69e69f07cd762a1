"""Opening pages as one of the cast."""

import re
from typing import Any

from django.test import Client

from duebook.domain.permissions import Role
from duebook.staff.models import User
from tests.factories import make_user


def sign_in(client: Client, role: Role = Role.OWNER) -> User:
    """Make the member of the cast with the role, and sign them in."""
    user = make_user(role=role)
    client.force_login(user)
    return user


def text_of(answer: Any) -> str:
    """What a page says, without its tags, in one line."""
    body = re.sub(r"<(script|template|title)\b.*?</\1>", " ", answer.content.decode(), flags=re.DOTALL)
    words = re.sub(r"<[^>]*>", " ", body.partition("<main")[2] or body)
    return re.sub(r"\s+", " ", words.replace("&#x27;", "'").replace("&amp;", "&")).strip()


def title_of(answer: Any) -> str:
    """The title of the page, as its tab shows it."""
    found = re.search(r"<title>(.*?)</title>", answer.content.decode(), flags=re.DOTALL)
    return " ".join(found[1].split()) if found else ""


def fields_of(answer: Any, **typed: Any) -> dict[str, Any]:
    """What a browser would send of the page's form named ``form``, with some fields typed over."""
    form = answer.context["form"]
    values: dict[str, Any] = {}
    for bound in form:
        value = bound.value()
        if value is not None and value is not False:
            values[bound.html_name] = "on" if value is True else value
    return {**values, **typed}
