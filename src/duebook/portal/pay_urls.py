"""Addresses of the pages for customers, each reached by a link of its own."""

from django.urls import path

from duebook.portal.views import cards

app_name = "pay"

urlpatterns = [
    path("cards/<str:token>/", cards.card, name="card"),
]
