"""Moving what a payment settles: to another invoice of the contact, or to credit on account."""

from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from duebook.domain.permissions import Right
from duebook.payments.queries import applied_by, payment_by_id
from duebook.payments.services.move_allocation import move_allocation, preview_move
from duebook.web import payment_preview
from duebook.web.forms.payment_acts import MoveForm
from duebook.web.notices import add_notice
from duebook.web.payment_act import Act, fill_in_hint, perform
from duebook.web.payment_preview import Preview
from duebook.web.payment_scene import read_scene
from duebook.web.request import StaffRequest, actor_of, requires, today_of
from duebook.web.way_back import asked_page, way_back


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Right.MOVE_ALLOCATIONS)
def payment_move(request: StaffRequest, payment_id: int, invoice_id: int) -> HttpResponse:
    """Ask where the amount goes, show the balances after, then move it."""
    payment = payment_by_id(payment_id)
    part = next((part for part in applied_by(payment) if part.invoice.pk == invoice_id), None)
    if part is None:
        raise Http404
    actor, on = actor_of(request), today_of(request)
    scene = read_scene(request, payment.contact_id)
    others = [due for due in scene.of_currency(payment.currency) if due.id != invoice_id]
    first = {"amount": part.amount, "to_invoice": MoveForm.RELEASE if asked_page(request) else ""}
    form = MoveForm(scene, payment.currency, others, request.POST or None, initial=first)

    def preview() -> Preview:
        if not form.is_bound:
            return fill_in_hint()
        return payment_preview.of_move(
            preview_move(
                payment_id=payment_id,
                from_invoice_id=invoice_id,
                to_invoice_id=form.to_invoice_id(),
                amount=form.cleaned_data["amount"],
                actor=actor,
                on=on,
            ),
            scene,
        )

    def done() -> HttpResponse:
        add_notice(request, _("Moved. The money itself stays where it is."))
        return redirect(way_back(request, payment_id))

    act = Act(
        template="web/payments/move.html",
        preview=preview,
        write=lambda: move_allocation(
            payment_id=payment_id,
            from_invoice_id=invoice_id,
            to_invoice_id=form.to_invoice_id(),
            amount=form.cleaned_data["amount"],
            request_key=form.key,
            actor=actor,
            on=on,
        ),
        done=done,
        context={
            "payment": payment,
            "contact": payment.contact,
            "part": part,
            "back": way_back(request, payment_id),
        },
    )
    return perform(request, form, act)
