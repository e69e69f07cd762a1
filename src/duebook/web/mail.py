"""Asking for receipts and statements to be e-mailed: jobs in the caller's transaction, done by the worker."""

from collections.abc import Iterable
from typing import Any

from procrastinate.contrib.django import app


def email_receipt_later(payment_id: int) -> None:
    """Enqueue the receipt of a payment; nothing is sent when the transaction is rolled back."""
    app.configure_task("email_receipt").defer(payment_id=payment_id)


def email_statements_later(payout_ids: Iterable[int]) -> None:
    """Enqueue the statement of each payout; each is sent once, however often this is asked."""
    wanted: list[dict[str, Any]] = [{"payout_id": pk} for pk in payout_ids]
    app.configure_task("email_statement").batch_defer(*wanted)
