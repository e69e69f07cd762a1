"""Addresses of charges."""

from django.urls import path

from duebook.web.views import charges

urlpatterns = [
    path("charges/<int:charge_id>/", charges.charge, name="charge"),
    path("charges/<int:charge_id>/inquiry/", charges.charge_inquiry, name="charge_inquiry"),
    path("charges/<int:charge_id>/cancellation/", charges.charge_cancellation, name="charge_cancellation"),
]
