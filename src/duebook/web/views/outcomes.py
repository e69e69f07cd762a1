"""What became of a charge or refund, as persons say it when the processor does not."""

from collections.abc import Callable

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from duebook.domain.permissions import Right
from duebook.domain.second_person import Company
from duebook.events.rows import row_by_id
from duebook.payments.models import Charge, GatewayRefund, OutcomeProposal
from duebook.payments.outcomes import Subject, company_of, proposal_by_id, subject_of, waiting_proposal_of
from duebook.payments.services.approve_outcome import approve_outcome
from duebook.payments.services.propose_charge_outcome import propose_charge_outcome
from duebook.payments.services.propose_refund_outcome import propose_refund_outcome
from duebook.payments.services.reject_outcome import reject_outcome
from duebook.payments.services.withdraw_outcome import withdraw_outcome
from duebook.staff.models import User
from duebook.staff.queries import others_who_may
from duebook.web.forms.approvals import ApprovalForm, OutcomeForm, RejectionForm
from duebook.web.notices import add_notice
from duebook.web.request import StaffRequest, actor_of, requires, today_of


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Right.CHARGE_CARDS)
def charge_outcome(request: StaffRequest, charge_id: int) -> HttpResponse:
    """Say what became of a charge, for another person to approve."""
    charge = Charge.objects.select_related("contact", "merchant_account", "payment_method")
    found = row_by_id(charge, charge_id, "Charge")

    def propose(form: OutcomeForm) -> OutcomeProposal:
        return propose_charge_outcome(
            charge_id=charge_id,
            wanted=form.wanted(),
            request_key=form.key,
            actor=actor_of(request),
            on=today_of(request),
        )

    return _propose(request, found, propose)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Right.REFUND)
def refund_outcome(request: StaffRequest, attempt_id: int) -> HttpResponse:
    """Say what became of a refund at a gateway, for another person to approve."""
    rows = GatewayRefund.objects.select_related(
        "payment__contact", "charge__merchant_account", "charge__payment_method"
    )
    found = row_by_id(rows, attempt_id, "Refund")

    def propose(form: OutcomeForm) -> OutcomeProposal:
        return propose_refund_outcome(
            attempt_id=attempt_id,
            wanted=form.wanted(),
            request_key=form.key,
            actor=actor_of(request),
            on=today_of(request),
        )

    return _propose(request, found, propose)


def _propose(
    request: StaffRequest, subject: Subject, propose: Callable[[OutcomeForm], OutcomeProposal]
) -> HttpResponse:
    form = OutcomeForm(request.POST or None, initial={"happened_on": today_of(request)})
    may_approve = actor_of(request).may(Right.RESOLVE_MESSAGES)
    is_alone = may_approve and not others_who_may(Right.RESOLVE_MESSAGES, but=request.user.pk)
    if form.carries_out(request.business, lambda: propose(form)):
        add_notice(
            request,
            _("Kept. Nobody else can approve what you saw, so you may do it yourself in a day.")
            if is_alone
            else _("What you saw waits for another person’s approval."),
        )
        return redirect(_page_of(subject))
    context = {
        "form": form,
        "proposed": waiting_proposal_of(subject),
        "is_alone": is_alone,
        **_facts(subject),
    }
    return render(request, "web/outcomes/propose.html", context, status=form.status)


def _page_of(subject: Subject) -> str:
    if isinstance(subject, Charge):
        return reverse("web:charge", args=[subject.pk])
    return reverse("web:payment", args=[subject.payment_id])


def _facts(subject: Subject) -> dict[str, object]:
    """What every page about the subject shows of it."""
    charge = subject if isinstance(subject, Charge) else subject.charge
    contact = subject.contact if isinstance(subject, Charge) else subject.payment.contact
    return {
        "subject": subject,
        "is_charge": isinstance(subject, Charge),
        "card": charge.payment_method,
        "account": charge.merchant_account,
        "contact": contact,
        "back": _page_of(subject),
    }


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Right.VIEW)
def outcome(request: StaffRequest, proposal_id: int) -> HttpResponse:
    """The proposal; sending its form approves it."""
    proposal = proposal_by_id(proposal_id)
    form = ApprovalForm(request.POST or None)
    if form.carries_out(
        request.business, lambda: approve_outcome(proposal_id=proposal_id, actor=actor_of(request))
    ):
        subject = subject_of(proposal_by_id(proposal_id))
        state = subject.get_state_display()
        add_notice(request, _("%(number)s: %(state)s.") % {"number": subject, "state": state})
        return redirect(_page_of(subject))
    subject = subject_of(proposal)
    people = User.objects.in_bulk([proposal.asked_by_id, proposal.decided_by_id or 0])
    is_own = proposal.asked_by_id == request.user.pk
    context = {
        "form": form,
        "proposal": proposal,
        "asker": people.get(proposal.asked_by_id),
        "decider": people.get(proposal.decided_by_id or 0),
        "is_own": is_own,
        "alone": _alone(request, proposal) if is_own and proposal.is_waiting else None,
        "falls_away": proposal.is_waiting and not subject.is_open,
        **_facts(subject),
    }
    return render(request, "web/outcomes/page.html", context, status=form.status)


def _alone(request: StaffRequest, proposal: OutcomeProposal) -> Company | None:
    """When who proposed it may approve it for want of another one; None where there is one."""
    company = company_of(proposal)
    return company if actor_of(request).may(Right.RESOLVE_MESSAGES) and not company.others else None


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Right.RESOLVE_MESSAGES)
def outcome_rejection(request: StaffRequest, proposal_id: int) -> HttpResponse:
    """Reject what another person proposed, with a reason."""
    proposal = proposal_by_id(proposal_id)
    form = RejectionForm(request.POST or None)
    subject = subject_of(proposal)
    if form.carries_out(
        request.business,
        lambda: reject_outcome(
            proposal_id=proposal_id,
            reason=form.cleaned_data["reason"],
            request_key=form.key,
            actor=actor_of(request),
        ),
    ):
        add_notice(request, _("Rejected. %(number)s stays as it is.") % {"number": subject})
        return redirect(_page_of(subject))
    context = {"form": form, "proposal": proposal, **_facts(subject)}
    return render(request, "web/outcomes/reject.html", context, status=form.status)


@require_POST
@requires(Right.CHARGE_CARDS)
def outcome_withdrawal(request: StaffRequest, proposal_id: int) -> HttpResponse:
    """Withdraw what one has proposed oneself."""
    proposal = proposal_by_id(proposal_id)
    form = ApprovalForm(request.POST)
    if form.is_valid():
        withdraw_outcome(proposal_id=proposal_id, request_key=form.key, actor=actor_of(request))
        add_notice(request, _("Withdrawn."))
    return redirect(_page_of(subject_of(proposal)))
