"""Events in plain words."""

from typing import Any

import pytest

from duebook.domain.permissions import Role, Source
from duebook.events.models import Event
from duebook.staff.models import Business
from duebook.web.timeline import told
from tests.factories import make_user

pytestmark = pytest.mark.django_db

BUSINESS = Business(currency="USD", locale="en_US", time_zone="UTC")


def words(event_name: str, payload: dict[str, Any]) -> str:
    event = Event.objects.create(name=event_name, actor_id=0, source=Source.WEB, payload=payload)
    return told([event], BUSINESS)[0].text


@pytest.mark.parametrize(
    ("name", "payload", "sentence"),
    [
        (
            "payment.recorded",
            {
                "number": 318,
                "amount_minor": 12500,
                "currency": "USD",
                "payment_type": "Check",
                "received_on": "2026-10-13",
                "applied": [{"number": 1042}, {"number": 1043}],
                "credit_minor": 500,
            },
            (
                "Payment P-318 of 125.00 recorded, Check of 13 Oct 2026, applied to INV-1042, INV-1043,"
                " 5.00 kept as credit on account."
            ),
        ),
        (
            "refund.prepared",
            {"number": 318, "amount_minor": 4000, "currency": "USD", "gateway_refund_id": 7},
            "Refund of 40.00 of P-318 to the card begun; its outcome is not known yet.",
        ),
        (
            "refund.failed",
            {"number": "R-7", "amount_minor": 4000, "currency": "USD", "gateway_refund_id": 7},
            "Refund R-7 of 40.00 to the card not carried out. Nothing went back.",
        ),
        (
            "pay_link.paid",
            {"number": 318, "amount_minor": 4000, "currency": "USD", "card_was_forgotten": False},
            "The customer paid 40.00 by pay link: P-318.",
        ),
        (
            "pay_link.paid",
            {"number": 318, "amount_minor": 4000, "currency": "USD", "card_was_forgotten": True},
            (
                "The customer paid 40.00 by pay link: P-318. The card was to be kept, but the processor had"
                " been told to forget it before the payment was known."
            ),
        ),
        (
            "card.added",
            {"card": "Visa •••• 4242", "number": "Acme", "known": False},
            "The customer put Visa •••• 4242 on file.",
        ),
        (
            "card.added",
            {"card": "Visa •••• 4242", "known": True},
            "The customer entered Visa •••• 4242 again.",
        ),
        (
            "card.declined",
            {"decline": "expired"},
            "A card was not saved. The bank says that the card has expired.",
        ),
        ("card.offered", {"account": "Sandbox"}, "Link to add a card made, for Sandbox."),
        (
            "card.link_sent",
            {"address": "acme@example.com"},
            "Link to add a card sent to acme@example.com.",
        ),
        ("card.made_default", {"card": "Visa •••• 4242"}, "Visa •••• 4242 made the default card."),
        ("card.deactivated", {"card": "Visa •••• 4242"}, "Visa •••• 4242 deactivated."),
        (
            "card_setup.cancelled",
            {"account": "Sandbox"},
            "A link to add a card was cancelled by the card processor.",
        ),
        (
            "charge.prepared",
            {"number": "C-7", "amount_minor": 12500, "currency": "USD", "card": "Visa •••• 4242"},
            "Charge C-7 of 125.00 to Visa •••• 4242 begun.",
        ),
        (
            "charge.declined",
            {"number": "C-7", "amount_minor": 12500, "currency": "USD", "decline": "stolen"},
            "Charge C-7 of 125.00 declined. The bank declined this card. Ask for another card.",
        ),
        (
            "charge.not_performed",
            {"number": "C-7", "amount_minor": 12500, "currency": "USD"},
            "Charge C-7 of 125.00 was not carried out. No card was charged.",
        ),
        (
            "partner.notified",
            {"name": "Dana", "address": "dana@example.com", "number": "#1042"},
            "Referral partner Dana told of order #1042 by e-mail to dana@example.com.",
        ),
        (
            "partner.notified",
            {"name": "Dana", "address": "dana@example.com"},
            "Referral partner Dana told of this contact by e-mail to dana@example.com.",
        ),
        (
            "payment.returned",
            {"number": 318, "amount_minor": 12500, "currency": "EUR"},
            "Payment P-318 of €125.00 returned by the bank.",
        ),
        (
            "payment.refunded",
            {
                "number": 318,
                "amount_minor": 4000,
                "currency": "USD",
                "refunded_on": "2026-10-13",
                "taken_off": [{"number": 1042}],
                "rest": "credit",
                "adjustment": {"number": 319, "amount_minor": 2500},
            },
            "40.00 of P-318 refunded on 13 Oct 2026, taken off INV-1042, 25.00 credited (P-319).",
        ),
        (
            "payment.refunded",
            {
                "number": 318,
                "amount_minor": 4000,
                "currency": "EUR",
                "refunded_on": "2026-10-13",
                "taken_off": [],
                "rest": "write_off",
                "adjustment": {"number": 319, "amount_minor": 4000},
            },
            "€40.00 of P-318 refunded on 13 Oct 2026, €40.00 written off (P-319).",
        ),
        (
            "refund.reversed",
            {
                "number": 318,
                "amount_minor": 4000,
                "currency": "USD",
                "applied_again": [{"number": 1042}],
                "adjustment": {"number": 319, "amount_minor": 2500},
            },
            "Refund of 40.00 of P-318 undone, applied to INV-1042 again.",
        ),
        (
            "refund.reversed",
            {"number": 318, "amount_minor": 4000, "currency": "USD", "applied_again": []},
            "Refund of 40.00 of P-318 undone.",
        ),
        (
            "allocation.moved",
            {
                "number": 318,
                "amount_minor": 100,
                "currency": "USD",
                "from_invoice_id": 7,
                "to_invoice_id": 8,
                "invoices": [{"invoice_id": 7, "number": 1007}, {"invoice_id": 8, "number": 1008}],
            },
            "1.00 of P-318 moved from INV-1007 to INV-1008.",
        ),
        (
            "allocation.moved",
            {
                "number": 318,
                "amount_minor": 100,
                "currency": "USD",
                "from_invoice_id": 7,
                "to_invoice_id": None,
                "invoices": [{"invoice_id": 7, "number": 1007}],
            },
            "1.00 of P-318 released from INV-1007 to credit on account.",
        ),
        ("payment.amended", {"number": 318}, "Reference or notes of P-318 amended."),
        (
            "payment.amended",
            {
                "number": 318,
                "before": {"reference": "4471", "notes": ""},
                "after": {"reference": "4472", "notes": "x" * 100},
            },
            f"Reference or notes of P-318 amended. Reference: “4471” → “4472”. Notes: – → “{'x' * 79}…”.",
        ),
        ("contact.edited", {"after": {"postal_code": "1"}}, "Contact edited: postal code."),
        ("contact.edited", {"after": {}}, "Contact saved unchanged."),
        ("payment_plan.made", {"number": "7"}, "Payment plan 7 made"),
        (
            "partner.added",
            {"name": "Dana", "code": "DANA1"},
            "Referral partner Dana added with the code DANA1.",
        ),
        ("partner.changed", {"name": "Dana"}, "Referral partner Dana changed."),
        ("partner.deleted", {"name": "Dana"}, "Referral partner Dana deleted."),
        (
            "partner.overridden",
            {"name": "Dana", "overrides": 2},
            "2 overrides agreed with referral partner Dana.",
        ),
        (
            "partner.overridden",
            {"name": "Dana", "overrides": 0},
            "Overrides of referral partner Dana taken away.",
        ),
        ("program.added", {"name": "Standard"}, "Program Standard added."),
        (
            "program.changed",
            {"name": "Standard"},
            "Program Standard changed. Orders placed before keep their rules.",
        ),
        ("contact.referred", {"partner": "Dana", "role": "lead"}, "Referred by Dana as lead partner."),
        ("contact.referred", {"partner": "Dana", "role": "sale"}, "Sold by Dana as sale partner."),
        (
            "order.partners_assigned",
            {"lead_partner": "Dana", "sale_partner": "", "posted_minor": 400, "currency": "USD"},
            "Referral partners changed: lead Dana, sale none. Commissions of 4.00 posted.",
        ),
        (
            "order.recalculated",
            {"posted_minor": -400, "currency": "USD"},
            "Recalculated by the rules of that day. Commissions of 4.00 taken back.",
        ),
        (
            "order.overridden",
            {"overrides": 1, "posted_minor": 0},
            "1 override agreed for this order. Commissions stay as they were.",
        ),
        (
            "order.overridden",
            {"overrides": 0},
            "Overrides for this order taken away. Commissions stay as they were.",
        ),
        (
            "payout.built",
            {"number": "PO-7", "total_minor": 12500, "currency": "USD", "partners": 3},
            "Payout PO-7 of 125.00 built for 3 partners.",
        ),
        ("payout.approved", {"number": "PO-7"}, "Payout PO-7 approved."),
        (
            "payout.approved",
            {"number": "PO-7", "others": 0},
            "Payout PO-7 approved by who built it; nobody else was there.",
        ),
        ("payout.rejected", {"number": "PO-7"}, "Payout PO-7 rejected: its commissions are payable again."),
        (
            "payout.paid",
            {"number": "PO-7", "total_minor": 12500, "currency": "USD", "paid_on": "2026-10-13"},
            "Payout PO-7 of 125.00 marked as paid on 13 Oct 2026.",
        ),
    ],
)
def test_an_event_is_a_sentence(name: str, payload: dict[str, Any], sentence: str) -> None:
    assert words(name, payload) == sentence


def test_each_entry_says_who(django_assert_num_queries: Any) -> None:
    carl = make_user(role=Role.CLERK)
    events = [
        Event.objects.create(name="x.done", actor_id=actor_id, source=source)
        for actor_id, source in [(carl.pk, "web"), (0, "job"), (0, "import"), (999_999, "web")]
    ]

    with django_assert_num_queries(1):
        entries = told(events, BUSINESS)

    assert [entry.who for entry in entries] == ["Carl", "Duebook", "by an import", "someone"]
