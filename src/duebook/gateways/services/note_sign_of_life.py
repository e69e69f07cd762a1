"""Note that these books are at work, and fence the card processors where they may have been restored.

Books restored from a backup lack what was charged after it, and would charge it again. Restored elsewhere,
they stand in another database; copied back as files, they have been silent since the backup was made. Either
way the processors are asked first, which costs a moment where it was needless.
"""

import logging
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.models.functions import Coalesce, Least, Now

from duebook.gateways.models import MerchantAccount, SignOfLife

log = logging.getLogger(__name__)

LONGEST_SILENCE = timedelta(minutes=15)
"""The worker notes that it lives each minute."""

# A cluster has an identifier of its own, a database in it a number, and recovery begins another timeline.
_DATABASE = """
    SELECT (SELECT system_identifier FROM pg_control_system()) || '/'
        || (SELECT oid FROM pg_database WHERE datname = current_database()) || '/'
        || (SELECT timeline_id FROM pg_control_checkpoint()),
           statement_timestamp()
"""


@transaction.atomic(durable=True)
def note_sign_of_life() -> int:
    """How many merchant accounts were fenced by it. By the database's clock.

    An account that is fenced already stays so since the earlier moment. No event is recorded: the log tells.
    """
    last = SignOfLife.objects.select_for_update(no_key=True).filter(pk=1).first()
    database, now = _where_and_when()
    fenced = _fence(last, database, now)
    SignOfLife.objects.update_or_create(pk=1, defaults={"database": database, "alive_at": now})
    return fenced


def _where_and_when() -> tuple[str, datetime]:
    with connection.cursor() as cursor:
        cursor.execute(_DATABASE)
        database, now = cursor.fetchone()
    return database, now


def _fence(last: SignOfLife | None, database: str, now: datetime) -> int:
    if last is None:
        # Books of an older version, or without accounts; the processors' last events are what is known.
        return MerchantAccount.objects.filter(fenced_since=None).update(
            fenced_since=Coalesce("last_event_at", "created_at")
        )
    if last.database == database and now - last.alive_at <= LONGEST_SILENCE:
        return 0
    fenced = MerchantAccount.objects.update(
        fenced_since=Least(Coalesce("fenced_since", Now()), last.alive_at)
    )
    if fenced:
        why = "stand in another database" if last.database != database else "were silent"
        log.warning("these books %s since %s: %s card processors are asked", why, last.alive_at, fenced)
    return fenced
