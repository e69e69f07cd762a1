"""Payouts: batches, building one after a preview, and what happens to it until it is paid."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _, gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from duebook.commissions.models import PayoutBatch
from duebook.commissions.payouts import PartnerPayable, company_of, payable_by_partner
from duebook.commissions.services.approve_payout_batch import approve_payout_batch
from duebook.commissions.services.build_payout_batch import build_payout_batch
from duebook.commissions.services.pay_payout_batch import pay_payout_batch
from duebook.commissions.services.reject_payout_batch import reject_payout_batch
from duebook.domain.errors import BatchState, FutureCutOff
from duebook.domain.money import Money
from duebook.domain.permissions import Right
from duebook.domain.second_person import Company
from duebook.partners.models import Partner
from duebook.reports.queries.partner_payouts import (
    batch_facts,
    every_bank_row,
    latest_batches,
    payouts_of_batch,
)
from duebook.web.downloads import amount_cell, csv_download
from duebook.web.errors import add_to_form
from duebook.web.formats import figure
from duebook.web.forms.keyed import KeyedForm
from duebook.web.forms.payouts import ApproveForm, BuildPayoutForm, PayForm, RejectForm
from duebook.web.notices import add_notice
from duebook.web.numbered_pages import NumberedPage, numbered, page_number, window
from duebook.web.request import StaffRequest, actor_of, requires, rights_of, today_of

_SHOWN_IN_PREVIEW = 100


@require_safe
@requires(Right.VIEW_COMMISSIONS)
def payouts(request: StaffRequest) -> HttpResponse:
    """All batches, the newest first."""
    number = page_number(request.GET)
    context = {"page": numbered(latest_batches(**window(number)), number)}
    return render(request, "web/payouts/list.html", context)


@dataclass(frozen=True, slots=True)
class Preview:
    """Who would get what, and who is carried forward; the first of each."""

    currency: str
    paid: list[PartnerPayable]
    carried: list[PartnerPayable]
    paid_count: int
    carried_count: int
    total_minor: int
    carried_minor: int


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Right.CREATE_PAYOUTS)
def payout_new(request: StaffRequest) -> HttpResponse:
    """Ask what to take, show who gets what, then build the batch."""
    initial = {"cut_off_on": today_of(request), "partners": request.GET.get("partners", "")[:2000]}
    form = BuildPayoutForm(request.business, request.POST or None, initial=initial)
    context: dict[str, Any] = {"form": form}
    if form.is_valid():
        if "build" in request.POST:
            batch = form.carry_out(request.business, lambda: _build(request, form))
            if batch is not None:
                amount = figure(Money(batch.total_minor, batch.currency), request.business)
                text = _("%(number)s over %(amount)s is built and waits for approval.")
                if Right.APPROVE_PAYOUTS in rights_of(request) and _alone(batch) is not None:
                    text = _(
                        "%(number)s over %(amount)s is built. Nobody else can approve it, so you may do it"
                        " yourself in a day."
                    )
                add_notice(request, text % {"number": batch, "amount": amount})
                return redirect("web:payout", batch.pk)
        context["preview"] = _preview(request, form)
    return render(request, "web/payouts/new.html", context, status=form.status)


def _build(request: StaffRequest, form: BuildPayoutForm) -> PayoutBatch:
    data = form.cleaned_data
    return build_payout_batch(
        cut_off_on=data["cut_off_on"],
        currency=data["currency"],
        minimum_minor=data["minimum"],
        partner_ids=data["partners"],
        request_key=form.key,
        actor=actor_of(request),
        on=today_of(request),
    )


def _preview(request: StaffRequest, form: BuildPayoutForm) -> Preview | None:
    data = form.cleaned_data
    # A refusal may have taken a field out.
    if not {"cut_off_on", "currency", "minimum", "partners"} <= set(data):
        return None
    if data["cut_off_on"] > today_of(request):
        add_to_form(form, FutureCutOff(date=data["cut_off_on"]), request.business, fields=form.field_names)
        return None
    rows = payable_by_partner(
        currency=data["currency"],
        cut_off_on=data["cut_off_on"],
        minimum_minor=data["minimum"],
        partner_ids=data["partners"],
    )
    paid = [row for row in rows if not row.carried]
    carried = [row for row in rows if row.carried]
    return Preview(
        currency=data["currency"],
        paid=paid[:_SHOWN_IN_PREVIEW],
        carried=carried[:_SHOWN_IN_PREVIEW],
        paid_count=len(paid),
        carried_count=len(carried),
        total_minor=sum(row.minor for row in paid),
        carried_minor=sum(row.minor for row in carried),
    )


@require_safe
@requires(Right.VIEW_COMMISSIONS)
def payout(request: StaffRequest, batch_id: int) -> HttpResponse:
    """One batch: where it stands, who gets what, and what can be done with it."""
    facts = batch_facts(batch_id)
    number = page_number(request.GET)
    state, rights = facts.batch.state, rights_of(request)
    is_own = facts.batch.built_by_id == request.user.pk
    is_open = state in (PayoutBatch.States.BUILT, PayoutBatch.States.APPROVED)
    page: NumberedPage[Any] = numbered(payouts_of_batch(batch_id, **window(number)), number)
    may_decide = state == PayoutBatch.States.BUILT and Right.APPROVE_PAYOUTS in rights
    alone = _alone(facts.batch) if may_decide and is_own else None
    context = {
        "facts": facts,
        "batch": facts.batch,
        "page": page,
        "own_needs_other": may_decide and is_own and alone is None,
        "alone": alone,
        "may_approve": may_decide and (not is_own or (alone is not None and alone.may_approve_own)),
        "may_reject": is_open and (Right.CREATE_PAYOUTS if is_own else Right.APPROVE_PAYOUTS) in rights,
        "may_pay": state == PayoutBatch.States.APPROVED and Right.CREATE_PAYOUTS in rights,
        "has_bank_file": state in _DECIDED and Right.CREATE_PAYOUTS in rights,
        "may_send": state in _DECIDED and Right.CREATE_PAYOUTS in rights,
    }
    return render(request, "web/payouts/batch.html", context)


def _alone(batch: PayoutBatch) -> Company | None:
    """When its builder may approve it for want of another one; None where there is one."""
    company = company_of(batch)
    return None if company.others else company


_DECIDED = (PayoutBatch.States.APPROVED, PayoutBatch.States.PAID)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Right.APPROVE_PAYOUTS)
def payout_approval(request: StaffRequest, batch_id: int) -> HttpResponse:
    """Approve a batch that another person built."""
    form = ApproveForm(request.POST or None)
    batch = batch_facts(batch_id).batch
    is_own = batch.built_by_id == request.user.pk and batch.state == PayoutBatch.States.BUILT

    def approve() -> PayoutBatch:
        return approve_payout_batch(batch_id=batch_id, request_key=form.key, actor=actor_of(request))

    return _act(
        request,
        batch_id,
        form,
        approve,
        "approve",
        gettext_lazy("%(number)s is approved."),
        {"is_own": is_own, "alone": _alone(batch) if is_own else None},
    )


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Right.VIEW_COMMISSIONS)
def payout_rejection(request: StaffRequest, batch_id: int) -> HttpResponse:
    """Reject a batch; its commissions are free for the next. The service knows who may."""
    form = RejectForm(request.POST or None)

    def reject() -> PayoutBatch:
        return reject_payout_batch(
            batch_id=batch_id,
            reason=form.cleaned_data["reason"],
            request_key=form.key,
            actor=actor_of(request),
        )

    done = gettext_lazy("%(number)s is rejected. Its commissions can go into another payout.")
    return _act(request, batch_id, form, reject, "reject", done)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Right.CREATE_PAYOUTS)
def payout_payment(request: StaffRequest, batch_id: int) -> HttpResponse:
    """Mark an approved batch as paid."""
    methods = dict(Partner.PayoutMethods.choices)
    initial = {"paid_on": today_of(request), "method": str(methods[Partner.PayoutMethods.BANK.value])}
    form = PayForm(request.POST or None, initial=initial)

    def pay() -> PayoutBatch:
        return pay_payout_batch(
            batch_id=batch_id,
            paid_on=form.cleaned_data["paid_on"],
            method=form.cleaned_data["method"],
            reference=form.cleaned_data["reference"],
            request_key=form.key,
            actor=actor_of(request),
            on=today_of(request),
        )

    return _act(request, batch_id, form, pay, "pay", gettext_lazy("%(number)s is marked as paid."))


def _act(
    request: StaffRequest,
    batch_id: int,
    form: KeyedForm,
    write: Callable[[], PayoutBatch],
    template: str,
    done: Any,
    more: Mapping[str, Any] | None = None,
) -> HttpResponse:
    facts = batch_facts(batch_id)
    if form.is_valid():
        batch = form.carry_out(request.business, write)
        if batch is not None:
            add_notice(request, done % {"number": batch})
            return redirect("web:payout", batch_id)
    context = {
        "form": form,
        "facts": facts,
        "batch": facts.batch,
        "methods": Partner.PayoutMethods.labels,
        **(more or {}),
    }
    return render(request, f"web/payouts/{template}.html", context, status=form.status)


@require_safe
@requires(Right.CREATE_PAYOUTS)
def payout_bank_csv(request: StaffRequest, batch_id: int) -> HttpResponseBase:
    """What the bank, or whoever pays, needs: each partner, the details, the amount and a reference."""
    batch = batch_facts(batch_id).batch
    if batch.state not in _DECIDED:
        raise BatchState(number=str(batch), state=PayoutBatch.States(batch.state).label.lower())
    methods = dict(Partner.PayoutMethods.choices)
    return csv_download(
        f"bank-{batch}",
        ["Partner", "Method", "Payout details", "Amount", "Currency", "Reference"],
        (
            [
                row.name,
                str(methods.get(row.payout_method, row.payout_method)),
                " ".join(row.payout_details.split()),
                amount_cell(row.amount_minor, batch.currency),
                batch.currency,
                f"{batch} {row.code}",
            ]
            for row in every_bank_row(batch_id)
        ),
    )
