"""Seeing what a change of an order's commissions would post: it runs, and everything is rolled back."""

from collections.abc import Callable

from django.db import transaction

from duebook.domain.commission_steps import CommissionStep

PREVIEW_KEY = "preview"
"""The request key of a change that is never committed."""


class _RolledBack(Exception):
    """Carries the steps out of the transaction."""

    def __init__(self, steps: tuple[CommissionStep, ...]) -> None:
        self.steps = steps


def rolled_back(change: Callable[[], tuple[CommissionStep, ...]]) -> tuple[CommissionStep, ...]:
    """The steps that the change posts, with nothing written. Raises as the change does."""
    try:
        with transaction.atomic():
            raise _RolledBack(change())
    except _RolledBack as seen:
        return seen.steps
