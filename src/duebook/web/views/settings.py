"""Settings of the business: its name and logo, the closed period, the limits of the roles."""

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from duebook.domain.permissions import Right
from duebook.ledger.queries import closing_decisions
from duebook.ledger.services.close_books import close_books
from duebook.staff.models import RoleLimit, User
from duebook.staff.services.change_business import change_business
from duebook.staff.services.change_logo import change_logo
from duebook.staff.services.set_role_limits import set_role_limits
from duebook.web.forms.settings import (
    LIMITED_ROLES,
    BusinessForm,
    CloseBooksForm,
    LimitsForm,
    LogoForm,
    locale_name,
    role_label,
)
from duebook.web.notices import add_notice
from duebook.web.request import StaffRequest, actor_of, requires, rights_of, today_of

_MOST_DECISIONS = 50


@require_safe
def overview(request: StaffRequest) -> HttpResponse:
    """What can be set; everyone may look at the business's own settings."""
    context = {"locale_name": locale_name(request.business.locale)}
    return render(request, "web/settings/overview.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Right.CHANGE_SETTINGS)
def business(request: StaffRequest) -> HttpResponse:
    """Name, address, currency, time zone, locale, terms."""
    form = BusinessForm(request.POST or None, initial=BusinessForm.values_of(request.business))
    if form.carries_out(
        request.business,
        lambda: change_business(details=form.details(), request_key=form.key, actor=actor_of(request)),
    ):
        add_notice(request, _("Saved."))
        return redirect("web:settings_business")
    context = {"form": form, "logo_form": LogoForm()}
    return render(request, "web/settings/business.html", context, status=form.status)


@require_http_methods(["POST"])
@requires(Right.CHANGE_SETTINGS)
def logo(request: StaffRequest) -> HttpResponse:
    """Take the uploaded logo, or remove the present one."""
    logo_form = LogoForm(request.POST, request.FILES)
    if logo_form.carries_out(
        request.business,
        lambda: change_logo(logo=logo_form.picture(), request_key=logo_form.key, actor=actor_of(request)),
    ):
        add_notice(request, _("Saved."))
        return redirect("web:settings_business")
    form = BusinessForm(initial=BusinessForm.values_of(request.business))
    context = {"form": form, "logo_form": logo_form}
    return render(request, "web/settings/business.html", context, status=logo_form.status)


@require_http_methods(["GET", "HEAD", "POST"])
def closed_period(request: StaffRequest) -> HttpResponse:
    """Until when the books are closed, who decided it, and the form for those who may."""
    decisions = closing_decisions(_MOST_DECISIONS)
    closed_until = decisions[0].closed_until if decisions else None
    may_close = Right.CLOSE_PERIODS in rights_of(request)
    form = CloseBooksForm(request.POST or None, initial={"closed_until": closed_until})
    if form.carries_out(
        request.business,
        lambda: close_books(
            closed_until=form.cleaned_data["closed_until"],
            reason=form.cleaned_data["reason"],
            request_key=form.key,
            actor=actor_of(request),
            on=today_of(request),
        ),
    ):
        add_notice(request, _("Saved."))
        return redirect("web:settings_closed_period")
    names = {
        user.pk: str(user) for user in User.objects.filter(pk__in={row.decided_by_id for row in decisions})
    }
    context = {
        "form": form if may_close else None,
        "closed_until": closed_until,
        "decisions": [(row, names.get(row.decided_by_id, "Duebook")) for row in decisions],
    }
    return render(request, "web/settings/closed_period.html", context, status=form.status)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Right.CHANGE_SETTINGS)
def limits(request: StaffRequest) -> HttpResponse:
    """What clerks and managers may handle at once and in a day, in the business's currency."""
    currency = request.business.currency
    stored = list(RoleLimit.objects.filter(currency=currency))
    form = LimitsForm(request.POST or None, business=request.business, initial=LimitsForm.values_of(stored))
    if form.carries_out(
        request.business,
        lambda: set_role_limits(
            limits=form.limits(),
            day_limits=form.day_limits(),
            currency=currency,
            request_key=form.key,
            actor=actor_of(request),
        ),
    ):
        add_notice(request, _("Saved."))
        return redirect("web:settings_limits")
    roles = [role_label(role) for role in LIMITED_ROLES]
    return render(request, "web/settings/limits.html", {"form": form, "roles": roles}, status=form.status)
