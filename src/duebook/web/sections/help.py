"""Addresses below /help/."""

from django.urls import path

from duebook.web.views import help as pages

urlpatterns = [
    path("", pages.help_list, name="help_list"),
    path("pictures/<path:name>", pages.help_picture, name="help_picture"),
    path("<slug:page>/", pages.help_page, name="help"),
]
