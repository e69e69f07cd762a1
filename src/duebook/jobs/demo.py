"""The demo business and the login that belongs to it."""

import os
import secrets
from dataclasses import dataclass

from duebook.jobs.home import DEMO_PASSWORD_FILE, read_or_create_secret
from duebook.jobs.progress import progress

OWNER_EMAIL = "owner@example.com"


@dataclass(frozen=True)
class DemoLogin:
    """How to sign in; the password is None once its owner has chosen another."""

    email: str
    password: str | None

    def __str__(self) -> str:
        if self.password is None:
            return f"Sign in as {self.email} with the password you chose."
        return f"Sign in as {self.email} with the password {self.password}"


def load_demo_once() -> DemoLogin | None:
    """Load the demo business into an empty database; returns the login, None where there is no demo.

    DUEBOOK_DEMO_PASSWORD sets the password, also of a demo that was loaded before.
    """
    from duebook.imports.services.load_demo import load_demo
    from duebook.staff.models import User

    given = os.environ.get("DUEBOOK_DEMO_PASSWORD")
    password = given or read_or_create_secret(DEMO_PASSWORD_FILE, lambda: secrets.token_urlsafe(9))
    if not User.objects.exists():
        with progress("Loading the demo business") as on_progress:
            load_demo(password=password, on_progress=on_progress)
    owner = User.objects.filter(email=OWNER_EMAIL).first()
    if owner is None:
        return None
    if owner.check_password(password):
        return DemoLogin(OWNER_EMAIL, password)
    if given:
        owner.set_password(given)
        owner.save(update_fields=["password"])
        return DemoLogin(OWNER_EMAIL, given)
    return DemoLogin(OWNER_EMAIL, None)
