"""All addresses. The staff pages have the root; each face brings its own list."""

from django.urls import include, path

from duebook.project.health import healthz

urlpatterns = [
    path("healthz", healthz, name="healthz"),
    path("accounts/", include("allauth.urls")),
    path("", include("duebook.web.urls")),
]
