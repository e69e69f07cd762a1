"""Addresses of cards on file."""

from django.urls import path

from duebook.web.views import cards

urlpatterns = [
    path("contacts/<int:contact_id>/cards/", cards.contact_cards, name="contact_cards"),
    path("cards/<int:card_id>/default/", cards.card_default, name="card_default"),
    path("cards/<int:card_id>/deactivation/", cards.card_deactivation, name="card_deactivation"),
]
