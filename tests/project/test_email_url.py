"""The address of the mail server."""

import pytest
from django.core.exceptions import ImproperlyConfigured

from duebook.project.email_url import email_settings


def test_without_an_address_mail_goes_to_files():
    assert email_settings("") == {"EMAIL_BACKEND": "django.core.mail.backends.filebased.EmailBackend"}


@pytest.mark.parametrize(
    ("url", "port", "starttls", "tls"),
    [
        ("smtp://mail.example.com", 25, False, False),
        ("smtp+tls://mail.example.com", 587, True, False),
        ("smtps://mail.example.com", 465, False, True),
        ("smtps://mail.example.com:4650", 4650, False, True),
    ],
)
def test_the_scheme_says_how_it_is_encrypted(url: str, port: int, starttls: bool, tls: bool):
    found = email_settings(url)

    assert (found["EMAIL_HOST"], found["EMAIL_PORT"]) == ("mail.example.com", port)
    assert (found["EMAIL_USE_TLS"], found["EMAIL_USE_SSL"]) == (starttls, tls)


def test_signs_in_name_and_password_are_quoted():
    found = email_settings("smtp+tls://pay%40example.com:p%2Fw@mail.example.com")

    assert (found["EMAIL_HOST_USER"], found["EMAIL_HOST_PASSWORD"]) == ("pay@example.com", "p/w")


@pytest.mark.parametrize("url", ["mail.example.com", "http://mail.example.com", "smtp://"])
def test_another_address_is_refused(url: str):
    with pytest.raises(ImproperlyConfigured, match="DUEBOOK_EMAIL_URL"):
        email_settings(url)
