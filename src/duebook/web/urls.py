"""Addresses of the staff pages: one list a noun, in ``web/sections``. Nouns only; a verb becomes a noun."""

from django.urls import URLPattern, URLResolver, include, path

from duebook.web.sections import (
    approvals,
    cards,
    charges,
    contacts,
    dashboard,
    help as help_pages,
    ledgers,
    orders,
    partners,
    payments,
    payouts,
    products,
    receipts,
    reports,
    settings,
)
from duebook.web.views import search, webhooks

app_name = "web"

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include(dashboard)),
    path("search/", search.search, name="search"),
    path("contacts/", include(contacts)),
    path("", include(cards)),
    path("products/", include(products)),
    path("", include(orders)),
    path("", include(partners)),
    path("", include(ledgers)),
    path("", include(payouts)),
    path("", include(payments)),
    path("", include(charges)),
    path("", include(approvals)),
    path("", include(receipts)),
    path("reports/", include(reports)),
    path("settings/", include(settings)),
    path("help/", include(help_pages)),
    path("gateways/<str:webhook_token>/webhook", webhooks.webhook, name="webhook"),
]
