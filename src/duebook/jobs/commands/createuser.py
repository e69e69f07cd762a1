"""`duebook createuser`"""

import argparse
import getpass
import os
import sys
import uuid

from duebook.domain.permissions import Actor, Role, Source
from duebook.jobs.commands import Subparsers, add_command
from duebook.jobs.django_setup import setup_django
from duebook.jobs.failure import CommandFailed

PASSWORD_VARIABLE = "DUEBOOK_PASSWORD"  # noqa: S105 - the name of a variable


def add_to(subparsers: Subparsers) -> None:
    """Declare the command."""
    parser = add_command(
        subparsers,
        "createuser",
        run,
        summary="Create someone who can sign in.",
        text="Create someone who can sign in. The password is asked for, or read from the variable "
        f"{PASSWORD_VARIABLE}.",
    )
    parser.add_argument("email", help="the e-mail address to sign in with")
    parser.add_argument("--name", default="", help="the name shown to others")
    parser.add_argument(
        "--role",
        choices=[role.value for role in Role],
        default=Role.CLERK.value,
        help="what the user may do (default: clerk)",
    )


def run(options: argparse.Namespace) -> int:
    """Create the user."""
    setup_django()
    from django.contrib.auth.password_validation import validate_password
    from django.core.exceptions import ValidationError

    from duebook.staff.services.add_user import add_user

    password = _password()
    try:
        validate_password(password)
    except ValidationError as error:
        raise CommandFailed(" ".join(error.messages)) from error
    user = add_user(
        email=options.email,
        name=options.name,
        role=Role(options.role),
        password=password,
        actor=Actor.system(Source.COMMAND),
        request_key=str(uuid.uuid4()),
    )
    print(f"{user.email} can sign in as {options.role}.")
    return 0


def _password() -> str:
    if given := os.environ.get(PASSWORD_VARIABLE):
        return given
    if not sys.stdin.isatty():
        raise CommandFailed(f"Set {PASSWORD_VARIABLE}, or run this on a terminal.")
    first = getpass.getpass("Password: ")
    if getpass.getpass("Password again: ") != first:
        raise CommandFailed("The two passwords differ.")
    return first
