"""Each request knows its business; a refusal that no form took care of becomes a page that explains it."""

from collections.abc import Callable
from functools import partial

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.functional import SimpleLazyObject

from duebook.domain.errors import DomainError
from duebook.web.errors import status_of, text_of
from duebook.web.request import business_of


class BusinessMiddleware:
    """Sets ``request.business``, read once and only when it is asked for."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.business = SimpleLazyObject(partial(business_of, request))  # type: ignore[attr-defined]
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if not isinstance(error, DomainError):
            return None
        context = {"explanation": text_of(error, business_of(request)), "status": status_of(error)}
        return render(request, "web/refused.html", context, status=status_of(error))
