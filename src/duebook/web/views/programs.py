"""Programs: the list in the order in which they are asked, trying them, adding and editing."""

from typing import Any

from django.db.models import Max
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from duebook.catalog.queries import products_to_offer
from duebook.commissions.trying import Trial, try_imagined, try_order
from duebook.domain.permissions import Right
from duebook.partners.models import Program
from duebook.partners.queries import partners_to_offer, program_by_id, programs_in_order
from duebook.partners.services.save_program import save_program
from duebook.web.forms.programs import ProgramForm, RuleRows, TryForm, refuse_rules
from duebook.web.forms.rates import values_of_rates
from duebook.web.notices import add_notice
from duebook.web.rate_rows import PREFIX, carry_out_with_rows, only_adds_rows, sent_rows, status_with_rows
from duebook.web.request import StaffRequest, actor_of, requires
from duebook.web.search import order_by_number

_STEP = 10


@require_safe
@requires(Right.VIEW_COMMISSIONS)
def program_list(request: StaffRequest) -> HttpResponse:
    """All programs, the order of precedence in words, and a box to try it."""
    asked = "amount" in request.GET or "order" in request.GET
    form = TryForm(
        request.GET if asked else None,
        business=request.business,
        partners=partners_to_offer(),
        products=products_to_offer(),
    )
    context: dict[str, Any] = {"programs": programs_in_order(), "form": form}
    if asked and form.is_valid():
        context["trial"] = _trial(form, context)
    status = 422 if form.errors else 200
    return render(request, "web/programs/list.html", context, status=status)


def _trial(form: TryForm, context: dict[str, Any]) -> Trial | None:
    data = form.cleaned_data
    if data["order"]:
        order = order_by_number(data["order"])
        if order is None:
            form.add_error("order", _("There is no order and no invoice of this number."))
            return None
        context["order"] = order
        return try_order(order)
    product = form.products.get(data["product"])
    return try_imagined(
        amount=data["amount"],
        description=product.name if product else _("An item without a product"),
        product_id=data["product"],
        **form.partners_by_role(),
    )


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Right.SET_COMMISSIONS)
def program_add(request: StaffRequest) -> HttpResponse:
    """Add a program with its rules and members."""
    last = Program.objects.aggregate(last=Max("priority"))["last"] or 0
    return _edit(request, None, {"priority": last + _STEP}, [])


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Right.SET_COMMISSIONS)
def program_edit(request: StaffRequest, program_id: int) -> HttpResponse:
    """Change a program; orders that exist keep the rules they have."""
    program = program_by_id(program_id)
    rules = list(program.rules.order_by("id"))
    first = values_of_rates(rules, request.business)
    return _edit(request, program, ProgramForm.values_of(program), first)


def _edit(
    request: StaffRequest, program: Program | None, first: dict[str, Any], rules: list[dict[str, Any]]
) -> HttpResponse:
    members = partners_to_offer(*first.get("members", ()))
    form = ProgramForm(request.POST or None, partners=members, initial=first)
    rows = RuleRows(
        sent_rows(request),
        prefix=PREFIX,
        initial=rules,
        form_kwargs={
            "business": request.business,
            "currency": request.business.currency,
            "products": products_to_offer(*(rule["product"] or None for rule in rules)),
        },
    )
    context = {"form": form, "rows": rows, "program": program, "has_members": bool(members)}
    if request.method == "POST" and only_adds_rows(request):
        return render(request, "web/programs/form.html", context)

    def save() -> None:
        save_program(
            program_id=program.pk if program else None,
            details=form.details(row.rule() for row in rows.filled),
            request_key=form.key,
            actor=actor_of(request),
        )

    if request.method == "POST" and carry_out_with_rows(
        request, form, rows, save, lambda error: refuse_rules(rows, error, request.business)
    ):
        words = _("Saved. Orders that exist keep the rules they have.") if program else _("Program added.")
        add_notice(request, words)
        return redirect("web:program_list")
    return render(request, "web/programs/form.html", context, status=status_with_rows(form, rows))
