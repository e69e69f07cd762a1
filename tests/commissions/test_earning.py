"""Commissions follow the money: in the same transaction, by difference, exact at the end."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db.models import Sum

from duebook.commissions.models import Accrual, CommissionEntry
from duebook.domain.accounts import SystemAccount as Sys
from duebook.domain.order_lines import ItemKind
from duebook.domain.recording import Surplus
from duebook.invoices.models import Invoice
from duebook.ledger.models import Transfer
from duebook.partners.models import Partner, Rule
from duebook.payments.services.record_payment import PaymentRequest, preview_payment, record_payments
from duebook.payments.services.reverse_payment import reverse_payment
from duebook.sales.services.cancel_order import cancel_order
from duebook.sales.services.change_order import change_order
from duebook.sales.services.void_invoice import void_invoice
from tests.factories import (
    SYSTEM,
    day,
    key,
    line,
    make_contact,
    make_invoice,
    make_partner,
    make_payment,
    make_program,
    payment_input,
)
from tests.payments.acts import bounce, move, use_credit

pytestmark = pytest.mark.django_db


def scene(total: str = "100.00", **program: Any) -> tuple[Partner, Invoice]:
    dana = make_partner("Dana")
    make_program(dana, **program)
    return dana, make_invoice(total, lead_partner_id=dana.pk, ordered_on=day(-20))


def earned() -> list[int]:
    return list(Accrual.objects.order_by("id").values_list("earned_minor", flat=True))


def entries() -> list[int]:
    return list(CommissionEntry.objects.order_by("id").values_list("amount_minor", flat=True))


def payable(partner: Partner) -> int:
    rows = Transfer.objects.filter(partner_id=partner.pk)
    credit = rows.filter(credit_account_id=Sys.PARTNER_PAYABLE).aggregate(s=Sum("amount_minor"))["s"] or 0
    return credit - (
        rows.filter(debit_account_id=Sys.PARTNER_PAYABLE).aggregate(s=Sum("amount_minor"))["s"] or 0
    )


def test_each_payment_earns_its_share_and_stands_in_the_books() -> None:
    dana, invoice = scene("100.00")

    payment = make_payment("33.33", invoice=invoice, received_on=day(-3))
    make_payment("33.33", invoice=invoice)
    make_payment("33.34", invoice=invoice)

    assert entries() == [333, 333, 334]
    assert payable(dana) == 1000
    entry = CommissionEntry.objects.order_by("id").first()
    assert entry is not None
    assert (entry.entered_on, entry.payable_on) == (day(-3), day(-3) + timedelta(days=30))
    assert (entry.payment_id, entry.part_after_minor, entry.whole_minor) == (payment.pk, 3333, 10000)


def test_a_payment_with_no_earns_nothing() -> None:
    _, invoice = scene()

    make_payment("40.00", invoice=invoice, apply_to_commissions=False)

    assert (entries(), earned()) == ([], [0])


def test_up_front_is_earned_when_the_order_is_placed() -> None:
    dana, invoice = scene(payout_type="up_front")

    assert entries() == [1000]
    assert CommissionEntry.objects.get().entered_on == day(-20)
    make_payment("40.00", invoice=invoice)
    assert entries() == [1000]
    assert payable(dana) == 1000


def test_undo_takes_back_to_the_cent_what_was_earned() -> None:
    dana, invoice = scene()
    payment = make_payment("33.33", invoice=invoice)

    reverse_payment(payment_id=payment.pk, reason="x", request_key=key(), actor=SYSTEM, on=day())

    assert entries() == [333, -333]
    assert payable(dana) == 0
    negative = CommissionEntry.objects.get(amount_minor__lt=0)
    assert negative.payable_on == negative.entered_on


def test_a_bounced_check_claws_back_on_its_own_day() -> None:
    _, invoice = scene()
    payment = make_payment("50.00", invoice=invoice, received_on=day(-10))

    bounce(payment, returned_on=day(-4))

    assert entries() == [500, -500]
    assert CommissionEntry.objects.get(amount_minor=-500).entered_on == day(-4)


def test_a_bounced_check_takes_up_front_commission_until_it_is_paid_again() -> None:
    _, invoice = scene(payout_type="up_front")
    payment = make_payment("50.00", invoice=invoice)

    bounce(payment)
    assert entries() == [1000, -500]
    make_payment("100.00", invoice=invoice)

    assert entries() == [1000, -500, 500]


def test_moved_money_moves_its_commission() -> None:
    dana, one = scene()
    two = make_invoice("100.00", contact=one.contact, lead_partner_id=dana.pk)
    payment = make_payment("50.00", invoice=one)

    move(payment, one, two, "20.00")

    assert earned() == [300, 200]
    assert payable(dana) == 500


def test_applied_credit_earns_when_it_is_set_to_yes() -> None:
    _, invoice = scene()
    make_payment("50.00", contact=invoice.contact)
    assert entries() == []

    for counts, sofar in ((False, [0]), (True, [200])):
        use_credit(invoice, "20.00", counts=counts)
        assert earned() == sofar


@pytest.mark.parametrize("end", [void_invoice, cancel_order])
def test_a_dead_order_takes_up_front_commission_back(end: Callable[..., Any]) -> None:
    dana, invoice = scene(payout_type="up_front")
    which = {"invoice_id": invoice.pk} if end is void_invoice else {"order_id": invoice.order_id}

    end(**which, reason="x", request_key=key(), actor=SYSTEM, on=day())

    assert entries() == [1000, -1000]
    assert payable(dana) == 0


def test_a_changed_order_posts_the_difference_by_its_frozen_rules() -> None:
    _, invoice = scene("100.00")
    make_payment("50.00", invoice=invoice)
    Rule.objects.update(percent_bps=9000)

    change_order(order_id=invoice.order_id, lines=[line("200.00")], request_key=key(), actor=SYSTEM, on=day())

    accrual = Accrual.objects.get()
    assert (accrual.total_minor, accrual.earned_minor) == (2000, 500)
    change_order(
        order_id=invoice.order_id,
        lines=[line("50.00"), line("50.00", kind=ItemKind.SHIPPING, description="Shipping")],
        request_key=key(),
        actor=SYSTEM,
        on=day(),
    )
    accrual.refresh_from_db()
    assert (accrual.total_minor, accrual.earned_minor) == (500, 250)
    assert entries() == [500, -250]


def test_levels_and_roles_earn_by_themselves() -> None:
    pam = make_partner("Pam", code="PAMELA")
    dana = make_partner("Dana", code="DANA1", parent=pam)
    sam = make_partner("Sam", code="SAMUEL")
    make_program(dana, sam, rates={("lead", 1): 1000, ("lead", 2): 500, ("sale", 1): 777})
    invoice = make_invoice("99.99", lead_partner_id=dana.pk, sale_partner_id=sam.pk)

    make_payment("49.99", invoice=invoice)
    make_payment("50.00", invoice=invoice)

    assert {
        (a.partner.name, a.total_minor, a.earned_minor) for a in Accrual.objects.select_related("partner")
    } == {
        ("Dana", 1000, 1000),
        ("Pam", 500, 500),
        ("Sam", 777, 777),
    }
    assert payable(pam) == 500


def test_a_batch_steps_one_accrual_many_times_and_stays_exact() -> None:
    dana, invoice = scene("100.00")
    requests = [PaymentRequest(payment_input("0.33", invoice=invoice), key()) for _ in range(303)]

    record_payments(requests=requests, actor=SYSTEM, on=day())
    make_payment("0.01", invoice=invoice)

    assert sum(entries()) == 1000
    assert earned() == [1000]
    assert payable(dana) == 1000


def test_the_preview_shows_each_partner_s_cents() -> None:
    _, invoice = scene("100.00")

    decision = preview_payment(
        wanted=payment_input("33.33", invoice=invoice, surplus=Surplus.REFUSE), actor=SYSTEM, on=day()
    )

    (step,) = decision.commissions
    assert (step.accrual.partner_name, step.minor, step.after.part, step.after.whole) == (
        "Dana",
        333,
        3333,
        10000,
    )


def test_an_order_without_partners_has_no_accrual() -> None:
    make_payment(invoice=make_invoice(contact=make_contact()))

    assert not Accrual.objects.exists()


def test_a_partner_with_a_global_override_earns_on_every_order() -> None:
    from duebook.partners.models import PartnerOverride

    gus = make_partner("Gus", code="GUSTAV", global_override=True)
    PartnerOverride.objects.create(partner=gus, role="sale", percent_bps=100)

    make_payment("100.00", invoice=make_invoice("100.00"))

    assert [(a.partner_id, a.earned_minor) for a in Accrual.objects.all()] == [(gus.pk, 100)]
