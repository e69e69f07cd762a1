"""Each entry explains itself, and an order says why it earned nothing."""

from fractions import Fraction
from typing import Any

import pytest

from duebook.commissions.explaining import SoFar, why_nothing_so_far
from duebook.commissions.models import Accrual, AccrualBasis, CommissionEntry
from duebook.commissions.order_commissions import commissions_of, explanation_of
from duebook.domain.commission_base import Exclusion
from duebook.domain.commission_release import Counters, WhyNothing
from duebook.domain.commission_rules import PartnerRole, PayoutType, RuleSource, Silence
from duebook.domain.commission_steps import EntryCause
from duebook.domain.errors import NotFound
from duebook.domain.order_lines import ItemKind
from duebook.invoices.models import Invoice
from duebook.payments.services.reverse_payment import reverse_payment
from duebook.sales.services.assign_partners import assign_partners
from duebook.sales.services.change_order import change_order
from duebook.sales.services.recalculate_order import recalculate_order
from tests.factories import SYSTEM, day, key, line, make_invoice, make_partner, make_payment, make_program

pytestmark = pytest.mark.django_db


def why_of(invoice: Invoice) -> Any:
    invoice.refresh_from_db()
    (row,) = commissions_of(invoice, list(invoice.order.items.all())).rows
    return row.why_nothing


def test_an_entry_says_rule_base_total_share_and_step() -> None:
    dana = make_partner("Dana")
    make_program(dana, rates={("lead", 1): 1000})
    lines = [
        line("100.00", description="Website"),
        line("10.00", kind=ItemKind.DISCOUNT, description="Friends"),
        line("9.00", kind=ItemKind.TAX, description="Tax"),
    ]
    invoice = make_invoice(lines=lines, lead_partner_id=dana.pk)
    make_payment("33.00", invoice=invoice)
    make_payment("33.00", invoice=invoice)

    entry = CommissionEntry.objects.order_by("-id").first()
    assert entry is not None
    found = explanation_of(entry.pk)

    assert (found.partner_name, found.role, found.level) == ("Dana", PartnerRole.LEAD, 1)
    assert (found.program_name, found.payout_type) == ("Standard", PayoutType.ON_PAYMENT)
    assert (found.cause, found.invoice, found.contact_name) == (EntryCause.PAYMENT, str(invoice), "Acme")
    assert (found.total_minor, found.whole_minor) == (900, 9900)
    assert (found.part_before_minor, found.part_after_minor) == (3300, 6600)
    assert (found.earned_before_minor, found.minor, found.earned_after_minor) == (300, 300, 600)
    website, friends, tax = found.lines
    assert (website.line_minor, website.base_minor, website.bps) == (10000, 9000, 1000)
    assert (website.source, website.exact) == (RuleSource.PROGRAM_DEFAULT, Fraction(900))
    assert (friends.why_not, tax.why_not) == (Exclusion.DISCOUNT_TAKEN, Exclusion.TAX)
    assert not found.has_changed_since
    assert found.is_held(day(29))
    assert not found.is_held(day(30))


def test_what_was_taken_back_explains_itself_too() -> None:
    dana = make_partner("Dana")
    make_program(dana)
    payment = make_payment("40.00", invoice=make_invoice("100.00", lead_partner_id=dana.pk))
    reverse_payment(payment_id=payment.pk, reason="x", request_key=key(), actor=SYSTEM, on=day())

    found = explanation_of(CommissionEntry.objects.get(amount_minor=-400).pk)

    assert (found.cause, found.minor) == (EntryCause.UNDONE, -400)
    assert (found.part_before_minor, found.part_after_minor) == (4000, 0)
    assert (found.earned_before_minor, found.earned_after_minor) == (400, 0)


def test_an_entry_tells_that_the_order_changed_since_and_keeps_the_lines_of_then() -> None:
    dana = make_partner("Dana")
    make_program(dana)
    invoice = make_invoice("100.00", lead_partner_id=dana.pk)
    make_payment("40.00", invoice=invoice)
    change_order(order_id=invoice.order_id, lines=[line("200.00")], request_key=key(), actor=SYSTEM, on=day())
    make_payment("160.00", invoice=invoice)

    paid, paid_again = CommissionEntry.objects.order_by("id")
    found = explanation_of(paid.pk)

    assert (found.total_minor, found.total_now_minor, found.has_changed_since) == (1000, 2000, True)
    assert [(one.line_minor, one.exact) for one in found.lines] == [(10000, Fraction(1000))]
    assert [(one.line_minor, one.exact) for one in explanation_of(paid_again.pk).lines] == [
        (20000, Fraction(2000))
    ]
    assert paid.basis_id != paid_again.basis_id


def test_recalculating_what_stays_the_same_makes_no_new_basis() -> None:
    dana = make_partner("Dana")
    make_program(dana)
    invoice = make_invoice("100.00", lead_partner_id=dana.pk)

    recalculate_order(order_id=invoice.order_id, request_key=key(), actor=SYSTEM, on=day())

    assert AccrualBasis.objects.count() == 1


def test_an_entry_that_is_none_is_not_found() -> None:
    with pytest.raises(NotFound):
        explanation_of(0)


def test_an_order_says_why_it_earned_nothing() -> None:
    dana, ben, cora = (
        make_partner("Dana"),
        make_partner("Ben", code="BEN1"),
        make_partner("Cora", code="CORA"),
    )
    make_program(dana, cora)
    no_program = make_invoice(lead_partner_id=ben.pk, title="No program")
    no_rule = make_invoice(sale_partner_id=dana.pk, title="No rule")
    unpaid = make_invoice(lead_partner_id=dana.pk, title="Unpaid")
    set_to_no = make_invoice(lead_partner_id=dana.pk, title="No")
    make_payment("40.00", invoice=set_to_no, apply_to_commissions=False)
    cora.status = "inactive"
    cora.save()
    inactive = make_invoice(title="Inactive")
    type(inactive.order).objects.filter(pk=inactive.order_id).update(lead_partner=cora)

    assert why_of(no_program) is Silence.NO_PROGRAM
    assert why_of(no_rule) is Silence.NO_RULE
    assert why_of(unpaid) is SoFar.NOT_PAID
    assert why_of(set_to_no) is WhyNothing.SET_TO_NO
    make_payment("1.00", invoice=unpaid)
    assert why_of(unpaid) is None


def test_who_left_the_order_without_earning_is_not_shown() -> None:
    dana, ben = make_partner("Dana"), make_partner("Ben", code="BEN1")
    make_program(dana, ben)
    invoice = make_invoice("100.00", lead_partner_id=dana.pk)
    assign_partners(
        order_id=invoice.order_id,
        lead_partner_id=ben.pk,
        sale_partner_id=None,
        request_key=key(),
        actor=SYSTEM,
        on=day(),
    )

    invoice = Invoice.objects.select_related("order").get(pk=invoice.pk)
    found = commissions_of(invoice, list(invoice.order.items.all()))

    assert [row.accrual.partner.name for row in found.rows] == ["Ben"]
    assert found.vacant == (PartnerRole.SALE,)


@pytest.mark.parametrize(
    ("accrual", "counters", "why"),
    [
        ({"total_minor": 0}, Counters(10000, 0, 5000, 0, 5000, 0), SoFar.NO_RATE),
        ({}, Counters(0, 0, 0, 0, 0, 0), WhyNothing.NOTHING_TO_PAY),
        ({}, Counters(10000, 0, 0, 0, 0, 0, dead=True), WhyNothing.DEAD),
        ({}, Counters(10000, 500, 400, 0, 400, 0), WhyNothing.FINANCE_CHARGE_FIRST),
        ({"total_minor": 3}, Counters(10000, 0, 100, 0, 100, 0), WhyNothing.TOO_SMALL),
        ({"payout_type": "up_front"}, Counters(10000, 0, 0, 0, 0, 10000), SoFar.MONEY_BACK),
        ({"earned_minor": 1}, Counters(10000, 0, 100, 0, 100, 0), None),
        ({"silence": "the partner was inactive"}, Counters(10000, 0, 0, 0, 0, 0), Silence.INACTIVE),
    ],
)
def test_each_reason_for_nothing_so_far(accrual: dict[str, Any], counters: Counters, why: Any) -> None:
    row = Accrual(**{"total_minor": 1000, "payout_type": "on_payment", **accrual})

    assert why_nothing_so_far(row, counters) is why
