"""Ledgers of partners: figures to the cent, and what can still come as the rules say."""

from datetime import date, timedelta
from typing import Any

import pytest

from duebook.commissions.accruing import counters_of
from duebook.commissions.models import Accrual, PayoutBatch
from duebook.commissions.services.approve_payout_batch import approve_payout_batch
from duebook.commissions.services.build_payout_batch import build_payout_batch
from duebook.commissions.services.pay_payout_batch import pay_payout_batch
from duebook.domain.commission_outlook import still_to_come
from duebook.domain.commission_rules import PayoutType
from duebook.domain.order_lines import ItemKind
from duebook.domain.permissions import Role
from duebook.invoices.models import Invoice
from duebook.partners.models import Partner
from duebook.reports.queries.partner_ledgers import (
    LedgerFilter,
    PartnerLedger,
    every_partner_ledger,
    partner_ledgers,
)
from duebook.reports.queries.partner_movements import MovementFilter, partner_movements
from tests.factories import (
    actor,
    day,
    key,
    line,
    make_invoice,
    make_partner,
    make_payment,
    make_program,
)
from tests.payments.acts import bounce

pytestmark = pytest.mark.django_db

PAUL = actor(Role.PARTNER_MANAGER, user_id=5)
OLGA = actor(Role.OWNER, user_id=6)


def dana_earning(**program: Any) -> tuple[Partner, Invoice]:
    dana = make_partner("Dana")
    make_program(dana, **{"hold_days": 0, **program})
    return dana, make_invoice("100.00", lead_partner_id=dana.pk, ordered_on=day(-40))


def ledgers(first: date | None = None, last: date | None = None, **wanted: Any) -> list[PartnerLedger]:
    asked = LedgerFilter(first or day(-9), last or day(), **wanted)
    return partner_ledgers(asked, currency="USD", limit=51, offset=0)


def pay_out(cut_off_on: date, paid_on: date) -> PayoutBatch:
    batch = build_payout_batch(
        cut_off_on=cut_off_on, currency="USD", minimum_minor=0, request_key=key(), actor=PAUL, on=day()
    )
    approve_payout_batch(batch_id=batch.pk, request_key=key(), actor=OLGA)
    return pay_payout_batch(
        batch_id=batch.pk,
        paid_on=paid_on,
        method="Bank",
        reference="",
        request_key=key(),
        actor=PAUL,
        on=day(),
    )


def test_a_ledger_goes_from_the_beginning_balance_to_the_ending_balance() -> None:
    _, invoice = dana_earning()
    first = make_payment("40.00", invoice=invoice, received_on=day(-30))
    pay_out(day(-20), day(-12))
    make_payment("30.00", invoice=invoice, received_on=day(-8))
    pay_out(day(-8), day(-5))
    bounce(first, returned_on=day(-2))

    (row,) = ledgers()
    (earlier,) = ledgers(day(-39), day(-10))

    assert (row.beginning_minor, row.earned_minor, row.clawed_back_minor, row.paid_minor) == (
        0,
        300,
        400,
        300,
    )
    assert (row.ending_minor, row.current_minor) == (-400, -400)
    assert (earlier.beginning_minor, earlier.earned_minor, earlier.paid_minor) == (0, 400, 400)
    assert earlier.ending_minor == row.beginning_minor
    # 70.00 is due again: 7.00 can still come.
    assert (row.to_come_minor, row.total_minor) == (700, 300)


def test_what_was_paid_with_no_never_comes() -> None:
    _, invoice = dana_earning()
    make_payment("40.00", invoice=invoice, apply_to_commissions=False)

    (row,) = ledgers()

    assert (row.current_minor, row.to_come_minor, row.total_minor) == (0, 600, 600)


def test_a_partner_with_nothing_has_a_row_of_zeros() -> None:
    make_partner("Dana")

    (row,) = ledgers()

    assert (row.currency, row.ending_minor, row.total_minor) == ("USD", 0, 0)


def test_each_currency_has_a_row_of_its_own() -> None:
    dana, invoice = dana_earning()
    euros = make_invoice("50.00", lead_partner_id=dana.pk, currency="EUR", contact=invoice.contact)
    make_payment("50.00", invoice=euros)
    make_payment("10.00", invoice=invoice)

    assert [(row.currency, row.earned_minor) for row in ledgers()] == [("EUR", 500), ("USD", 100)]


def test_partners_are_narrowed_down_by_program_status_parent_and_text() -> None:
    dana = make_partner("Dana", code="DANA1")
    bert = make_partner("Bert", code="BERT_X", parent=dana, status=Partner.Statuses.INACTIVE)
    program = make_program(dana)

    def found(**wanted: Any) -> list[int]:
        return [row.partner_id for row in ledgers(**wanted)]

    assert found() == [bert.pk, dana.pk]
    assert found(program_id=program.pk) == [dana.pk]
    assert found(status="inactive") == [bert.pk]
    assert found(parent="dana") == [bert.pk]
    assert found(text="an") == [dana.pk]
    assert found(text="bert_") == [bert.pk]
    assert found(text="dana_") == []
    assert found(text="%") == []
    assert found(text="\\") == []


def test_all_ledgers_streamed_are_those_of_the_pages() -> None:
    _, invoice = dana_earning()
    make_payment("10.00", invoice=invoice)
    make_partner("Bert", code="BERT1")

    assert list(every_partner_ledger(LedgerFilter(day(-9), day()), currency="USD")) == ledgers()


@pytest.mark.parametrize("payout_type", list(PayoutType))
@pytest.mark.parametrize("finance", ["0.00", "15.00"])
@pytest.mark.parametrize("pays", [(), ("30.00", True), ("30.00", False), ("10.00", False)])
@pytest.mark.parametrize("returned", [False, True])
def test_what_can_still_come_is_what_the_rules_say(
    payout_type: PayoutType, finance: str, pays: tuple[Any, ...], returned: bool
) -> None:
    dana = make_partner("Dana")
    make_program(dana, payout_type=payout_type.value, rates={("lead", 1): 777})
    lines = [line("100.00")]
    if finance != "0.00":
        lines.append(line(finance, kind=ItemKind.FINANCE_CHARGE))
    invoice = make_invoice(lines=lines, lead_partner_id=dana.pk, ordered_on=day(-5))
    make_payment("20.00", invoice=invoice)
    if pays:
        paid = make_payment(pays[0], invoice=invoice, apply_to_commissions=pays[1])
        if returned:
            bounce(paid)
    invoice.refresh_from_db()
    accrual = Accrual.objects.get()

    (row,) = ledgers()

    assert row.to_come_minor == still_to_come(
        total_minor=accrual.total_minor,
        earned_minor=accrual.earned_minor,
        payout_type=payout_type,
        counters=counters_of(invoice),
        balance_due_minor=invoice.balance_due_minor,
    )


def test_the_lines_of_a_ledger_carry_the_balance_after_each() -> None:
    dana, invoice = dana_earning()
    make_payment("40.00", invoice=invoice, received_on=day(-30))
    make_payment("30.00", invoice=invoice, received_on=day(-8))
    batch = pay_out(day(-8), day(-8))

    wanted = MovementFilter(dana.pk, "USD", day(-9), day())
    rows = partner_movements(wanted, limit=51, offset=0)

    assert [(r.day, r.amount_minor, r.balance_minor) for r in rows] == [
        (day(-8), 300, 700),
        (day(-8), -700, 0),
    ]
    assert (rows[0].cause, rows[0].role, rows[0].level, rows[0].contact_name) == (
        "payment",
        "lead",
        1,
        "Acme",
    )
    assert (rows[0].payable_on, rows[0].order_id) == (day(-8) + timedelta(0), invoice.order_id)
    assert (rows[1].batch_id, rows[1].batch_number, rows[1].entry_id) == (batch.pk, batch.number, None)
