"""Makes Django ready for a command. Nothing of Django is loaded before, so that help appears at once."""

import os

from duebook.jobs.failure import CommandFailed
from duebook.jobs.home import embedded_database_url, home

SETTINGS = "duebook.project.settings"


def setup_django() -> None:
    """Load Django and reach the database.

    Raises CommandFailed where no database is known or it does not answer.
    """
    if not os.environ.get("DATABASE_URL") and embedded_database_url() is None:
        raise CommandFailed(
            f"No Duebook runs on {home()}. Start it with `make run` or `duebook serve`, "
            "or set DUEBOOK_HOME or DATABASE_URL."
        )
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", SETTINGS)
    import django
    from django.db import OperationalError, connection

    django.setup()
    try:
        connection.ensure_connection()
    except OperationalError as error:
        raise CommandFailed(f"The database does not answer. Is Duebook running? {error}") from error
