"""Asking for statements to be e-mailed: jobs in the caller's transaction, done by the worker."""

from collections.abc import Iterable
from typing import Any

from procrastinate.contrib.django import app


def email_statements_later(payout_ids: Iterable[int]) -> None:
    """Enqueue the statement of each payout; each is sent once, however often this is asked."""
    wanted: list[dict[str, Any]] = [{"payout_id": pk} for pk in payout_ids]
    app.configure_task("email_statement").batch_defer(*wanted)
