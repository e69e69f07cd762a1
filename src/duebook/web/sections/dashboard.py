"""The address of the dashboard: the root."""

from django.urls import path

from duebook.web.views import dashboard

urlpatterns = [path("", dashboard.dashboard, name="dashboard")]
