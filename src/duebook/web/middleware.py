"""Each request knows its business; a refusal that no form took care of becomes a page that explains it."""

from collections.abc import Callable
from functools import partial
from http import HTTPStatus

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext as _

from duebook.domain.errors import DomainError
from duebook.web.errors import status_of, text_of
from duebook.web.request import business_of


class BusinessMiddleware:
    """Sets ``request.business``, read once and only when it is asked for."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.business = SimpleLazyObject(partial(business_of, request))  # type: ignore[attr-defined]
        response = self.get_response(request)
        if response.status_code == HTTPStatus.METHOD_NOT_ALLOWED and request.user.is_authenticated:
            # Whoever logs in again after clicking a button is led to the address that the button sends to.
            explanation = _(
                "Nothing was done: this address takes only what a button sends. If you had to log in after"
                " clicking it, go back to its page and click once more."
            )
            page = _page(request, explanation, response.status_code)
            page["Allow"] = response["Allow"]
            return page
        return response

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if not isinstance(error, DomainError):
            return None
        return _page(request, text_of(error, business_of(request)), status_of(error))


def _page(request: HttpRequest, explanation: str, status: int) -> HttpResponse:
    context = {"explanation": explanation, "status": status}
    return render(request, "web/refused.html", context, status=status)
