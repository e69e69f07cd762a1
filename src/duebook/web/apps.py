"""The pages for staff."""

from django.apps import AppConfig


class WebConfig(AppConfig):
    name = "duebook.web"
    label = "web"
