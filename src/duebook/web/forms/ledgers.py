"""Which partners and which days a page of ledgers shows."""

from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from duebook.partners.models import Partner, Program
from duebook.reports.queries.partner_ledgers import LedgerFilter
from duebook.web.forms.fields import field_of
from duebook.web.forms.reports import Period, PeriodForm, with_defaults


class LedgerForm(PeriodForm):
    all_optional = True

    q = forms.CharField(label=_("Name or code"), max_length=100, required=False)
    program = forms.TypedChoiceField(label=_("Program"), coerce=int, empty_value=None, required=False)
    status = forms.ChoiceField(
        label=_("Status"), required=False, choices=[("", _("All")), *Partner.Statuses.choices]
    )
    parent = forms.CharField(label=_("Parent's name or code"), max_length=100, required=False)

    narrowing = ("q", "program", "status", "parent")
    """The fields that leave partners out."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        programs = Program.objects.order_by("priority", "id").values_list("pk", "name")
        field_of(self, "program", forms.ChoiceField).choices = [
            ("", _("All")),
            *((str(pk), name) for pk, name in programs),
        ]

    @classmethod
    def asked(cls, query: QueryDict, *, default: Period) -> "LedgerForm":
        """The form as the address fills it in; the default period's days where it names none."""
        days = {"first": default.first.isoformat(), "last": default.last.isoformat()}
        return cls({**{name: query.get(name, "") for name in cls.narrowing}, **with_defaults(query, days)})

    @property
    def narrows(self) -> bool:
        """Whether partners are left out."""
        return any(self.data.get(name) for name in self.narrowing)

    def wanted(self) -> LedgerFilter:
        """What was asked for; only of a valid form."""
        data = self.cleaned_data
        return LedgerFilter(
            first=data["first"],
            last=data["last"],
            program_id=data["program"],
            status=data["status"],
            parent=data["parent"],
            text=data["q"],
        )
