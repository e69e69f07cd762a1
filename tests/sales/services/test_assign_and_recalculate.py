"""Partners of an order and its rules change only when someone says so, and post the difference."""

from typing import Any

import pytest

from duebook.commissions.models import Accrual, CommissionEntry
from duebook.domain import errors
from duebook.domain.commission_rules import PartnerRole, PayoutType, Rate
from duebook.domain.permissions import Role
from duebook.partners.models import Rule
from duebook.sales.services.assign_partners import assign_partners, preview_partners
from duebook.sales.services.override_order import OrderOverrideInput, override_order
from duebook.sales.services.recalculate_order import (
    OrderChoice,
    chosen_orders,
    preview_recalculation,
    recalculate_order,
)
from tests.factories import SYSTEM, actor, day, key, make_invoice, make_partner, make_payment, make_program
from tests.snapshot import everything
from tests.threads import in_threads

pytestmark = pytest.mark.django_db


def entries() -> list[tuple[str, int, str]]:
    return list(CommissionEntry.objects.order_by("id").values_list("partner__name", "amount_minor", "cause"))


def assign(order_id: int, lead: int | None = None, sale: int | None = None, **fields: Any) -> Any:
    given = {"request_key": key(), "actor": SYSTEM, "on": day()}
    return assign_partners(
        order_id=order_id, lead_partner_id=lead, sale_partner_id=sale, **{**given, **fields}
    )


def test_a_late_partner_gets_what_would_have_been_earned_dated_today() -> None:
    dana = make_partner()
    make_program(dana)
    invoice = make_invoice("100.00", ordered_on=day(-30))
    make_payment("40.00", invoice=invoice, received_on=day(-20))

    preview = preview_partners(
        order_id=invoice.order_id, lead_partner_id=dana.pk, sale_partner_id=None, actor=SYSTEM, on=day()
    )
    assert entries() == []
    steps = assign(invoice.order_id, dana.pk)

    assert [step.minor for step in preview] == [step.minor for step in steps] == [400]
    assert entries() == [("Dana", 400, "assigned")]
    assert CommissionEntry.objects.get().entered_on == day()


def test_another_partner_takes_over_and_the_first_gives_back() -> None:
    dana, sam = make_partner(), make_partner("Sam", code="SAMUEL")
    make_program(dana, sam)
    invoice = make_invoice("100.00", lead_partner_id=dana.pk)
    make_payment("40.00", invoice=invoice)

    assign(invoice.order_id, sam.pk)
    make_payment("60.00", invoice=invoice)

    assert [(name, minor) for name, minor, _ in entries()] == [
        ("Dana", 400),
        ("Sam", 400),
        ("Dana", -400),
        ("Sam", 600),
    ]
    assign(invoice.order_id, dana.pk)
    assert dict(Accrual.objects.values_list("partner__name", "earned_minor")) == {"Dana": 1000, "Sam": 0}


def test_changing_a_program_changes_no_old_order_until_it_is_recalculated() -> None:
    dana = make_partner()
    make_program(dana)
    invoice = make_invoice("100.00", lead_partner_id=dana.pk)
    make_payment("50.00", invoice=invoice)
    Rule.objects.update(percent_bps=2000)
    make_payment("10.00", invoice=invoice)
    assert [minor for _, minor, _ in entries()] == [500, 100]

    preview = preview_recalculation(order_id=invoice.order_id, actor=SYSTEM, on=day())
    steps = recalculate_order(order_id=invoice.order_id, request_key=key(), actor=SYSTEM, on=day())

    assert [step.minor for step in preview] == [step.minor for step in steps] == [600]
    assert entries()[-1] == ("Dana", 600, "recalculated")
    assert (
        recalculate_order(order_id=invoice.order_id, request_key=key(), actor=SYSTEM, on=day())[0].minor == 0
    )


def test_the_orders_of_one_partner_are_chosen() -> None:
    dana, sam = make_partner(), make_partner("Sam", code="SAMUEL")
    make_program(dana, sam)
    one = make_invoice("100.00", lead_partner_id=dana.pk)
    make_invoice("100.00", contact=one.contact, lead_partner_id=sam.pk)

    assert chosen_orders(OrderChoice(partner_id=dana.pk)) == [one.order_id]


def test_an_override_on_the_order_beats_the_program() -> None:
    dana = make_partner()
    make_program(dana)
    invoice = make_invoice("100.00", lead_partner_id=dana.pk)
    make_payment("50.00", invoice=invoice)

    override_order(
        order_id=invoice.order_id,
        overrides=[
            OrderOverrideInput(dana.pk, PartnerRole.LEAD, Rate(3000), PayoutType.ON_PAYMENT, hold_days=30)
        ],
        request_key=key(),
        actor=SYSTEM,
        on=day(),
    )

    assert sum(minor for _, minor, _ in entries()) == 1500


@pytest.mark.parametrize(
    ("fields", "error"),
    [({"actor": actor(Role.CLERK)}, errors.Forbidden), ({"lead": 999}, errors.NotFound)],
)
def test_a_refused_assignment_changes_nothing(fields: dict[str, Any], error: type[Exception]) -> None:
    invoice = make_invoice()
    before = everything()

    with pytest.raises(error):
        assign(invoice.order_id, **fields)

    assert everything() == before


def test_the_same_request_assigns_once() -> None:
    dana = make_partner()
    make_program(dana)
    invoice = make_invoice()
    make_payment("40.00", invoice=invoice)
    request_key = key()
    assign(invoice.order_id, dana.pk, request_key=request_key)
    before = everything()

    assert assign(invoice.order_id, dana.pk, request_key=request_key) == ()

    assert everything() == before


@pytest.mark.django_db(transaction=True)
def test_payments_and_recalculations_at_once_come_to_the_exact_sum() -> None:
    pam = make_partner("Pam", code="PAMELA")
    dana = make_partner(parent=pam)
    make_program(dana, rates={("lead", 1): 1000, ("lead", 2): 333, ("sale", 1): 777})
    invoice = make_invoice("100.00", lead_partner_id=dana.pk, sale_partner_id=dana.pk)
    Rule.objects.filter(role="lead", level=1).update(percent_bps=2000)

    def work(i: int) -> Any:
        if i % 4 == 3:
            return recalculate_order(order_id=invoice.order_id, request_key=key(), actor=SYSTEM, on=day())
        return make_payment("8.33", invoice=invoice)

    in_threads(16, work)
    recalculate_order(order_id=invoice.order_id, request_key=key(), actor=SYSTEM, on=day())
    make_payment("0.04", invoice=invoice)

    figures = Accrual.objects.order_by("role", "level").values_list("total_minor", "earned_minor")
    assert sorted(figures) == [(0, 0), (333, 333), (777, 777), (2000, 2000)]
