"""verify sees what is broken about refunds, and about refunds that were undone."""

import pytest

from duebook.domain.accounts import SystemAccount
from duebook.events.models import Event
from duebook.invoices.models import Invoice
from duebook.ledger.models import Transfer
from duebook.payments.models import GatewayRefund, Payment, Refund, RefundReversal
from duebook.payments.services.reverse_refund import reverse_refund
from duebook.reports.services.verify_books import Finding, verify_books
from tests.factories import SYSTEM, day, key
from tests.past_the_guards import past_the_guards
from tests.payments.coming_back import come_back
from tests.payments.fake_gateway import FakeGateway
from tests.payments.settling import a_charge, a_refund

pytestmark = [pytest.mark.django_db, pytest.mark.broken_books]


def test_refund_booked_sees_another_account(invoice: Invoice):
    refund = Refund.objects.get()
    what = f"P-{refund.payment.number}, {day()}"

    with past_the_guards():
        Refund.objects.update(account_id=int(SystemAccount.UNDEPOSITED_FUNDS))

    assert sorted(verify_books(), key=str) == [
        Finding("refund_booked", what, "0", "1000"),
        Finding("refund_booked", what, "1000", "0"),
    ]


def undone_refund() -> Refund:
    """A refund of 10.00 that is undone, its reversal and event."""
    refund = Refund.objects.get()
    reverse_refund(refund_id=refund.pk, reason="Wrong customer", request_key=key(), actor=SYSTEM, on=day())
    assert verify_books() == []
    return refund


def test_refund_reversed_sees_money_that_did_not_come_back(invoice: Invoice):
    refund = undone_refund()
    back = RefundReversal.objects.get().transfer_id
    what = f"P-{refund.payment.number}, refund {refund.pk}"

    with past_the_guards():
        Transfer.objects.filter(pk=back).update(corrects_id=None)

    findings = [finding for finding in verify_books() if finding.check == "refund_reversed"]
    assert findings == [Finding("refund_reversed", what, f"taken back by {back}", "not taken back")]


def test_refund_reversed_sees_a_refund_that_the_gateway_gave(invoice: Invoice):
    refund = undone_refund()
    back = RefundReversal.objects.get().transfer_id
    what = f"P-{refund.payment.number}, refund {refund.pk}"

    with past_the_guards():
        Refund.objects.update(means="gateway")

    assert verify_books() == [
        Finding("refund_reversed", what, "not undone, the gateway gave it back", f"taken back by {back}")
    ]


def test_a_refund_that_came_back_and_is_booked_back_without_the_gateways_word_is_seen(
    gateway: FakeGateway,
):
    attempt = a_refund(a_charge("100.00"), "40.00")
    come_back(gateway)
    refund = undone_refund()
    label = f"P-{refund.payment.number}, refund {refund.pk}"
    back = RefundReversal.objects.get().transfer_id

    GatewayRefund.objects.filter(pk=attempt.pk).update(came_back_at=None)

    assert verify_books() == [
        Finding("refund_reversed", label, "not undone, the gateway gave it back", f"taken back by {back}")
    ]


def test_a_missing_undoing_of_a_refund_is_seen_by_every_figure_that_follows_from_it(invoice: Invoice):
    refund = undone_refund()
    back = RefundReversal.objects.get().transfer_id
    label = f"P-{refund.payment.number}"

    with past_the_guards():
        RefundReversal.objects.all().delete()

    findings = verify_books()
    assert Finding("payment_counters", f"{label} refunded", "1000", "0") in findings
    assert (
        Finding("refund_reversed", f"{label}, refund {refund.pk}", "not taken back", f"taken back by {back}")
        in findings
    )


def test_missing_event_sees_an_undone_refund_without_one(invoice: Invoice):
    refund = undone_refund()

    with past_the_guards():
        Event.objects.filter(name="refund.reversed").update(name="nothing.happened")

    what = f"P-{refund.payment.number}, refund {refund.pk}"
    missing = [finding for finding in verify_books() if finding.check == "missing_event"]
    assert missing == [Finding("missing_event", what, "one event refund.reversed", "0")]


def test_refund_fits_sees_a_refund_of_an_adjustment(invoice: Invoice):
    refund = Refund.objects.get()
    number = refund.payment.number

    with past_the_guards():
        Payment.objects.filter(pk=refund.payment_id).update(kind="adjustment")

    findings = [finding for finding in verify_books() if finding.check == "refund_fits"]
    assert findings == [Finding("refund_fits", f"P-{number}", "money in USD", "adjustment in USD")]


def test_a_missing_refund_is_seen_by_every_figure_that_follows_from_it(invoice: Invoice):
    refund = Refund.objects.get()
    label = f"P-{refund.payment.number}"

    with past_the_guards():
        Refund.objects.all().delete()

    findings = verify_books()
    assert Finding("payment_counters", f"{label} refunded", "0", "1000") in findings
    assert Finding("refund_booked", f"{label}, {day()}", "0", "1000") in findings
    assert "money back" in " ".join(f.what for f in findings if f.check == "invoice_counters")


def test_missing_event_sees_a_refund_without_one(invoice: Invoice):
    refund = Refund.objects.get()

    with past_the_guards():
        Event.objects.filter(name="payment.refunded").update(name="nothing.happened")

    missing = [finding for finding in verify_books() if finding.check == "missing_event"]
    assert missing == [Finding("missing_event", f"P-{refund.payment.number}", "1 of payment.refunded", "0")]
