"""Login rules: nobody signs up, second factors are kept sealed, guessing is slowed down."""

import re

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP
from cryptography.fernet import InvalidToken
from django.core import mail
from django.test import Client

from duebook.project.login import MFAAdapter
from duebook.staff.models import User

SECRET = "JBSWY3DPEHPK3PXP"


def make_user(password: str = "a long enough password") -> User:
    return User.objects.create_user("marta@example.com", password)


@pytest.mark.django_db
def test_nobody_can_sign_up(client: Client):
    client.post(
        "/accounts/signup/",
        {"email": "new@example.com", "password1": "a long enough one", "password2": "a long enough one"},
    )

    assert not User.objects.exists()


@pytest.mark.django_db
def test_who_forgot_the_password_gets_a_link_that_sets_a_new_one(client: Client):
    user = make_user()

    client.post("/accounts/password/reset/", {"email": user.email})

    assert mail.outbox[0].subject == "A new password for Duebook"
    text = str(mail.outbox[0].body)
    assert "Someone, most likely you, forgot the password that goes with this address." in text
    assert text.rstrip().endswith("Duebook at testserver")
    link = re.search(r"http\S+/accounts/password/reset/key/\S+", text)
    assert link is not None
    form = client.get(link[0], follow=True)
    client.post(
        form.request["PATH_INFO"],
        {"password1": "another long password", "password2": "another long password"},
    )
    used = client.get(link[0], follow=True).content.decode()
    user.refresh_from_db()
    assert user.check_password("another long password")
    assert "Save the new password" in form.content.decode()
    assert "This link no longer works" in used
    assert "Ask for a new link" in used


@pytest.mark.django_db
def test_the_address_of_nobody_gets_no_mail_and_the_page_does_not_tell(client: Client):
    answer = client.post("/accounts/password/reset/", {"email": "nobody@example.com"}, follow=True)

    assert "If the address belongs to somebody here" in answer.content.decode()
    assert not mail.outbox


@pytest.mark.django_db
def test_a_second_factor_is_sealed_in_the_database_and_works():
    user = make_user()

    TOTP.activate(user, SECRET)

    stored = Authenticator.objects.get(user=user, type=Authenticator.Type.TOTP)
    assert SECRET not in str(stored.data)
    assert MFAAdapter().decrypt(stored.data["secret"]) == SECRET


def test_a_secret_sealed_with_an_old_key_still_opens(settings):
    settings.SECRET_KEY = "the old key"
    sealed = MFAAdapter().encrypt(SECRET)

    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "the new key", ["the old key"]

    assert MFAAdapter().decrypt(sealed) == SECRET


def test_a_secret_sealed_with_an_unknown_key_does_not_open(settings):
    sealed = MFAAdapter().encrypt(SECRET)

    settings.SECRET_KEY = "another key"

    with pytest.raises(InvalidToken):
        MFAAdapter().decrypt(sealed)


@pytest.mark.django_db
def test_the_right_password_signs_in_by_email_in_any_case(client: Client):
    user = make_user()

    client.post("/accounts/login/", {"login": "Marta@Example.com", "password": "a long enough password"})

    assert client.session["_auth_user_id"] == str(user.pk)


@pytest.mark.django_db
def test_guessing_is_stopped_after_a_few_tries(client: Client):
    make_user()
    for _ in range(5):
        client.post("/accounts/login/", {"login": "marta@example.com", "password": "wrong"})

    answer = client.post(
        "/accounts/login/", {"login": "marta@example.com", "password": "a long enough password"}
    )

    assert "_auth_user_id" not in client.session
    assert "Too many failed attempts. Try again in some minutes." in answer.content.decode()
