"""Login rules on top of allauth: nobody signs up, and second factors are kept encrypted.

Users are made by the owner. The key of the second factors is derived from SECRET_KEY; an old key in
SECRET_KEY_FALLBACKS still opens what it sealed.
"""

import base64

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from cryptography.fernet import Fernet, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.http import HttpRequest


class AccountAdapter(DefaultAccountAdapter):
    """Accounts come from `duebook createuser` and the Settings page only."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Never."""
        return False


class MFAAdapter(DefaultMFAAdapter):
    """Seals TOTP secrets and recovery code seeds before they reach the database."""

    def encrypt(self, text: str) -> str:
        """Seal a secret for the database."""
        return _sealer().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        """Open a sealed secret. Raises InvalidToken when no known key fits."""
        return _sealer().decrypt(encrypted_text.encode()).decode()


def _sealer() -> MultiFernet:
    return MultiFernet(
        [Fernet(_key(secret)) for secret in [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]]
    )


def _key(secret: str) -> bytes:
    derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"duebook second factors").derive(
        secret.encode()
    )
    return base64.urlsafe_b64encode(derived)
