"""Login rules on top of allauth: nobody signs up, and second factors are kept sealed.

Users are made by the owner.
"""

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from duebook.staff.sealing import seal, unseal

_PURPOSE = "duebook second factors"


class AccountAdapter(DefaultAccountAdapter):
    """Accounts come from `duebook createuser` and the Settings page only."""

    error_messages = DefaultAccountAdapter.error_messages | {
        "email_password_mismatch": _("The e-mail address or the password is not right."),
        "too_many_login_attempts": _("Too many failed attempts. Try again in some minutes."),
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Never."""
        return False


class MFAAdapter(DefaultMFAAdapter):
    """Seals TOTP secrets and recovery code seeds before they reach the database."""

    def encrypt(self, text: str) -> str:
        """Seal a secret for the database."""
        return seal(text, purpose=_PURPOSE)

    def decrypt(self, encrypted_text: str) -> str:
        """Open a sealed secret. Raises InvalidToken when no known key fits."""
        return unseal(encrypted_text, purpose=_PURPOSE)
