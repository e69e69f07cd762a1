"""Signing in by a link that comes by e-mail, and signing out."""

import secrets

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _, gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from procrastinate.contrib.django import app

from duebook.partners import sign_in_tokens
from duebook.partners.models import Partner
from duebook.partners.services.email_sign_in_link import PLACE
from duebook.portal.limits import is_allowed, place_of
from duebook.portal.session import for_strangers, partner_of, sign_in, sign_out

_HOUR = 60 * 60
LINKS_AN_ADDRESS = 5
LINKS_A_PLACE = 30


class SignInForm(forms.Form):
    email = forms.EmailField(
        label=gettext_lazy("E-mail"),
        error_messages={"required": gettext_lazy("Enter your e-mail address.")},
        widget=forms.EmailInput({"autocomplete": "email"}),
    )


@for_strangers
@require_http_methods(["GET", "HEAD", "POST"])
def sign_in_page(request: HttpRequest) -> HttpResponse:
    """Ask for the address; the answer is the same whoever it belongs to, and takes as long."""
    if partner_of(request) is not None:
        return redirect("portal:overview")
    form = SignInForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        if not is_allowed("place", place_of(request), times=LINKS_A_PLACE, seconds=_HOUR):
            form.add_error(None, _("Too many tries from here. Wait an hour."))
            return render(request, "portal/sign_in.html", {"form": form}, status=429)
        email = form.cleaned_data["email"].lower()
        if is_allowed("address", email, times=LINKS_AN_ADDRESS, seconds=_HOUR):
            link = request.build_absolute_uri(reverse("portal:link", args=[PLACE]))
            app.configure_task("email_partner_link").defer(
                email=email, link=link, request_key=f"partner-link:{secrets.token_urlsafe(16)}"
            )
        return redirect("portal:link_sent")
    status = 422 if form.is_bound else 200
    return render(request, "portal/sign_in.html", {"form": form}, status=status)


@for_strangers
@require_safe
def link_sent(request: HttpRequest) -> HttpResponse:
    """Say that a link is on its way, if there is someone to send it to."""
    minutes = sign_in_tokens.LIFETIME_SECONDS // 60
    return render(request, "portal/link_sent.html", {"minutes": minutes})


@for_strangers
@require_http_methods(["GET", "HEAD", "POST"])
def link(request: HttpRequest, token: str) -> HttpResponse:
    """The page that the link opens. Only its button uses the link up: mail programs open links themselves."""
    if request.method != "POST":
        good = sign_in_tokens.is_good(token)
        return render(request, "portal/link.html", {"is_good": good}, status=200 if good else 410)
    partner_id = sign_in_tokens.redeem(token)
    if partner_id is None or not _is_active(partner_id):
        return render(request, "portal/link.html", {"is_good": False}, status=410)
    response = redirect("portal:overview")
    sign_in(response, partner_id)
    return response


@for_strangers
@require_POST
def sign_out_page(request: HttpRequest) -> HttpResponse:
    """End the partner's session; that of the staff in the same browser goes on."""
    response = redirect("portal:sign_in")
    sign_out(request, response)
    return response


def _is_active(partner_id: int) -> bool:
    return Partner.objects.filter(pk=partner_id, status=Partner.Statuses.ACTIVE).exists()
