"""Every page there is, found through the addresses: accessible, fits its window, closed to strangers.

A new address is tested without being named here; one that needs an id takes it from the scene.
"""

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, reverse
from django.utils import timezone
from playwright.sync_api import Page
from pytest_django.live_server_helper import LiveServer

from duebook.catalog.models import Product
from duebook.commissions.models import CommissionEntry
from duebook.commissions.services.build_payout_batch import build_payout_batch
from duebook.contacts.models import Contact
from duebook.domain.accounts import SystemAccount
from duebook.domain.charging import ChargeState
from duebook.domain.commission_checks import RuleInput
from duebook.domain.commission_rules import PartnerRole, PayoutType, Rate
from duebook.domain.permissions import Role
from duebook.domain.recording import Surplus
from duebook.domain.second_person import Outcome, OutcomeInput
from duebook.domain.settlements import LineKind
from duebook.gateways.models import MerchantAccount
from duebook.gateways.protocol import DisputeOutcome, SeenDispute, SettlementLine
from duebook.invoices.models import Invoice
from duebook.partners.details import ProgramDetails
from duebook.payments.charge_reading import Seen
from duebook.payments.models import (
    Charge,
    ChargeLine,
    Dispute,
    GatewayRefund,
    Observation,
    Payment,
    Refund,
    Settlement,
    SettlementReturn,
)
from duebook.payments.refund_reading import wanted_as_json
from duebook.payments.services.import_settlements import import_settlements
from duebook.payments.services.offer_card_setup import offer_card_setup
from duebook.payments.services.offer_pay_link import offer_pay_link
from duebook.payments.services.propose_charge_outcome import propose_charge_outcome
from duebook.payments.services.request_refund import request_refund
from duebook.payments.services.return_settlement import return_settlement
from duebook.payments.services.settle_charge import settle_charge
from duebook.payments.services.settle_dispute import settle_dispute
from duebook.reports.services.run_rehearsal import run_rehearsal, start_rehearsal
from duebook.web.urls import urlpatterns
from tests.factories import (
    SYSTEM,
    actor,
    day,
    key,
    make_contact,
    make_invoice,
    make_partner,
    make_payment,
    make_program,
    make_refund,
    make_user,
    payment_type,
    refund_input,
    usd,
)
from tests.gateways.fake_processor import keep_merchant_account
from tests.payments.fake_gateway import install, make_card
from tests.payments.services.test_return_payment import give_back
from tests.payments.settling import a_charge, line_of
from tests.web.test_decisions import make_message

FILES = re.compile(r"\.(csv|pdf|hledger|xlsx)$|^logo$|picture")
"""What is no page: files to download and pictures."""

FRAGMENTS = {"payment_preview", "payment_correction_preview"}
ACTS = {
    "card_default",
    "settings_type_order",
    "settings_logo",
    "settings_user_password",
    "settings_merchant_account_test",
    "settings_merchant_account_default",
    "webhook",
    "charge_inquiry",
    "settlement_inquiry",
    "settlement_return_review",
    "refund_inquiry",
    "dispute_inquiry",
    "dispute_review",
    "charge_cancellation",
    "message_retry",
    "refund_request_withdrawal",
    "outcome_withdrawal",
    "charge_message",
    "card_link_withdrawal",
    "pay_link_withdrawal",
    "pay_cancellation",
}
"""Addresses that only take a form."""

WIDE, NARROW = {"width": 1280, "height": 800}, {"width": 390, "height": 844}


def named(patterns: list[Any], before: str = "") -> Iterator[tuple[str, str]]:
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            yield from named(pattern.url_patterns, before + str(pattern.pattern))
        elif isinstance(pattern, URLPattern) and pattern.name:
            yield pattern.name, before + str(pattern.pattern)


ROUTES = dict(named(urlpatterns))
PAGES = sorted(
    name
    for name, route in ROUTES.items()
    if not FILES.search(route) and not FILES.search(name) and name not in FRAGMENTS | ACTS
)


def scene() -> dict[str, Any]:
    """A business with one of everything; the values that addresses name."""
    shop = keep_merchant_account()
    acme = make_contact("Acme", given_name="Marta", family_name="Keller", phone="+49 30 555 0142")
    invoice = make_invoice(
        "1200.00",
        contact=acme,
        ordered_on=day(-41),
        title="Website package",
        lead_partner_id=make_partner("Dana").pk,
    )
    make_invoice("200.00", contact=acme, title="Hosting")
    payment = make_payment("720.00", invoice=invoice, received_on=day(-9), reference="4471")
    make_payment("25.00", contact=acme, surplus=Surplus.KEEP_AS_CREDIT)
    give_back(make_payment("80.00", invoice=invoice, received_on=day(-9)), request_key=key())
    product = Product.objects.create(name="Hosting", price_minor=2000, currency="USD")
    sam = make_partner("Sam", code="SAMUEL")
    program = make_program(sam, hold_days=0)
    earning = make_invoice("300.00", contact=acme, ordered_on=day(-5), lead_partner_id=sam.pk)
    make_payment("300.00", invoice=earning, received_on=day(-3))
    batch = build_payout_batch(
        cut_off_on=day(),
        currency="USD",
        minimum_minor=0,
        request_key=key(),
        actor=SYSTEM,
        on=day(),
    )
    rehearsal = start_rehearsal(
        program_id=program.pk,
        details=ProgramDetails(
            name=program.name,
            priority=program.priority,
            payout_type=PayoutType.ON_PAYMENT,
            hold_days=0,
            levels=1,
            rules=(RuleInput(PartnerRole.LEAD, 1, Rate(2000)),),
            member_ids=frozenset({sam.pk}),
        ),
        first=day(-30),
        last=day(),
        actor=SYSTEM,
        on=day(),
    )
    run_rehearsal(rehearsal_id=rehearsal.pk)
    return {
        "charge_id": unknown_charge(make_invoice("50.00", contact=acme, title="Cards")).pk,
        "settlement_id": (settled := a_settlement(shop, acme)).pk,
        "return_id": sent_back(settled).pk,
        "dispute_id": a_dispute(make_invoice("50.00", contact=acme, title="Stickers")).pk,
        "message_id": make_message().pk,
        "link_id": offer_pay_link(
            contact_id=acme.pk,
            invoice_ids=[invoice.pk],
            merchant_account_id=shop.pk,
            request_key=key(),
            actor=SYSTEM,
        ).link_id,
        "setup_id": offer_card_setup(
            contact_id=acme.pk, merchant_account_id=shop.pk, request_key=key(), actor=SYSTEM
        ).setup_id,
        "partner_id": sam.pk,
        "program_id": program.pk,
        "entry_id": CommissionEntry.objects.get().pk,
        "batch_id": batch.pk,
        "rehearsal_id": rehearsal.pk,
        "contact_id": acme.pk,
        "card_id": make_card(acme, is_default=True).pk,
        "order_id": invoice.order_id,
        "invoice_id": invoice.pk,
        "payment_id": payment.pk,
        "product_id": product.pk,
        "account_id": int(SystemAccount.RECEIVABLE),
        "type_id": payment_type("Check").pk,
        "refund_id": a_refund(make_payment("60.00", invoice=invoice, received_on=day(-9))).pk,
        "user_id": make_user(role=Role.CLERK).pk,
        "page": "add-a-payment",
        "webhook_token": "nobody-knows",
        "merchant_account_id": shop.pk,
        **asked_for(payment),
    }


def a_refund(payment: Payment) -> Refund:
    """One by hand, of which a part is owed again and the other credited."""
    make_refund(payment, "20.00", owes="5.00")
    return Refund.objects.get(payment=payment)


def asked_for(payment: Payment) -> dict[str, int]:
    """A refund above a limit, a refused refund, and what a person saw of the charge without an outcome."""
    mia, on = actor(user_id=900), day()
    asked = refund_input("20.00", owes=None)
    request = request_refund(payment_id=payment.pk, wanted=asked, request_key=key(), actor=mia, on=on)
    charge = Charge.objects.get(state="unknown")
    attempt = GatewayRefund.objects.create(
        payment=payment,
        charge=charge,
        amount_minor=1000,
        currency="USD",
        key=key(),
        reference=key(),
        attempt=1,
        wanted=wanted_as_json(asked),
        prepared_by_id=0,
        source="web",
        state="failed",
        settled_at=timezone.now(),
        problem="The card was closed",
    )
    seen = OutcomeInput(Outcome.DID_NOT_HAPPEN, "The dashboard has none")
    Charge.objects.filter(pk=charge.pk).update(ask_at=None)
    proposal = propose_charge_outcome(charge_id=charge.pk, wanted=seen, request_key=key(), actor=mia, on=on)
    return {"request_id": request.pk, "proposal_id": proposal.pk, "attempt_id": attempt.pk}


def a_settlement(account: MerchantAccount, contact: Contact) -> Settlement:
    """One with a charge, a fee and a line to explain; another charge waits."""
    with pytest.MonkeyPatch.context() as patch:
        gateway = install(patch)
        gateway.pay_out(
            line_of(a_charge("60.00", contact), fee_minor=204),
            SettlementLine("", 0, 100, LineKind.FEE),
            SettlementLine("ch_of_nobody_we_know", 5000, 175, LineKind.CHARGE, "ch_of_nobody_we_know"),
        )
        a_charge("45.00", contact)
        import_settlements(merchant_account_id=account.pk, actor=SYSTEM)
    return Settlement.objects.get()


def sent_back(settlement: Settlement) -> SettlementReturn:
    """The bank did not take it."""
    return_settlement(settlement_id=settlement.pk, returned_on=day(), reason="No such account.", actor=SYSTEM)
    return SettlementReturn.objects.get()


def unknown_charge(invoice: Invoice) -> Charge:
    """A charge as it stands while the processor is asked about it."""
    card = make_card(invoice.contact, key())
    charge = Charge.objects.create(
        contact=invoice.contact,
        merchant_account=card.merchant_account,
        payment_method=card,
        amount_minor=5000,
        currency="USD",
        key=key(),
        reference=key(),
        attempt=1,
        token=card.token,
        prepared_by_id=0,
        source="web",
        state="unknown",
        problem="no answer",
    )
    ChargeLine.objects.create(charge=charge, invoice=invoice, amount_minor=5000)
    Observation.objects.create(
        charge=charge, channel="reply", seen="unknown", state_before="sent", state_after="unknown"
    )
    return charge


def a_dispute(invoice: Invoice) -> Dispute:
    """A charge that succeeded and that the customer disputes."""
    charge = unknown_charge(invoice)
    webhook = Observation.Channels.WEBHOOK
    settle_charge(
        charge_id=charge.pk, seen=Seen(ChargeState.SUCCEEDED, gateway_id="ch_disputed"), channel=webhook
    )
    answer = SeenDispute(
        id="dp_1",
        charge_id="ch_dis",
        outcome=DisputeOutcome.OPEN,
        amount=usd("50.00"),
        taken_minor=5000,
        fee_minor=1500,
        reason="product_not_received",
        opened_at=timezone.now(),
        answer_by=timezone.now() + timedelta(days=7),
    )
    return settle_dispute(charge_id=charge.pk, answer=answer, channel=webhook)


def address(name: str, values: dict[str, Any]) -> str:
    wanted = re.findall(r"<\w+:(\w+)>", ROUTES[name])
    missing = [value for value in wanted if value not in values]
    assert not missing, f"the scene of this test needs {missing} for {name}"
    return reverse(f"web:{name}", kwargs={value: values[value] for value in wanted})


VIOLATIONS = """async () => (await axe.run(document, {resultTypes: ['violations']})).violations
  .filter(v => ['serious', 'critical'].includes(v.impact))
  .map(v => v.id + ': ' + v.nodes.map(n => n.html).join(' | ').slice(0, 300))"""
OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.mark.timeout(600)
@pytest.mark.parametrize("viewport", [WIDE, NARROW], ids=["wide", "narrow"])
def test_every_page_is_accessible_and_fits_its_window(
    browse: Any, live_server: LiveServer, axe_source: str, viewport: dict[str, int]
) -> None:
    owner = make_user(role=Role.OWNER)
    values = scene()
    addresses = {name: address(name, values) for name in PAGES}

    def steps(page: Page) -> dict[str, Any]:
        faults: dict[str, Any] = {}
        for name, url in addresses.items():
            answer = page.goto(url)
            page.evaluate(axe_source)
            found = page.evaluate(VIOLATIONS)
            if answer is None or answer.status != 200:
                found.append(f"status {answer and answer.status}")
            if page.evaluate(OVERFLOW) > 0:
                found.append(f"{page.evaluate(OVERFLOW)} pixels too wide")
            if found:
                faults[name] = found
        return faults

    assert browse(steps, user=owner, viewport=viewport, bypass_csp=True) == {}


@pytest.mark.django_db
def test_every_address_sends_a_stranger_to_the_login() -> None:
    values = {**scene(), "name": "x.png"}
    client = Client()

    for name in ROUTES:
        answer = client.get(address(name, values))
        assert answer.status_code in (302, 405), name
        if answer.status_code == 302:
            assert answer["Location"].startswith("/accounts/login/"), name


@pytest.mark.django_db
def test_a_viewer_sees_pages_and_changes_nothing() -> None:
    values = scene()
    viewer = Client()
    viewer.force_login(make_user(role=Role.VIEWER))

    for name in PAGES:
        assert viewer.get(address(name, values)).status_code in (200, 302, 403), name
        assert viewer.post(address(name, values), {}).status_code in (403, 405, 302, 200, 422), name
