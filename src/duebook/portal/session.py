"""Who is signed in as a partner: a session of its own beside that of the staff, with its own cookie.

Neither opens the other: a partner's session names no user, and a user's session names no partner.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, cast

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.contrib.sessions.backends.db import SessionStore
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.cache import never_cache

from duebook.partners.models import Partner
from duebook.staff.models import Business

P = ParamSpec("P")

COOKIE = "partner_session"
PATH = "/portal/"
_KEY = "signed_partner_id"
_SALT = "duebook.portal.session"
_AGE_SECONDS = 12 * 60 * 60


class PartnerRequest(HttpRequest):
    """A request of a partner who is signed in."""

    partner: Partner
    business: Business


def sign_in(response: HttpResponse, partner_id: int) -> None:
    """Begin a new session for the partner, whatever session there was."""
    store = SessionStore()
    store[_KEY] = signing.dumps(partner_id, salt=_SALT)
    store.set_expiry(_AGE_SECONDS)
    store.create()
    response.set_cookie(
        COOKIE,
        store.session_key or "",
        max_age=_AGE_SECONDS,
        path=PATH,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def sign_out(request: HttpRequest, response: HttpResponse) -> None:
    """End the session, here and in the database."""
    key = request.COOKIES.get(COOKIE)
    if key:
        SessionStore(key).delete()
    response.delete_cookie(COOKIE, path=PATH, samesite="Lax")


def partner_of(request: HttpRequest) -> Partner | None:
    """The active partner who is signed in, read anew for each request; None for a stranger."""
    key = request.COOKIES.get(COOKIE)
    if not key:
        return None
    try:
        partner_id = signing.loads(SessionStore(key).get(_KEY, ""), salt=_SALT)
    except signing.BadSignature:
        return None
    active = Partner.objects.filter(pk=partner_id, status=Partner.Statuses.ACTIVE)
    return active.select_related("contact").first()


def for_strangers(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """A page that anyone may open, and that nobody keeps."""
    return login_not_required(never_cache(view))


def for_partners(
    view: Callable[Concatenate[PartnerRequest, P], HttpResponse],
) -> Callable[..., HttpResponse]:
    """A page of the partner who is signed in; others are asked to sign in."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        partner = partner_of(request)
        if partner is None:
            return redirect("portal:sign_in")
        own = cast(PartnerRequest, request)
        own.partner = partner
        return view(own, *args, **kwargs)

    return for_strangers(guarded)
