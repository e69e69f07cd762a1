"""Settings: the payment types, their order, account and default for commissions."""

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from duebook.domain.payment_kinds import PaymentKind
from duebook.domain.permissions import Right
from duebook.events.rows import row_by_id
from duebook.payments.models import PaymentType
from duebook.payments.services.add_payment_type import add_payment_type
from duebook.payments.services.arrange_payment_types import arrange_payment_types
from duebook.payments.services.edit_payment_type import edit_payment_type
from duebook.web.forms.keyed import KeyedForm, new_request_key
from duebook.web.forms.settings import PaymentTypeForm
from duebook.web.notices import add_notice
from duebook.web.request import StaffRequest, actor_of, requires


@require_safe
@requires(Right.CHANGE_SETTINGS)
def type_list(request: StaffRequest) -> HttpResponse:
    """All types in the order in which the form offers them."""
    types = list(PaymentType.objects.select_related("account"))
    rows = [
        {"type": one, "up": _swapped(types, i - 1), "down": _swapped(types, i)} for i, one in enumerate(types)
    ]
    return render(request, "web/settings/types.html", {"rows": rows, "request_key": new_request_key()})


def _swapped(types: list[PaymentType], place: int) -> str:
    """The ids with those at the place and after it exchanged; empty where there is nothing to exchange."""
    if not 0 <= place < len(types) - 1:
        return ""
    ids = [one.pk for one in types]
    ids[place], ids[place + 1] = ids[place + 1], ids[place]
    return ",".join(map(str, ids))


@require_http_methods(["POST"])
@requires(Right.CHANGE_SETTINGS)
def type_order(request: StaffRequest) -> HttpResponse:
    """Put the types in the order that was sent."""
    form = KeyedForm(request.POST)
    ids = [int(part) for part in request.POST.get("ids", "").split(",") if part.isdigit()][:1000]
    if form.is_valid() and ids:
        arrange_payment_types(payment_type_ids=ids, request_key=form.key, actor=actor_of(request))
    return redirect("web:settings_types")


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Right.CHANGE_SETTINGS)
def type_add(request: StaffRequest) -> HttpResponse:
    """Add a type."""
    form = PaymentTypeForm(request.POST or None)
    if form.is_valid():
        added = form.carry_out(
            request.business,
            lambda: add_payment_type(
                details=form.details(),
                kind=PaymentKind(form.cleaned_data["kind"]),
                request_key=form.key,
                actor=actor_of(request),
            ),
        )
        if added is not None:
            add_notice(request, _("%(name)s added.") % {"name": added})
            return redirect("web:settings_types")
    return render(request, "web/settings/type_form.html", {"form": form}, status=form.status)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Right.CHANGE_SETTINGS)
def type_edit(request: StaffRequest, type_id: int) -> HttpResponse:
    """Rename a type, change its account or defaults, or put it out of use."""
    payment_type = row_by_id(PaymentType.objects.select_related("account"), type_id, "Payment type")
    form = PaymentTypeForm(
        request.POST or None, payment_type=payment_type, initial=PaymentTypeForm.values_of(payment_type)
    )
    if form.carries_out(
        request.business,
        lambda: edit_payment_type(
            payment_type_id=type_id, details=form.details(), request_key=form.key, actor=actor_of(request)
        ),
    ):
        add_notice(request, _("Saved."))
        return redirect("web:settings_types")
    context = {"form": form, "payment_type": payment_type}
    return render(request, "web/settings/type_form.html", context, status=form.status)
