"""The search field of the top bar: a list under the field while typing, a page without JavaScript."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from duebook.web.request import StaffRequest
from duebook.web.search import Found, find


@require_safe
def search(request: StaffRequest) -> HttpResponse:
    """What the text leads to; the whole page shows more of it."""
    text = request.GET.get("q", "").strip()[:100]
    as_list = "HX-Request" in request.headers
    found = find(text, limit=8 if as_list else 50) if len(text) > 1 or text.isdigit() else Found()
    context = {"finder_text": text, "found": found}
    answer = render(request, "web/search/_found.html" if as_list else "web/search/page.html", context)
    answer.headers["Vary"] = "HX-Request"
    return answer
