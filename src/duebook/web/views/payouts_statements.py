"""Statements of a payout batch: on a page to print, as PDF, by e-mail, one or all of them."""

from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _, ngettext
from django.views.decorators.http import require_http_methods, require_safe

from duebook.commissions.models import Payout, PayoutBatch
from duebook.domain.permissions import Right
from duebook.reports.queries.partner_payouts import batch_facts
from duebook.reports.queries.partner_statement import statement_of
from duebook.reports.services.email_statement import email_statement
from duebook.reports.statement_pdf import statement_pdf
from duebook.reports.statement_words import fact_words, note_words, title_words
from duebook.staff.models import Business
from duebook.web.formats import short_date
from duebook.web.forms.payouts import EmailStatementForm, SendStatementsForm
from duebook.web.mail import email_statements_later
from duebook.web.notices import add_notice
from duebook.web.request import StaffRequest, actor_of, requires

_CAN_BE_SENT = (PayoutBatch.States.APPROVED, PayoutBatch.States.PAID)


@require_safe
@requires(Right.VIEW_COMMISSIONS)
def statement(request: StaffRequest, batch_id: int, partner_id: int) -> HttpResponse:
    """The statement on a page to print."""
    found = statement_of(batch_id=batch_id, partner_id=partner_id)
    context = {
        "statement": found,
        "title": title_words(found),
        "facts": fact_words(found, request.business, day=short_date),
        "notes": note_words(found),
        "can_be_sent": found.state in _CAN_BE_SENT,
    }
    return render(request, "web/payouts/statement.html", context)


@require_safe
@requires(Right.VIEW_COMMISSIONS)
def statement_file(request: StaffRequest, batch_id: int, partner_id: int) -> HttpResponse:
    """The statement as PDF."""
    found = statement_of(batch_id=batch_id, partner_id=partner_id)
    name = f"statement-{found.number}-{found.partner_id}.pdf"
    return HttpResponse(
        statement_pdf(found, Business.objects.get(pk=1)),
        content_type="application/pdf",
        headers={"Content-Disposition": f'inline; filename="{name}"'},
    )


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Right.CREATE_PAYOUTS)
def statement_message(request: StaffRequest, batch_id: int, partner_id: int) -> HttpResponse:
    """Send the statement by e-mail; the partner's address is offered."""
    found = statement_of(batch_id=batch_id, partner_id=partner_id)
    form = EmailStatementForm(request.POST or None, initial={"address": found.email})
    if form.is_valid():
        sent = form.carry_out(
            request.business,
            lambda: email_statement(
                payout_id=found.payout_id,
                address=form.cleaned_data["address"],
                request_key=form.key,
                actor=actor_of(request),
            ),
        )
        if sent is not None:
            text = _("Statement of %(number)s sent to %(address)s.")
            add_notice(request, text % {"number": sent.number, "address": sent.address})
            return redirect("web:payout_statement", batch_id, partner_id)
    context = {"form": form, "statement": found, "title": title_words(found)}
    return render(request, "web/payouts/email.html", context, status=form.status)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Right.CREATE_PAYOUTS)
def statements_message(request: StaffRequest, batch_id: int) -> HttpResponse:
    """Send every partner of the batch their own statement, in the background."""
    facts = batch_facts(batch_id)
    payouts = Payout.objects.filter(batch=batch_id)
    with_address = payouts.exclude(partner__contact__email="")
    form = SendStatementsForm(request.POST or None)
    count = with_address.count()
    if facts.batch.state in _CAN_BE_SENT and count and form.is_valid():
        with transaction.atomic():
            email_statements_later(with_address.order_by("id").values_list("pk", flat=True))
        text = ngettext("%(count)s statement is on its way.", "%(count)s statements are on their way.", count)
        add_notice(request, text % {"count": count})
        return redirect("web:payout", batch_id)
    context = {
        "form": form,
        "facts": facts,
        "batch": facts.batch,
        "count": count,
        "without": facts.payouts - count,
        "can_be_sent": facts.batch.state in _CAN_BE_SENT,
    }
    return render(request, "web/payouts/send.html", context, status=form.status)
