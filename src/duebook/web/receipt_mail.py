"""Asking for a receipt to be e-mailed: a job in the caller's transaction, done by the worker."""

from procrastinate.contrib.django import app


def email_receipt_later(payment_id: int) -> None:
    """Enqueue the receipt of a payment; nothing is sent when the transaction is rolled back."""
    app.configure_task("email_receipt").defer(payment_id=payment_id)
