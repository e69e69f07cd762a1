"""Addresses of the staff pages: one list a noun, in ``web/sections``. Nouns only; a verb becomes a noun."""

from django.urls import URLPattern, URLResolver, include, path

from duebook.web.sections import contacts, orders, pending, products, settings
from duebook.web.views import search

app_name = "web"

urlpatterns: list[URLPattern | URLResolver] = [
    path("search/", search.search, name="search"),
    path("contacts/", include(contacts)),
    path("products/", include(products)),
    path("", include(orders)),
    path("settings/", include(settings)),
    path("", include(pending)),
]
