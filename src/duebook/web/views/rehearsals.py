"""Rehearsals: a changed or new program over the payments of a past period, then valid from now on."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import Max
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from duebook.catalog.queries import products_to_offer
from duebook.domain.permissions import Right
from duebook.events.rows import row_by_id
from duebook.partners.models import Partner, Program
from duebook.partners.queries import partners_to_offer, program_by_id
from duebook.partners.services.save_program import save_program
from duebook.partners.writing import program_payload
from duebook.reports.models import Rehearsal
from duebook.reports.rehearsal import details_from_json
from duebook.reports.services.run_rehearsal import start_rehearsal
from duebook.web.downloads import amount_cell, csv_download
from duebook.web.forms.programs import ProgramForm, RuleRows, refuse_rules
from duebook.web.forms.rates import values_of_rates
from duebook.web.forms.rehearsals import RehearsalForm, SaveProgramForm
from duebook.web.forms.reports import usual_periods
from duebook.web.notices import add_notice
from duebook.web.numbered_pages import numbered, page_number
from duebook.web.rate_rows import PREFIX, carry_out_with_rows, only_adds_rows, sent_rows, status_with_rows
from duebook.web.rehearsal_run import run_now_or_later
from duebook.web.request import StaffRequest, actor_of, requires, today_of

_STEP = 10
_LATEST = 20
_LAST_MONTH = 2
_PAGE = 50


@dataclass(frozen=True, slots=True)
class OutcomeRow:
    """What one partner earned and would have earned."""

    partner_id: int
    name: str
    code: str
    currency: str
    old_minor: int
    new_minor: int

    @property
    def difference_minor(self) -> int:
        return self.new_minor - self.old_minor


@dataclass(frozen=True, slots=True)
class OutcomeSum:
    """All partners of one currency."""

    currency: str
    old_minor: int
    new_minor: int

    @property
    def difference_minor(self) -> int:
        return self.new_minor - self.old_minor


@require_safe
@requires(Right.VIEW_COMMISSIONS)
def rehearsals(request: StaffRequest) -> HttpResponse:
    """The latest rehearsals, and the programs that can be rehearsed."""
    context = {
        "rehearsals": Rehearsal.objects.defer("outcome").order_by("-id")[:_LATEST],
        "programs": Program.objects.order_by("priority", "id"),
    }
    return render(request, "web/rehearsals/list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Right.SET_COMMISSIONS)
def rehearsal_new(request: StaffRequest) -> HttpResponse:
    """Change the rates of a program, or make up a new one; nothing is saved."""
    program = _program(request.GET.get("program", ""))
    first, rules = _first_values(request, program)
    form = RehearsalForm(
        request.POST or None, partners=partners_to_offer(*first.get("members", ())), initial=first
    )
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
    context = {
        "form": form,
        "rows": rows,
        "program": program,
        "programs": Program.objects.order_by("priority", "id"),
    }
    if request.method == "POST" and only_adds_rows(request):
        return render(request, "web/rehearsals/new.html", context)
    started: list[Rehearsal] = []

    def start() -> None:
        started.append(
            start_rehearsal(
                program_id=program.pk if program else None,
                details=form.details(row.rule() for row in rows.filled),
                first=form.cleaned_data["first"],
                last=form.cleaned_data["last"],
                actor=actor_of(request),
                on=today_of(request),
            )
        )

    if request.method == "POST" and carry_out_with_rows(
        request, form, rows, start, lambda error: refuse_rules(rows, error, request.business)
    ):
        run_now_or_later(started[0])
        return redirect("web:rehearsal", started[0].pk)
    return render(request, "web/rehearsals/new.html", context, status=status_with_rows(form, rows))


def _program(asked: str) -> Program | None:
    """The program in the address; None for a new one."""
    if not asked:
        return None
    if not (asked.isascii() and asked.isdigit() and len(asked) < 19):
        raise Http404
    return program_by_id(int(asked))


def _first_values(
    request: StaffRequest, program: Program | None
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    period = usual_periods(today_of(request))[_LAST_MONTH][1]
    days = {"first": period.first, "last": period.last}
    if program is None:
        last = Program.objects.aggregate(last=Max("priority"))["last"] or 0
        active = [partner.pk for partner in partners_to_offer()]
        return {**days, "priority": last + _STEP, "name": _("New program"), "members": active}, []
    rules = values_of_rates(program.rules.order_by("id"), request.business)
    return {**ProgramForm.values_of(program), **days}, rules


@require_safe
@requires(Right.VIEW_COMMISSIONS)
def rehearsal(request: StaffRequest, rehearsal_id: int) -> HttpResponse:
    """How far it is, or per partner old, new and the difference; the largest differences first."""
    found = _rehearsal(rehearsal_id)
    rows = sorted(_rows(found), key=lambda row: (-abs(row.difference_minor), row.name, row.partner_id))
    number = page_number(request.GET)
    start = (number - 1) * _PAGE
    context = {
        "rehearsal": found,
        "details": details_from_json(found.details),
        "is_done": found.state == Rehearsal.States.DONE,
        "page": numbered(rows[start : start + _PAGE + 1], number, size=_PAGE),
        "sums": _sums(rows),
    }
    if request.headers.get("HX-Request"):
        # The page asks only how far it is; once it is done, it loads itself anew.
        if found.state == Rehearsal.States.DONE:
            return HttpResponse(headers={"HX-Refresh": "true"})
        return render(request, "web/rehearsals/_progress.html", context)
    return render(request, "web/rehearsals/result.html", context)


def _rehearsal(rehearsal_id: int) -> Rehearsal:
    return row_by_id(Rehearsal.objects, rehearsal_id, "Rehearsal")


def _rows(found: Rehearsal) -> list[OutcomeRow]:
    ids = [row[0] for row in found.outcome]
    names = {pk: (name, code) for pk, name, code in _names(ids)}
    return [
        OutcomeRow(pk, *names.get(pk, (f"#{pk}", "")), currency, old, new)
        for pk, currency, old, new in found.outcome
    ]


def _names(ids: list[int]) -> Iterable[tuple[int, str, str]]:
    return Partner.objects.filter(pk__in=ids).values_list("pk", "name", "code")


def _sums(rows: Iterable[OutcomeRow]) -> list[OutcomeSum]:
    sums: dict[str, tuple[int, int]] = {}
    for row in rows:
        old, new = sums.get(row.currency, (0, 0))
        sums[row.currency] = (old + row.old_minor, new + row.new_minor)
    return [OutcomeSum(currency, old, new) for currency, (old, new) in sorted(sums.items())]


@require_safe
@requires(Right.VIEW_COMMISSIONS)
def rehearsal_csv(request: StaffRequest, rehearsal_id: int) -> HttpResponseBase:
    """Per partner old, new and the difference, as a file."""
    found = _rehearsal(rehearsal_id)
    rows = sorted(_rows(found), key=lambda row: (row.name, row.partner_id))
    return csv_download(
        f"rehearsal-{found.pk}",
        ["Partner", "Code", "Old", "New", "Difference", "Currency"],
        (
            [
                row.name,
                row.code,
                amount_cell(row.old_minor, row.currency),
                amount_cell(row.new_minor, row.currency),
                amount_cell(row.difference_minor, row.currency),
                row.currency,
            ]
            for row in rows
        ),
    )


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Right.SET_COMMISSIONS)
def rehearsal_program(request: StaffRequest, rehearsal_id: int) -> HttpResponse:
    """Save the rehearsed program: valid for orders from now on."""
    found = _rehearsal(rehearsal_id)
    form = SaveProgramForm(request.POST or None)
    if form.is_valid():
        saved = form.carry_out(
            request.business,
            lambda: save_program(
                program_id=found.program_id,
                details=details_from_json(found.details),
                request_key=form.key,
                actor=actor_of(request),
            ),
        )
        if saved is not None:
            add_notice(request, _("Saved. It is valid for orders from now on; older ones keep their rules."))
            return redirect("web:program", saved.pk)
    program = Program.objects.filter(pk=found.program_id or 0).first()
    context = {
        "form": form,
        "rehearsal": found,
        "details": details_from_json(found.details),
        "changed_since": program is not None and program_payload(program) != found.before,
    }
    return render(request, "web/rehearsals/save.html", context, status=form.status)
