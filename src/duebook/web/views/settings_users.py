"""Settings: who may sign in, and in which role."""

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from duebook.domain.permissions import Right, Role
from duebook.events.rows import row_by_id
from duebook.staff.models import User
from duebook.staff.services.add_user import add_user
from duebook.staff.services.change_user import change_user
from duebook.staff.services.set_password import set_password
from duebook.web.forms.settings import PasswordForm, UserChangeForm, UserForm
from duebook.web.notices import add_notice
from duebook.web.request import StaffRequest, actor_of, requires


@require_safe
def profile(request: StaffRequest) -> HttpResponse:
    """Who is signed in, and the way to their password and second factor."""
    return render(request, "web/settings/profile.html")


@require_safe
@requires(Right.MANAGE_USERS)
def user_list(request: StaffRequest) -> HttpResponse:
    """All users, those who may sign in first."""
    users = User.objects.order_by("-is_active", "name", "email")
    return render(request, "web/settings/users.html", {"users": users})


@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
@requires(Right.MANAGE_USERS)
def user_add(request: StaffRequest) -> HttpResponse:
    """Add a user with a first password."""
    form = UserForm(request.POST or None)
    if form.is_valid():
        data = form.cleaned_data
        added = form.carry_out(
            request.business,
            lambda: add_user(
                email=data["email"],
                name=data["name"],
                role=Role(data["role"]),
                password=data["password"],
                request_key=form.key,
                actor=actor_of(request),
            ),
        )
        if added is not None:
            add_notice(request, _("%(name)s added.") % {"name": added})
            return redirect("web:settings_users")
    return render(request, "web/settings/user_form.html", {"form": form}, status=form.status)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Right.MANAGE_USERS)
def user_edit(request: StaffRequest, user_id: int) -> HttpResponse:
    """Change a user's name or role, or stop them from signing in."""
    person = _user(user_id)
    first = {"name": person.name, "role": person.role, "active": person.is_active}
    form = UserChangeForm(request.POST or None, initial=first)
    if form.is_valid():
        data = form.cleaned_data
        saved = form.carry_out(
            request.business,
            lambda: change_user(
                user_id=user_id,
                name=data["name"],
                role=Role(data["role"]),
                active=data["active"],
                request_key=form.key,
                actor=actor_of(request),
            ),
        )
        if saved is not None:
            add_notice(request, _("Saved."))
            return redirect("web:settings_users")
    context = {"form": form, "password_form": PasswordForm(prefix="new"), "person": person}
    return render(request, "web/settings/user_form.html", context, status=form.status)


@sensitive_post_parameters("new-password")
@require_http_methods(["POST"])
@requires(Right.MANAGE_USERS)
def user_password(request: StaffRequest, user_id: int) -> HttpResponse:
    """Give a user a new password."""
    person = _user(user_id)
    form = PasswordForm(request.POST, prefix="new")
    if form.carries_out(
        request.business,
        lambda: set_password(
            user_id=user_id,
            password=form.cleaned_data["password"],
            request_key=form.key,
            actor=actor_of(request),
        ),
    ):
        add_notice(request, _("%(name)s has a new password.") % {"name": person})
        return redirect("web:settings_users")
    first = {"name": person.name, "role": person.role, "active": person.is_active}
    context = {"form": UserChangeForm(initial=first), "password_form": form, "person": person}
    return render(request, "web/settings/user_form.html", context, status=form.status)


def _user(user_id: int) -> User:
    return row_by_id(User.objects, user_id, "User")
