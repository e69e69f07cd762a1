"""Logging in and asking for a new password: allauth's forms, in the words of the other pages."""

from typing import Any

from allauth.account.forms import LoginForm, ResetPasswordForm
from django.forms import Field
from django.utils.translation import gettext as _


class StaffLoginForm(LoginForm):  # type: ignore[misc]
    """The e-mail address and the password."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _name_it(self.fields["login"])


class ForgottenPasswordForm(ResetPasswordForm):  # type: ignore[misc]
    """The e-mail address to which a link to a new password goes."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _name_it(self.fields["email"])


def _name_it(field: Field) -> None:
    field.label = _("E-mail")
    field.widget.attrs["placeholder"] = ""
