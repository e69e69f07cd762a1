"""Have the card processors asked that are fenced, a job for each."""

import logging

from procrastinate.contrib.django import app
from procrastinate.exceptions import AlreadyEnqueued

from duebook.gateways.services.note_sign_of_life import note_sign_of_life
from duebook.payments.services.lift_fence import fenced_accounts

log = logging.getLogger(__name__)


def look_after_fences() -> None:
    """Note a sign of life, and enqueue ``lift_fence`` for each account that is fenced by that or before."""
    note_sign_of_life()
    for account_id in fenced_accounts():
        try:
            app.configure_task("lift_fence", queueing_lock=f"lift_fence:{account_id}").defer(
                account_id=account_id
            )
        except AlreadyEnqueued:
            log.info("merchant account %s: a job is waiting to ask its processor", account_id)
