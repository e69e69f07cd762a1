"""What every template may use: ``business``, ``today``, ``may``, the ``notices`` of what was just done, how
much money is waiting ``to_decide`` about, and whether ``nobody_yet`` can sign in.
"""

from functools import cache, partial
from typing import Any

from django.http import HttpRequest

from duebook.payments.to_decide import count_to_decide
from duebook.staff.queries import is_there_nobody
from duebook.web.notices import take_notices
from duebook.web.request import May, rights_of, today_of


def page(request: HttpRequest) -> dict[str, Any]:
    """Names for templates; those that would cost a query are read when used."""
    return {
        "business": getattr(request, "business", None),
        "today": partial(today_of, request),
        "may": May(rights_of(request)) if hasattr(request, "user") else May(frozenset()),
        "notices": partial(take_notices, request),
        "to_decide": cache(count_to_decide),
        "nobody_yet": is_there_nobody,
    }
