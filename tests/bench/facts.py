"""What two rows have in common when the benchmark wrote one of them and Duebook the other."""

from typing import Any

from django.db.models import QuerySet

# What each row has for itself.
OWN = {
    "id",
    "number",
    "invoice",
    "accrual_id",
    "basis_id",
    "payment_id",
    "invoice_id",
    "order_id",
    "contact_id",
    "input_hash",
}
KEYS = {"request_key", "source_key"}


def facts(found: QuerySet[Any, Any]) -> list[dict[str, Any]]:
    """The rows without what is each one's own, in an order that compares."""
    return sorted((_without_own(row) for row in found.values()), key=repr)


def _without_own(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            name: _without_own(part)
            for name, part in sorted(value.items())
            if name not in OWN | KEYS and not name.endswith("_at")
        }
    return [_without_own(part) for part in value] if isinstance(value, list) else value
