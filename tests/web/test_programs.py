"""The pages of programs: the list with the order of precedence, Try it, and the form."""

from typing import Any

import pytest
from django.test import Client

from duebook.catalog.models import Product
from duebook.commissions.models import Accrual
from duebook.domain.permissions import Role
from duebook.partners.models import PartnerOverride, Program, Rule
from tests.factories import make_invoice, make_partner, make_program
from tests.web.pages import fields_of, sign_in, text_of
from tests.web.test_partners import rows

pytestmark = pytest.mark.django_db


def rules(*typed: dict[str, str]) -> dict[str, str]:
    return rows(*({"level": "1", **row} if row else {} for row in typed))


def add(client: Client, *typed: dict[str, str], **head: Any) -> Any:
    form = client.get("/programs/new/")
    return client.post("/programs/new/", {**fields_of(form, **{"name": "Standard", **head}), **rules(*typed)})


def test_the_list_is_in_the_order_in_which_programs_are_asked(client: Client) -> None:
    sign_in(client, Role.MANAGER)
    dana = make_partner("Dana")
    make_program(dana, name="Second", priority=20)
    make_program(dana, name="First", priority=10, payout_type="up_front", hold_days=14)

    said = text_of(client.get("/programs/"))

    assert "First 10 Up-Front Credit in Full hold 14 days All products : lead 1, 10 % Dana" in said.replace(
        "products:", "products :"
    )
    assert said.index("First 10") < said.index("Second 20")
    assert "The order of precedence" in said
    assert "An override on the order itself." in said
    assert "the one with the lowest priority number that covers the item" in said
    assert "Add Program" not in said


@pytest.mark.parametrize("count", [1, 8])
def test_the_list_costs_the_same_whatever_its_length(
    client: Client, count: int, django_assert_num_queries: Any
) -> None:
    sign_in(client)
    for number in range(count):
        dana = make_partner(f"Dana {number}", code=f"DANA{number}")
        make_program(dana, name=f"Program {number}")

    with django_assert_num_queries(9):
        client.get("/programs/")


def test_a_program_is_added_with_rules_and_members(client: Client) -> None:
    sign_in(client, Role.PARTNER_MANAGER)
    dana = make_partner("Dana")
    logo = Product.objects.create(name="Logo", price_minor=100, currency="USD")

    answer = add(
        client,
        {"percent": "10"},
        {},
        {"role": "sale", "level": "2", "percent": "2.5", "fixed_amount": "1.50", "product": str(logo.pk)},
        payout_type="up_front",
        hold_days="14",
        levels="2",
        members=[str(dana.pk)],
    )

    assert answer.status_code == 302
    program = Program.objects.get()
    assert (program.priority, program.payout_type, program.hold_days, program.levels) == (
        10,
        "up_front",
        14,
        2,
    )
    assert [member.name for member in program.members.all()] == ["Dana"]
    stored = Rule.objects.order_by("id").values_list(
        "product_id", "role", "level", "percent_bps", "fixed_minor", "currency"
    )
    assert list(stored) == [(None, "lead", 1, 1000, 0, ""), (logo.pk, "sale", 2, 250, 150, "USD")]


@pytest.mark.parametrize(
    ("typed", "head", "status", "words"),
    [
        ([], {}, 422, "Add at least one rule: a role, a level and a rate."),
        ([{"percent": "100.5"}], {}, 422, "A percentage lies between 0 and 100."),
        ([{"percent": "10", "level": "2"}], {}, 422, "The program has 1 levels."),
        ([{"percent": "10"}, {"percent": "20"}], {}, 422, "There are two rules for lead, level 1. Keep one."),
        (
            [{"percent": "60"}, {"role": "sale", "percent": "50"}],
            {},
            422,
            "All roles and levels together come to 110 % for the default.",
        ),
        ([{"percent": "10"}], {"name": "taken"}, 409, "There is a program named taken already."),
        ([{"percent": "10"}], {"hold_days": "-1"}, 422, "Ensure this value is greater than or equal to 0."),
        ([{"percent": "1.005"}], {}, 422, "At most 2 decimals"),
    ],
)
def test_a_refused_program_comes_back_with_everything_typed(
    client: Client, typed: list[dict[str, str]], head: dict[str, str], status: int, words: str
) -> None:
    sign_in(client, Role.PARTNER_MANAGER)
    dana = make_partner("Dana")
    make_program(name="Taken")

    answer = add(client, *typed, **{"notes": "Kept", "members": [str(dana.pk)], **head})

    html = answer.content.decode()
    assert answer.status_code == status
    assert words in text_of(answer)
    assert "Kept" in html
    assert answer.context["form"]["members"].value() == [str(dana.pk)]
    assert html.count(" checked") == 2
    for row in typed:
        assert f'value="{row["percent"]}"' in html
    assert Program.objects.count() == 1


def test_a_program_is_changed_and_old_orders_keep_their_rules(client: Client) -> None:
    sign_in(client, Role.PARTNER_MANAGER)
    dana = make_partner("Dana", status="inactive")
    program = make_program(dana)
    dana.status = "active"
    dana.save()
    make_invoice("100.00", lead_partner_id=dana.pk)
    dana.status = "inactive"
    dana.save()
    address = f"/programs/{program.pk}/"

    answer = client.post(address, {**fields_of(client.get(address)), **rules({"percent": "20"})}, follow=True)

    assert "Saved. Orders that exist keep the rules they have." in text_of(answer)
    assert Rule.objects.get().percent_bps == 2000
    assert program.members.get() == dana
    assert Accrual.objects.get().total_minor == 1000


def test_try_it_shows_which_rule_applies_to_an_imagined_order_and_why(client: Client) -> None:
    sign_in(client, Role.MANAGER)
    dana = make_partner("Dana")
    make_program(dana, name="First", priority=10)
    make_program(dana, name="Second", priority=20)

    said = text_of(
        client.get(
            "/programs/", {"order": "", "amount": "200", "partner": dana.pk, "role": "lead", "product": ""}
        )
    )

    assert "The order would bring its partners $20.00." in said
    assert "Dana · Lead, level 1 · 20.00 Credit on Customer Payment" in said
    assert "An item without a product · counts 200.00 10 % = 20.00" in said
    assert "Override on the order: there is none Override for the partner: there is none" in said
    assert "First ( priority 10 ), default rule: applies" in said.replace("(priority 10)", "( priority 10 )")
    assert "comes later, so it is not asked" in said
    assert "Sale: the order has no referral partner in this role" in said


def test_try_it_takes_a_real_order_by_number(client: Client) -> None:
    sign_in(client, Role.MANAGER)
    dana = make_partner("Dana")
    make_program(dana)
    invoice = make_invoice("100.00", lead_partner_id=dana.pk)
    PartnerOverride.objects.create(partner=dana, role="lead", percent_bps=500)

    for number in (str(invoice.order), str(invoice)):
        said = text_of(client.get("/programs/", {"order": number}))
        assert f"{invoice.order} brings its partners $5.00 by the rules of today." in said
        assert "Override for the partner: applies" in said
    assert Accrual.objects.get().total_minor == 1000


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"order": "#999999"}, "There is no order and no invoice of this number."),
        ({"amount": "", "order": ""}, "Enter an amount, or the number of an order above."),
        ({"amount": "0", "order": ""}, "Enter an amount above zero."),
        ({"amount": "x", "order": ""}, "Enter an amount in figures"),
    ],
)
def test_try_it_says_what_is_missing(client: Client, asked: dict[str, str], words: str) -> None:
    sign_in(client, Role.MANAGER)

    answer = client.get("/programs/", asked)

    assert answer.status_code == 422
    assert words in text_of(answer)


def test_programs_are_changed_only_by_those_who_may(client: Client) -> None:
    sign_in(client, Role.MANAGER)
    program = make_program()

    for address in ("/programs/new/", f"/programs/{program.pk}/", "/recalculations/"):
        assert client.get(address).status_code == 403
        assert client.post(address).status_code == 403
