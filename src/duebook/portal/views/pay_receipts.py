"""What a page of a pay link leads to: the receipt as PDF, and the business's logo."""

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from duebook.domain.charging import ChargeState
from duebook.payments.models import Payment
from duebook.portal.session import for_strangers
from duebook.portal.views.pay import may_open, page, payment_told, too_often
from duebook.reports.queries.receipt import receipt_of
from duebook.reports.receipt_pdf import receipt_pdf
from duebook.staff.models import Business


@for_strangers
@require_safe
def receipt_file(request: HttpRequest, token: str, number: int) -> HttpResponse:
    """The receipt of a payment that was made by the link."""
    if not may_open(request):
        return too_often(request)
    made = payment_told(token, number)
    if made is None or made.charge is None or made.charge.state != ChargeState.SUCCEEDED.value:
        return page(request, "pay/over", status=410)
    receipt = receipt_of(Payment.objects.get(charge_id=made.charge.pk).pk)
    response = HttpResponse(
        receipt_pdf(receipt, Business.objects.get(pk=1)),
        content_type="application/pdf",
        headers={"Content-Disposition": f'inline; filename="receipt-{receipt.number}.pdf"'},
    )
    response["X-Robots-Tag"] = "noindex, nofollow"
    return response


@login_not_required
@require_safe
@cache_control(public=True, max_age=300)
def logo(request: HttpRequest) -> HttpResponse:
    """The business's logo, as it stands on its invoices."""
    row = Business.objects.only("logo", "logo_type").get(pk=1)
    if not row.logo or not row.logo_type:
        raise Http404
    return HttpResponse(bytes(row.logo), content_type=row.logo_type)
