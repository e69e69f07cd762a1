"""The pages for referral partners."""

from django.apps import AppConfig


class PortalConfig(AppConfig):
    name = "duebook.portal"
    label = "portal"
