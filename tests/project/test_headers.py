"""The headers that every page carries."""

import pytest
from django.test import Client


@pytest.mark.django_db
def test_the_content_security_policy_allows_only_our_own_files(client: Client):
    header = client.get("/accounts/login/").headers["Content-Security-Policy"]

    parts = {name: set(values) for name, *values in (part.split() for part in header.split(";"))}
    scripts = {value for value in parts.pop("script-src") if not value.startswith("'nonce-")}
    assert scripts == {"'self'"}
    assert parts == {
        "default-src": {"'self'"},
        "style-src": {"'self'"},
        "img-src": {"'self'", "data:"},
        "base-uri": {"'none'"},
        "object-src": {"'none'"},
        "frame-ancestors": {"'none'"},
        "form-action": {"'self'"},
    }


@pytest.mark.django_db
def test_no_page_may_be_framed_or_use_the_devices(client: Client):
    headers = client.get("/accounts/login/").headers

    assert headers["X-Frame-Options"] == "DENY"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert "camera=()" in headers["Permissions-Policy"]


@pytest.mark.django_db
def test_the_health_check_needs_no_https(client: Client, settings):
    settings.SECURE_SSL_REDIRECT = True
    settings.SECURE_REDIRECT_EXEMPT = [r"^healthz$"]

    assert client.get("/healthz").status_code == 200
    assert client.get("/accounts/login/").status_code == 301


def test_the_icon_is_found_where_browsers_look_for_it(client: Client):
    answer = client.get("/favicon.ico")

    assert (answer.status_code, answer.headers["Location"]) == (302, "/static/web/icon.svg")
