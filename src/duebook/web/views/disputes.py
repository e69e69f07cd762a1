"""What staff can do about a dispute here: ask the processor again, and say that its end has been seen."""

from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from duebook.domain.disputes import DisputeState
from duebook.domain.errors import DomainError, GatewayUnreachable
from duebook.domain.permissions import Right
from duebook.payments.services.ask_about_dispute_now import ask_about_dispute_now
from duebook.payments.services.review_dispute import review_dispute
from duebook.web.errors import text_of
from duebook.web.forms.disputes import DisputeReviewForm
from duebook.web.notices import add_notice
from duebook.web.request import StaffRequest, actor_of, requires


@require_POST
@requires(Right.RESOLVE_MESSAGES)
def dispute_inquiry(request: StaffRequest, dispute_id: int) -> HttpResponse:
    """Ask the processor now how a dispute stands. Not inside a transaction."""
    try:
        dispute = ask_about_dispute_now(dispute_id=dispute_id, actor=actor_of(request))
    except GatewayUnreachable as refusal:
        add_notice(request, text_of(refusal, request.business))
    else:
        values = {"number": dispute, "state": dispute.get_state_display()}
        add_notice(request, _("%(number)s: %(state)s.") % values)
    return redirect("web:decisions")


@require_POST
@requires(Right.RESOLVE_MESSAGES)
def dispute_review(request: StaffRequest, dispute_id: int) -> HttpResponse:
    """Say that the dispute has been seen as it stands on the page that the form comes from."""
    form = DisputeReviewForm(request.POST)
    if form.is_valid():
        try:
            review_dispute(
                dispute_id=dispute_id,
                state=DisputeState(form.cleaned_data["state"]),
                request_key=form.key,
                actor=actor_of(request),
            )
        except DomainError as refusal:
            add_notice(request, text_of(refusal, request.business))
        else:
            add_notice(request, _("Marked as seen."))
    return redirect("web:decisions")
