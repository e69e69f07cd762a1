"""The floor over HTTP, and the floor of a page."""

from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.csrf import csrf_exempt

from bench.bare.models import BareInvoice

ROWS = 50
COUNTED = 1000


@csrf_exempt
def pay(request: HttpRequest) -> HttpResponse:
    """Call the floor's function."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT bench_floor(%s, %s)", [request.POST["invoice"], request.POST["key"]])
        return JsonResponse({"payment": cursor.fetchone()[0]})


def page(request: HttpRequest) -> HttpResponse:
    """Fifty open invoices with their contacts, and a count that stops at a thousand."""
    invoices = BareInvoice.objects.filter(balance_due_minor__gt=0)
    context = {
        "invoices": invoices.select_related("contact").order_by("due_on", "id")[:ROWS],
        "count": invoices[:COUNTED].count(),
    }
    return render(request, "page.html", context)
