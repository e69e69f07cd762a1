"""The guide inside the product."""

from django.http import FileResponse, Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from duebook.web.guide import guide_page, guide_pages, guide_picture
from duebook.web.request import StaffRequest


@require_safe
def help_list(request: StaffRequest) -> HttpResponse:
    """All pages of the guide."""
    return render(request, "web/help/list.html", {"pages": guide_pages()})


@require_safe
def help_page(request: StaffRequest, page: str) -> HttpResponse:
    """One page of the guide."""
    found = guide_page(page)
    if found is None:
        raise Http404
    return render(request, "web/help/page.html", {"page": found})


@require_safe
def help_picture(request: StaffRequest, name: str) -> FileResponse:
    """A picture that a page of the guide shows."""
    path = guide_picture(name)
    if path is None:
        raise Http404
    return FileResponse(path.open("rb"), content_type="image/png")
