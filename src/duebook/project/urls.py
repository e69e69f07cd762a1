"""All addresses. The staff pages have the root; each face brings its own list."""

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponseRedirect
from django.shortcuts import redirect
from django.templatetags.static import static
from django.urls import include, path
from django.views.generic import RedirectView

from duebook.project.health import healthz


@login_not_required
def favicon(request: HttpRequest) -> HttpResponseRedirect:
    """What a browser asks for beside everything that is not a page of ours, such as a CSV file or JSON."""
    return redirect(static("web/icon.svg"))


urlpatterns = [
    path("healthz", healthz, name="healthz"),
    path("favicon.ico", favicon),
    # The address is what the owner says it is; it changes under Settings, with an event.
    path("accounts/email/", RedirectView.as_view(pattern_name="web:profile")),
    path("accounts/", include("allauth.urls")),
    path("portal/", include("duebook.portal.urls")),
    path("pay/", include("duebook.portal.pay_urls")),
    path("", include("duebook.web.urls")),
]
