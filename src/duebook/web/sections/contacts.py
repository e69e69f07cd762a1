"""Addresses below /contacts/."""

from django.urls import path

from duebook.web.views import contacts

urlpatterns = [
    path("", contacts.contact_list, name="contact_list"),
    path("new/", contacts.contact_add, name="contact_add"),
    path("<int:contact_id>/", contacts.contact_details, name="contact"),
    path("<int:contact_id>/edit/", contacts.contact_edit, name="contact_edit"),
    path("<int:contact_id>/orders/", contacts.contact_orders, name="contact_orders"),
    path("<int:contact_id>/payments/", contacts.contact_payments, name="contact_payments"),
    path("<int:contact_id>/history/", contacts.contact_history, name="contact_history"),
]
