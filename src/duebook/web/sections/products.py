"""Addresses below /products/."""

from django.urls import path

from duebook.web.views import products

urlpatterns = [
    path("", products.product_list, name="product_list"),
    path("new/", products.product_add, name="product_add"),
    path("<int:product_id>/edit/", products.product_edit, name="product_edit"),
]
