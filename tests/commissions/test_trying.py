"""Try it: which rule applies to each line, and why."""

import pytest

from duebook.catalog.models import Product
from duebook.commissions.models import Accrual, CommissionEntry
from duebook.commissions.trying import Trial, Verdict, try_imagined, try_order
from duebook.domain.commission_rules import PartnerRole, RuleSource, Silence
from duebook.orders.models import Order
from duebook.partners.models import Partner, PartnerOverride, Rule
from tests.factories import make_invoice, make_partner, make_program, usd

pytestmark = pytest.mark.django_db


def tried(partner: Partner, *, product_id: int | None = None) -> Trial:
    return try_imagined(
        amount=usd("100.00"), description="Site", product_id=product_id, lead_partner_id=partner.pk
    )


def steps(trial: Trial, claim: int = 0) -> list[tuple[str, Verdict]]:
    return [(step.program or step.source.value, step.verdict) for step in trial.claims[claim].lines[0].steps]


def test_the_lowest_priority_number_wins_and_the_others_come_later() -> None:
    dana = make_partner("Dana")
    make_program(dana, name="Second", priority=20, rates={("lead", 1): 2000})
    make_program(dana, name="First", priority=10, rates={("lead", 1): 1000})

    trial = tried(dana)

    assert trial.total_minor == 1000
    assert trial.claims[0].claim.program_name == "First"
    assert steps(trial) == [
        ("order override", Verdict.NONE),
        ("partner override", Verdict.NONE),
        ("First", Verdict.APPLIES),
        ("Second", Verdict.LATER),
    ]
    assert trial.vacant == (PartnerRole.SALE,)


def test_a_program_for_other_products_is_passed_over() -> None:
    dana = make_partner("Dana")
    logo = Product.objects.create(name="Logo", price_minor=1, currency="USD")
    first = make_program(dana, name="First", priority=1)
    Rule.objects.filter(program=first).update(product=logo)
    make_program(dana, name="Second", priority=2, rates={("lead", 1): 500})

    assert steps(tried(dana))[2:] == [("First", Verdict.NOT_COVERED), ("Second", Verdict.APPLIES)]
    of_logo = tried(dana, product_id=logo.pk)
    assert steps(of_logo)[2:] == [("First", Verdict.APPLIES), ("Second", Verdict.LATER)]
    assert of_logo.claims[0].lines[0].steps[2].source is RuleSource.PROGRAM_PRODUCT


def test_an_override_for_the_partner_beats_every_program() -> None:
    dana = make_partner("Dana")
    make_program(dana)
    PartnerOverride.objects.create(partner=dana, role="lead", percent_bps=1500)

    trial = tried(dana)

    assert trial.total_minor == 1500
    assert steps(trial) == [("order override", Verdict.NONE), ("partner override", Verdict.APPLIES)]


def test_what_earns_nothing_says_why() -> None:
    dana, ben = make_partner("Dana"), make_partner("Ben", code="BEN1", status="inactive")
    make_program(dana, rates={("sale", 1): 1000})

    no_rule, inactive = tried(dana), tried(ben)

    assert no_rule.claims[0].claim.silence is Silence.NO_RULE
    assert steps(no_rule)[2:] == [("Standard", Verdict.NO_RULE)]
    assert inactive.claims[0].claim.silence is Silence.INACTIVE
    assert (no_rule.total_minor, inactive.total_minor) == (0, 0)


def test_a_parent_earns_by_the_program_of_its_child() -> None:
    paul = make_partner("Paul", code="PAUL")
    dana = make_partner("Dana", parent=paul)
    make_program(dana, rates={("lead", 1): 1000, ("lead", 2): 300})

    trial = tried(dana)

    assert [(one.claim.partner.name, one.claim.total_minor) for one in trial.claims] == [
        ("Dana", 1000),
        ("Paul", 300),
    ]
    assert steps(trial, 1)[2:] == [("Standard", Verdict.APPLIES)]


def test_a_fixed_amount_in_another_currency_is_named() -> None:
    dana = make_partner("Dana")
    PartnerOverride.objects.create(partner=dana, role="lead", fixed_minor=500, currency="EUR")

    trial = tried(dana)

    assert trial.claims[0].claim.silence is Silence.OTHER_CURRENCY
    assert steps(trial)[1] == ("partner override", Verdict.OTHER_CURRENCY)


def test_trying_a_real_order_asks_the_rules_of_today_and_writes_nothing() -> None:
    dana = make_partner("Dana")
    program = make_program(dana)
    invoice = make_invoice("100.00", lead_partner_id=dana.pk)
    Rule.objects.filter(program=program).update(percent_bps=2000)

    trial = try_order(Order.objects.get(pk=invoice.order_id))

    assert trial.total_minor == 2000
    assert Accrual.objects.get().total_minor == 1000
    assert not CommissionEntry.objects.exists()
