"""Addresses that the layout links to and whose pages are to come. Delete a line when its page exists."""

from django.urls import path
from django.views.generic import RedirectView

_orders = RedirectView.as_view(pattern_name="web:order_list")

urlpatterns = [
    path("", _orders, name="dashboard"),
    path("payments/", _orders, name="payment_list"),
    path("payments/enter/", _orders, name="payment_enter"),
    path("payments/<int:payment_id>/", _orders, name="payment"),
    path("contacts/<int:contact_id>/payments/new/", _orders, name="payment_add"),
    path("reports/", _orders, name="report_list"),
]
