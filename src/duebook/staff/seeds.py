"""The one row of business settings that a new database starts with."""

from typing import Any


def seed_business(model: Any) -> None:
    """Create the row if it is missing; ``model`` is the Business class of the caller."""
    model.objects.get_or_create(pk=1)
