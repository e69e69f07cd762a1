"""Addresses of cards on file and of the links by which customers enter one."""

from django.urls import path

from duebook.web.views import cards, pay_links

urlpatterns = [
    path("contacts/<int:contact_id>/cards/", cards.contact_cards, name="contact_cards"),
    path("contacts/<int:contact_id>/pay-links/", pay_links.contact_pay_links, name="contact_pay_links"),
    path("cards/links/<int:setup_id>/withdrawal/", cards.card_link_withdrawal, name="card_link_withdrawal"),
    path("pay-links/<int:link_id>/withdrawal/", pay_links.pay_link_withdrawal, name="pay_link_withdrawal"),
    path("cards/<int:card_id>/default/", cards.card_default, name="card_default"),
    path("cards/<int:card_id>/deactivation/", cards.card_deactivation, name="card_deactivation"),
]
