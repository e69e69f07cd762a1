"""The two addresses of the bare site."""

from django.http import HttpResponse
from django.urls import path

from bench.bare import views

urlpatterns = [
    path("pay", views.pay),
    path("page", views.page),
    path("healthz", lambda _request: HttpResponse("ok")),
]
