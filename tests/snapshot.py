"""The whole content of the tables that money touches, to show that a refused action changed nothing."""

from typing import Any

from django.apps import apps

LABELS = ("events", "ledger", "contacts", "partners", "orders", "invoices", "commissions", "payments")


def everything() -> dict[str, list[dict[str, Any]]]:
    """All rows of all tables that a write could touch, in a form that compares."""
    return {
        model._meta.label: list(model._default_manager.order_by("pk").values())
        for label in LABELS
        for model in apps.get_app_config(label).get_models()
    }
