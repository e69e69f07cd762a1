"""The pages and files of partners' ledgers."""

from io import BytesIO
from zipfile import ZipFile

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from duebook.domain.permissions import Role
from duebook.partners.models import Partner
from tests.factories import day, make_invoice, make_partner, make_payment, make_program
from tests.web.pages import sign_in, text_of

pytestmark = pytest.mark.django_db


def dana_earning(name: str = "Dana", code: str = "DANA1") -> Partner:
    """Dana earns 4.00 of an order of 100.00 at 10 %, and 6.00 can still come."""
    dana = make_partner(name, code=code)
    make_program(dana, name=f"Program of {code}")
    invoice = make_invoice("100.00", lead_partner_id=dana.pk, ordered_on=day(-5))
    make_payment("40.00", invoice=invoice)
    return dana


def body_of(answer: object) -> str:
    return b"".join(answer.streaming_content).decode()


@pytest.mark.parametrize(("role", "may"), [(Role.PARTNER_MANAGER, True), (Role.MANAGER, False)])
def test_without_partners_one_is_led_to_the_first_if_one_may_add_it(
    client: Client, role: Role, may: bool
) -> None:
    sign_in(client, role)

    said = text_of(client.get("/ledgers/"))

    assert "No referral partners yet." in said
    assert ("Add Partner" in said) == may


def test_the_ledgers_say_what_was_earned_and_what_can_still_come(client: Client) -> None:
    sign_in(client, Role.PARTNER_MANAGER)
    dana_earning()

    page = text_of(client.get(f"/ledgers/?first={day(-9)}&last={day()}"))

    assert "Dana DANA1 0.00 4.00 0.00 0.00 4.00 4.00 10.00" in page


def test_the_ledgers_are_narrowed_down(client: Client) -> None:
    sign_in(client, Role.MANAGER)
    dana_earning()
    make_partner("Bert", code="BERT1")

    page = text_of(client.get("/ledgers/?q=bert"))

    assert "BERT1" in page
    assert "Dana DANA1" not in page
    assert "No partner is like that." in text_of(client.get("/ledgers/?q=nobody"))


@pytest.mark.parametrize(
    "query", ["first=2026-02-02&last=2026-02-01", "first=soon", "program=999", "status=x"]
)
def test_what_makes_no_sense_is_said_and_makes_no_file(client: Client, query: str) -> None:
    sign_in(client)

    assert client.get(f"/ledgers/?{query}").status_code == 422
    assert client.get(f"/ledgers.csv?{query}").status_code == 404


def test_the_csv_holds_figures_and_no_formula(client: Client) -> None:
    sign_in(client)
    dana_earning(name="=cmd()", code="DANA1")

    file = body_of(client.get(f"/ledgers.csv?first={day(-9)}&last={day()}"))

    assert file.splitlines()[1] == "'=cmd(),DANA1,Active,0.00,4.00,0.00,0.00,4.00,4.00,10.00,USD"


def test_the_spreadsheet_holds_numbers_and_a_formula_only_as_text(client: Client) -> None:
    sign_in(client)
    dana_earning(name="=cmd()", code="DANA1")

    answer = client.get(f"/ledgers.xlsx?first={day(-9)}&last={day()}")

    assert answer["Content-Disposition"].endswith('.xlsx"')
    with ZipFile(BytesIO(b"".join(answer.streaming_content))) as file:
        sheet = file.read("xl/worksheets/sheet1.xml").decode()
    assert "<f>" not in sheet
    assert "=cmd()" in sheet
    assert "<v>4.00</v>" in sheet
    assert "<v>10.00</v>" in sheet


def test_one_ledger_shows_each_entry_with_the_balance_after_it(client: Client) -> None:
    sign_in(client)
    dana = dana_earning()

    answer = client.get(f"/ledgers/{dana.pk}/?first={day(-9)}&last={day()}")
    file = body_of(client.get(f"/ledgers/{dana.pk}.csv?first={day(-9)}&last={day()}"))

    page = text_of(answer)
    assert "Current balance 4.00 Can still come 6.00 Total balance 10.00" in page
    assert "on hold 4.00 4.00 Ending balance 4.00" in page
    entry = dana.entries.get()
    assert f'href="/commissions/entries/{entry.pk}/"' in answer.content.decode()
    assert ",4.00,4.00,USD" in file.splitlines()[1]
    assert client.get(f"/ledgers/{dana.pk}.xlsx").status_code == 200
    assert client.get("/ledgers/404404/").status_code == 404


def test_who_may_not_view_commissions_sees_no_ledger(client: Client) -> None:
    sign_in(client, Role.CLERK)
    dana = dana_earning()

    for address in (
        "/ledgers/",
        "/ledgers.csv",
        "/ledgers.xlsx",
        f"/ledgers/{dana.pk}/",
        f"/ledgers/{dana.pk}.csv",
    ):
        assert client.get(address).status_code == 403


def test_fifty_partners_cost_no_more_queries_than_two(client: Client) -> None:
    sign_in(client)
    dana_earning()
    dana_earning("Bert", "BERT1")

    def queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as captured:
            assert client.get("/ledgers/").status_code == 200
        return len(captured)

    few = queries()
    for number in range(48):
        make_partner(f"Partner {number}", code=f"CODE{number}")

    assert queries() == few <= 8
