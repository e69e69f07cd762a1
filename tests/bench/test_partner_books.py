"""The benchmark's books with partners are such as the services would have left; verified like all books."""

from functools import partial

import psycopg
import pytest
from django.db import connection, transaction
from django.db.models import F

from bench.commissions import CommissionBench
from bench.partner_books import ACCRUALS, build_partner_books
from bench.rounds import take_turns
from bench.scene import WITH_PARTNERS, WITHOUT_PARTNERS, Scene
from duebook.commissions.models import (
    Accrual,
    AccrualBasis,
    CommissionEntry,
    FrozenTerms,
    PayoutBatch,
    PayoutLine,
)
from duebook.commissions.payouts import payable
from duebook.domain.order_lines import ItemKind, LineInput
from duebook.ledger.models import Transfer
from duebook.orders.models import Order
from duebook.partners.models import Partner
from duebook.payments.write_path import read_situation
from tests.bench.facts import facts
from tests.factories import day, make_invoice, make_payment

PARTNERS = 600
ENTRIES = 1200
READ_IN_A_ROW = "SELECT seq_tup_read FROM pg_stat_xact_user_tables WHERE relname = 'partners_partner'"


@pytest.fixture(autouse=True)
def books(rows: psycopg.Connection) -> None:
    build_partner_books(rows, partners=PARTNERS, entries=ENTRIES, today=day().isoformat(), say=lambda _: None)


def test_each_order_with_partners_has_four_accruals_and_a_paid_one_four_entries() -> None:
    with_partners = Order.objects.filter(lead_partner__isnull=False, sale_partner__isnull=False).count()

    assert Partner.objects.count() == PARTNERS
    assert CommissionEntry.objects.count() == ENTRIES
    assert FrozenTerms.objects.count() == with_partners > ENTRIES / ACCRUALS
    assert Accrual.objects.count() == ACCRUALS * with_partners
    assert not Order.objects.filter(lead_partner__isnull=True, sale_partner__isnull=False).exists()


def test_the_last_quarter_is_not_paid_out_yet() -> None:
    waiting = list(payable("USD", day()).values_list("payable_on", flat=True))

    assert min(waiting) > day(-91)
    assert PayoutBatch.objects.filter(state=PayoutBatch.States.PAID).count() > 8
    assert PayoutLine.objects.count() + len(waiting) < ENTRIES
    assert PayoutLine.objects.count() > ENTRIES / 2


def test_there_are_invoices_to_pay_of_both_kinds(rows: psycopg.Connection) -> None:
    scenes = [Scene(rows, day(), orders=orders) for orders in (WITH_PARTNERS, WITHOUT_PARTNERS)]

    earning = [Accrual.objects.filter(invoice__in=[one.invoice_id for one in s.invoices]) for s in scenes]

    assert all(scene.invoices for scene in scenes)
    assert earning[0].count() == ACCRUALS * len(scenes[0].invoices)
    assert not earning[1].exists()


def test_the_commissions_of_an_order_are_those_that_the_services_write() -> None:
    entry = CommissionEntry.objects.filter(earned_after_minor=F("total_minor")).latest("pk")
    order = entry.accrual.invoice.order
    paid_minor = entry.accrual.invoice.applied_minor
    total = f"{paid_minor // 100}.{paid_minor % 100:02d}"
    item = order.items.get()
    placed = make_invoice(
        contact=order.contact,
        lines=[
            LineInput(
                ItemKind(item.kind),
                item.description,
                quantity=item.quantity,
                unit_price=item.unit_price,
                product_id=item.product_id,
            )
        ],
        ordered_on=order.ordered_on,
        lead_partner_id=order.lead_partner_id,
        sale_partner_id=order.sale_partner_id,
    )
    make_payment(total, invoice=placed, received_on=entry.entered_on)

    both = [entry.accrual.invoice, placed]
    of_bench, of_duebook = (
        [
            facts(FrozenTerms.objects.filter(order=invoice.order)),
            facts(Accrual.objects.filter(invoice=invoice)),
            facts(AccrualBasis.objects.filter(accruals__invoice=invoice)),
            facts(CommissionEntry.objects.filter(accrual__invoice=invoice)),
            facts(Transfer.objects.filter(invoice_id=invoice.pk, kind="commission_earned")),
        ]
        for invoice in both
    )
    assert of_bench == of_duebook


def test_recording_reads_the_partners_of_the_order_and_no_others(rows: psycopg.Connection) -> None:
    one = Scene(rows, day()).any()

    with transaction.atomic(), connection.cursor() as cursor:
        situation = read_situation(
            invoice_ids=[one.invoice_id],
            type_ids=[],
            contact_ids=[one.contact_id],
            actor_id=0,
            request_keys=[],
            new_payments=0,
        )
        cursor.execute(READ_IN_A_ROW)
        read = cursor.fetchone()[0]

    assert len(situation.invoices[one.invoice_id].accruals) == ACCRUALS
    assert read == 0


def test_everything_about_partners_is_measured(rows: psycopg.Connection) -> None:
    bench = CommissionBench(
        rows=rows,
        today=day(),
        rounds=1,
        rehearsed=200,
        turns=partial(take_turns, rounds=1, seconds=0.1, say=lambda _: None),
        say=lambda _: None,
    )

    lines = bench.run()

    assert [line.work for line in lines if not line.work.startswith("  ")] == [
        "ledgers, 1,200 entries",
        "one partner's ledger, 1,200 entries",
        "payout batch over 600 partners",
        "rehearsal over 200 payments",
        "record with two partners at two levels",
    ]
    assert all(line.measured > 0 for line in lines)
    assert CommissionEntry.objects.count() > ENTRIES
