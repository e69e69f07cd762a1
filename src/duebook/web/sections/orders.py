"""Addresses of orders, their invoices, and the logo that these are printed with."""

from django.urls import path

from duebook.web.views import order_items, orders

urlpatterns = [
    path("orders/", orders.order_list, name="order_list"),
    path("orders/new/", order_items.order_add, name="order_add"),
    path("orders/<int:order_id>/", orders.order, name="order"),
    path("orders/<int:order_id>/print/", orders.order_print, name="order_print"),
    path("orders/<int:order_id>/items/", order_items.order_change, name="order_items"),
    path("orders/<int:order_id>/cancellation/", orders.order_cancel, name="order_cancellation"),
    path("invoices/<int:invoice_id>/", orders.invoice, name="invoice"),
    path("invoices/<int:invoice_id>/void/", orders.invoice_void, name="invoice_void"),
    path("business/logo/", orders.logo, name="logo"),
]
