"""What a merchant account consists of when people write it.

Secrets that are not typed anew stay as they are: nobody is shown them, so nobody can send them back.
"""

from contextlib import suppress
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from cryptography.fernet import InvalidToken

from duebook.domain.errors import (
    AddressMalformed,
    AddressOnlyForSandbox,
    NameRequired,
    NameTaken,
    SecretMalformed,
    TooManySigningSecrets,
)
from duebook.gateways.accounts import PURPOSE
from duebook.gateways.models import MerchantAccount
from duebook.staff.sealing import seal, unseal

MOST_SIGNING_SECRETS = 3
"""While secrets are exchanged, the old and the new one both hold; a third is for an exchange gone wrong."""


@dataclass(frozen=True, slots=True)
class MerchantAccountDetails:
    """A merchant account as it is typed; its card processor never changes once it exists.

    An empty ``secret`` keeps the one there is. ``webhook_secrets`` are added to those kept, or take their
    place where the older ones are forgotten.
    """

    name: str
    secret: str = field(default="", repr=False)
    public_key: str = ""
    webhook_secrets: tuple[str, ...] = field(default=(), repr=False)
    forget_older_webhook_secrets: bool = False
    base_url: str = ""
    active: bool = True

    def check(self, adapter: MerchantAccount.Adapters, *, other_than: int) -> None:
        """Raise NameRequired, NameTaken, SecretMalformed, AddressOnlyForSandbox or AddressMalformed."""
        name = self.name.strip()
        if not name:
            raise NameRequired
        if MerchantAccount.objects.filter(name__iexact=name).exclude(pk=other_than).exists():
            raise NameTaken(what="merchant account", name=name)
        for field_name, secrets in (("secret", [self.secret]), ("webhook_secret", self.webhook_secrets)):
            if not all(_is_plain(secret.strip()) for secret in secrets):
                raise SecretMalformed(field=field_name)
        if not _is_plain(self.public_key.strip()):
            raise SecretMalformed(field="public_key")
        if self.base_url.strip() and adapter is not MerchantAccount.Adapters.SANDBOX:
            raise AddressOnlyForSandbox
        if self.base_url.strip() and not _is_address(self.base_url.strip()):
            raise AddressMalformed

    def columns(self) -> dict[str, str | bool]:
        """The values of the row that are no secrets; whether it is active is decided with the default."""
        return {
            "name": self.name.strip(),
            "public_key": self.public_key.strip(),
            "base_url": self.base_url.strip(),
        }

    def sealed_secret(self) -> str:
        """The new secret key as it is kept; empty where the one there is stays."""
        secret = self.secret.strip()
        return seal(secret, purpose=PURPOSE) if secret else ""

    def sealed_webhook_secrets(self, kept: list[str]) -> list[str]:
        """All signing secrets as they are kept, the newest last, each once. Raises TooManySigningSecrets.

        One that no key opens any more is of no use, and would keep the account from being used.
        """
        older = {} if self.forget_older_webhook_secrets else _opened(kept)
        new = dict.fromkeys(one.strip() for one in self.webhook_secrets if one.strip())
        added = {one: seal(one, purpose=PURPOSE) for one in new if one not in older}
        if len(older) + len(added) > MOST_SIGNING_SECRETS:
            raise TooManySigningSecrets(most=MOST_SIGNING_SECRETS)
        return [*older.values(), *added.values()]

    def known(self) -> list[str | bool]:
        """What the hash of the request may know: everything but the secrets."""
        return [self.name, self.public_key, self.base_url, self.active, self.forget_older_webhook_secrets]


def _opened(sealed: list[str]) -> dict[str, str]:
    """What was sealed by what it holds, without what no key opens any more."""
    opened = {}
    for one in sealed:
        with suppress(InvalidToken):
            opened[unseal(one, purpose=PURPOSE)] = one
    return opened


def _is_plain(text: str) -> bool:
    return text.isascii() and text.isprintable() and " " not in text


def _is_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
