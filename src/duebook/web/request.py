"""What every page of a signed-in person needs to know: the business, its day, and what the person may do.

The middleware puts ``business`` on the request; nothing is read from the database before it is asked for.
"""

from collections.abc import Callable
from datetime import date
from functools import wraps
from typing import Concatenate, ParamSpec, cast

from django.http import HttpRequest, HttpResponseBase

from duebook.domain.errors import Forbidden
from duebook.domain.permissions import RIGHTS_OF, Actor, Right, Role, Source
from duebook.staff import queries
from duebook.staff.models import Business, User

P = ParamSpec("P")


class StaffRequest(HttpRequest):
    """A request of someone who is signed in."""

    user: User
    business: Business


def business_of(request: HttpRequest) -> Business:
    """The business's settings, read once a request."""
    kept = vars(request)
    if "business_row" not in kept:
        kept["business_row"] = queries.business()
    return cast(Business, kept["business_row"])


def rights_of(request: HttpRequest) -> frozenset[Right]:
    """What the signed-in person may do; nothing for a stranger. Costs no query."""
    user = cast(User, request.user)
    return RIGHTS_OF[Role(user.role)] if user.is_authenticated else frozenset()


def actor_of(request: StaffRequest) -> Actor:
    """The actor for a service, with the limits of the role: one query, so only where something is written."""
    return queries.actor_for(request.user, source=Source.WEB)


def today_of(request: HttpRequest) -> date:
    """Today in the business's time zone."""
    return queries.business_day(business_of(request))


def requires(
    right: Right,
) -> Callable[
    [Callable[Concatenate[StaffRequest, P], HttpResponseBase]],
    Callable[Concatenate[StaffRequest, P], HttpResponseBase],
]:
    """Refuse the page to people without the right. Services check again; this only spares them the form."""

    def decorate(
        view: Callable[Concatenate[StaffRequest, P], HttpResponseBase],
    ) -> Callable[Concatenate[StaffRequest, P], HttpResponseBase]:
        @wraps(view)
        def guarded(request: StaffRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            if right not in rights_of(request):
                raise Forbidden(right=right.value)
            return view(request, *args, **kwargs)

        return cast(Callable[Concatenate[StaffRequest, P], HttpResponseBase], guarded)

    return decorate


class May:
    """Rights by name for templates: ``{% if may.edit_contacts %}``. An unknown name raises."""

    def __init__(self, rights: frozenset[Right]) -> None:
        self._rights = rights

    def __getitem__(self, name: str) -> bool:
        if name.upper() not in Right.__members__:
            raise ValueError(f"no right is called {name}")
        return Right[name.upper()] in self._rights
