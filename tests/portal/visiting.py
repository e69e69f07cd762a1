"""Visiting the partners' pages."""

from django.test import Client
from django.urls import reverse

from duebook.partners.models import Partner
from duebook.partners.sign_in_tokens import make_token


def link_url(partner: Partner) -> str:
    """The address that the mail would hold."""
    return reverse("portal:link", args=[make_token(partner.pk)])


def sign_in_partner(client: Client, partner: Partner) -> None:
    """Press Sign in on the page of the link."""
    client.post(link_url(partner))
