"""A rehearsal over real rows: old is what was earned, new what other rules would have."""

from datetime import date
from typing import Any

import pytest

from duebook.commissions.models import Accrual, CommissionEntry
from duebook.domain import errors
from duebook.domain.commission_checks import RuleInput
from duebook.domain.commission_rules import PartnerRole, PayoutType, Rate
from duebook.domain.permissions import Role
from duebook.partners.details import ProgramDetails
from duebook.partners.models import Partner, Program, Rule
from duebook.payments.services.reverse_payment import reverse_payment
from duebook.reports.models import Rehearsal
from duebook.reports.rehearsal import details_as_json, details_from_json
from duebook.reports.services.run_rehearsal import run_rehearsal, start_rehearsal
from duebook.sales.services.cancel_order import cancel_order
from tests.factories import (
    SYSTEM,
    actor,
    day,
    key,
    make_invoice,
    make_partner,
    make_payment,
    make_program,
    make_refund,
)
from tests.payments.acts import bounce
from tests.payments.charging import a_charged_payment
from tests.payments.disputing import decide_dispute, open_dispute
from tests.payments.fake_gateway import FakeGateway

pytestmark = pytest.mark.django_db

PAUL = actor(Role.PARTNER_MANAGER, user_id=5)


def details(*members: Partner, bps: int = 1500, **fields: Any) -> ProgramDetails:
    given: dict[str, Any] = {
        "name": "Standard",
        "priority": 10,
        "payout_type": PayoutType.ON_PAYMENT,
        "hold_days": 30,
        "levels": 1,
        "rules": (RuleInput(PartnerRole.LEAD, 1, Rate(bps)),),
        "member_ids": frozenset(partner.pk for partner in members),
    }
    return ProgramDetails(**{**given, **fields})


def outcome(
    program: Program | None, wanted: ProgramDetails, *, first: date | None = None, last: date | None = None
) -> list[Any]:
    started = start_rehearsal(
        program_id=program.pk if program else None,
        details=wanted,
        first=first or day(-60),
        last=last or day(),
        actor=PAUL,
        on=day(),
    )
    assert started.state == Rehearsal.States.RUNNING
    return run_rehearsal(rehearsal_id=started.pk).outcome


def test_old_is_what_was_earned_and_new_what_the_changed_program_would_earn() -> None:
    dana = make_partner("Dana")
    program = make_program(dana)
    invoice = make_invoice("100.00", lead_partner_id=dana.pk, ordered_on=day(-50))
    make_payment("20.00", invoice=invoice, received_on=day(-40))
    make_payment("50.00", invoice=invoice, received_on=day(-10))
    make_payment("10.00", invoice=invoice, received_on=day(-9), apply_to_commissions=False)

    rows = outcome(program, details(dana), first=day(-20), last=day(-1))

    assert rows == [[dana.pk, "USD", 500, 750]]
    assert outcome(program, details(dana)) == [[dana.pk, "USD", 700, 1050]]


def test_a_rehearsal_saves_nothing_but_itself() -> None:
    dana = make_partner("Dana")
    program = make_program(dana)
    invoice = make_invoice("100.00", lead_partner_id=dana.pk)
    make_payment("20.00", invoice=invoice)

    outcome(program, details(dana, name="Other"))

    program.refresh_from_db()
    assert program.name == "Standard"
    assert list(Rule.objects.values_list("percent_bps", flat=True)) == [1000]
    assert Accrual.objects.get().total_minor == 1000
    assert CommissionEntry.objects.get().amount_minor == 200


def test_returned_undone_and_cancelled_money_is_seen_on_its_day() -> None:
    dana = make_partner("Dana")
    program = make_program(dana)
    kept = make_invoice("100.00", lead_partner_id=dana.pk, ordered_on=day(-50))
    returned = make_payment("40.00", invoice=kept, received_on=day(-40))
    undone = make_payment("30.00", invoice=kept, received_on=day(-39))
    bounce(returned, returned_on=day(-5))
    reverse_payment(payment_id=undone.pk, reason="Mistake", request_key=key(), actor=SYSTEM, on=day())
    gone = make_invoice("100.00", lead_partner_id=dana.pk, ordered_on=day(-50), contact=kept.contact)
    cancel_order(order_id=gone.order_id, reason="No", request_key=key(), actor=SYSTEM, on=day())

    # The undone payment leaves no trace on its day; the returned one stood until it came back.
    assert outcome(program, details(dana), last=day(-6)) == [[dana.pk, "USD", 400, 600]]
    assert outcome(program, details(dana)) == [[dana.pk, "USD", 0, 0]]
    assert outcome(program, details(dana), first=day(-5)) == [[dana.pk, "USD", -400, -600]]


@pytest.mark.parametrize(("payout_type", "before"), [("on_payment", [400, 600]), ("up_front", [1000, 1500])])
def test_refunded_money_is_seen_on_its_day(payout_type: str, before: list[int]) -> None:
    dana = make_partner("Dana")
    program = make_program(dana, payout_type=payout_type)
    invoice = make_invoice("100.00", lead_partner_id=dana.pk, ordered_on=day(-50))
    make_refund(make_payment("40.00", invoice=invoice, received_on=day(-40)), refunded_on=day(-5))
    new = details(dana, payout_type=PayoutType(payout_type))

    assert outcome(program, new, last=day(-6)) == [[dana.pk, "USD", *before]]
    assert outcome(program, new, first=day(-5)) == [[dana.pk, "USD", -400, -600]]


@pytest.mark.parametrize("payout_type", ["on_payment", "up_front"])
def test_disputed_money_has_gone_until_the_dispute_is_won(gateway: FakeGateway, payout_type: str) -> None:
    dana = make_partner("Dana")
    program = make_program(dana, payout_type=payout_type)
    a_charged_payment(lead_partner_id=dana.pk)
    new = details(dana, payout_type=PayoutType(payout_type))

    open_dispute(gateway, 4000)
    disputed = outcome(program, new)
    decide_dispute(gateway, "won")

    assert disputed == [[dana.pk, "USD", 600, 900]]
    assert outcome(program, new) == [[dana.pk, "USD", 1000, 1500]]


def test_up_front_counts_on_the_day_of_the_order_even_unpaid() -> None:
    dana = make_partner("Dana")
    program = make_program(dana)
    make_invoice("100.00", lead_partner_id=dana.pk, ordered_on=day(-10))
    up_front = details(dana, payout_type=PayoutType.UP_FRONT)

    assert outcome(program, up_front) == [[dana.pk, "USD", 0, 1500]]
    assert outcome(program, up_front, first=day(-9)) == []


def test_a_new_program_with_a_member_that_had_none() -> None:
    dana = make_partner("Dana")
    invoice = make_invoice("100.00", lead_partner_id=dana.pk)
    make_payment("50.00", invoice=invoice)

    assert outcome(None, details(dana)) == [[dana.pk, "USD", 0, 750]]
    assert outcome(None, details()) == [[dana.pk, "USD", 0, 0]]


def test_it_may_run_twice() -> None:
    dana = make_partner("Dana")
    program = make_program(dana)
    make_payment("50.00", invoice=make_invoice("100.00", lead_partner_id=dana.pk))
    started = start_rehearsal(
        program_id=program.pk, details=details(dana), first=day(-1), last=day(), actor=PAUL, on=day()
    )

    once = run_rehearsal(rehearsal_id=started.pk)
    again = run_rehearsal(rehearsal_id=started.pk)

    assert once.outcome == again.outcome == [[dana.pk, "USD", 500, 750]]
    assert (again.done, again.orders, again.payments) == (1, 1, 1)


@pytest.mark.parametrize(
    ("wanted", "error"),
    [
        ({"rules": ()}, errors.ProgramNeedsRules),
        ({"name": "Taken"}, errors.NameTaken),
        ({"bps": 10_001}, errors.PercentOutOfRange),
    ],
)
def test_a_program_that_could_not_be_saved_is_refused(
    wanted: dict[str, Any], error: type[errors.DomainError]
) -> None:
    dana = make_partner("Dana")
    make_program(dana, name="Taken")

    with pytest.raises(error):
        outcome(None, details(dana, **wanted))

    assert not Rehearsal.objects.exists()


def test_who_may_not_set_commissions_rehearses_nothing() -> None:
    with pytest.raises(errors.Forbidden):
        start_rehearsal(
            program_id=None,
            details=details(),
            first=day(-1),
            last=day(),
            actor=actor(Role.MANAGER),
            on=day(),
        )


def test_a_period_lies_in_the_past_and_goes_forward() -> None:
    for first, last, error in ((day(), day(1), errors.FutureDate), (day(), day(-1), errors.BeforeOrigin)):
        with pytest.raises(error):
            start_rehearsal(program_id=None, details=details(), first=first, last=last, actor=PAUL, on=day())


def test_details_come_back_from_what_is_stored() -> None:
    wanted = details(
        rules=(RuleInput(PartnerRole.SALE, 2, Rate(250, 500, "USD"), product_id=3),),
        member_ids=frozenset({2, 1}),
    )

    assert details_from_json(details_as_json(wanted)) == wanted
