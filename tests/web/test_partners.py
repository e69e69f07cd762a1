"""The pages of referral partners: list, form, deleting, one partner, overrides, entry, referrals."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from duebook.catalog.models import Product
from duebook.commissions.models import CommissionEntry
from duebook.domain.permissions import Role
from duebook.events.models import Event
from duebook.partners.models import Partner, PartnerOverride, Referral
from duebook.payments.services.reverse_payment import reverse_payment
from tests.factories import (
    SYSTEM,
    day,
    key,
    make_contact,
    make_invoice,
    make_partner,
    make_payment,
    make_program,
)
from tests.web.pages import fields_of, sign_in, text_of

pytestmark = pytest.mark.django_db


def rows(*typed: dict[str, str]) -> dict[str, str]:
    """Rates as a browser sends them; a row that says nothing is a spare one."""
    sent = {"rows-TOTAL_FORMS": str(len(typed)), "rows-INITIAL_FORMS": "0"}
    for number, row in enumerate(typed):
        for name, value in {"role": "lead", "payout_type": "on_payment", "hold_days": "30", **row}.items():
            sent[f"rows-{number}-{name}"] = value
    return sent


def earning(name: str = "Dana", code: str = "DANA1") -> Partner:
    """A partner who earned 4.00 that is payable and 1.00 that is held."""
    partner = make_partner(name, code=code)
    make_program(partner, name=f"Program of {name}")
    invoice = make_invoice(
        "100.00",
        contact=make_contact(f"Buyer of {name}", email=f"{code}@example.com"),
        lead_partner_id=partner.pk,
        ordered_on=day(-60),
    )
    make_payment("40.00", invoice=invoice, received_on=day(-40))
    make_payment("10.00", invoice=invoice)
    return partner


def test_the_list_shows_code_status_programs_and_figures(client: Client) -> None:
    sign_in(client, Role.PARTNER_MANAGER)
    earning()
    make_partner("Ben", code="BEN1", status="inactive")

    said = text_of(client.get("/partners/"))

    assert "Ben BEN1 inactive – 0.00 0.00 Dana DANA1 active Program of Dana 5.00 4.00" in said


def test_the_list_is_searched_and_narrowed_by_status(client: Client) -> None:
    sign_in(client, Role.MANAGER)
    make_partner("Dana")
    make_partner("Ben", code="BEN1", status="inactive")

    for text in ("dan", "dana1"):
        said = text_of(client.get("/partners/", {"q": text}))
        assert "Dana" in said
        assert "Ben" not in said
    assert "Dana" not in text_of(client.get("/partners/?status=inactive"))
    assert "No partner fits." in text_of(client.get("/partners/?q=nobody"))


def test_an_empty_list_says_what_to_do_next(client: Client) -> None:
    sign_in(client)

    assert "No referral partners yet. Add the first one" in text_of(client.get("/partners/"))


@pytest.mark.parametrize("count", [1, 8])
def test_the_list_costs_the_same_whatever_its_length(
    client: Client, count: int, django_assert_num_queries: Any
) -> None:
    sign_in(client)
    for number in range(count):
        earning(f"Partner {number}", f"CODE{number}")

    with django_assert_num_queries(7):
        client.get("/partners/")


def test_a_partner_is_added_for_a_contact_that_was_searched(client: Client) -> None:
    sign_in(client, Role.PARTNER_MANAGER)
    dana, paul = make_contact("Dana"), make_partner("Paul", code="PAUL")

    search = client.get("/partners/new/?q=dan")
    address = f"/partners/new/?contact={dana.pk}"
    assert f'href="{address}"' in search.content.decode()
    form = client.get(address)
    assert "Yes: an e-mail when a contact is noted as referred by the partner" in text_of(form)
    assert "Yes: an e-mail when an order gets the partner as lead or sale partner" in text_of(form)
    answer = client.post(
        address, fields_of(form, code="DANA1", parent=str(paul.pk), notify_on_lead="yes"), follow=True
    )

    partner = Partner.objects.get(code="DANA1")
    assert (partner.name, partner.contact_id, partner.parent_id) == ("Dana", dana.pk, paul.pk)
    assert (partner.notify_on_lead, partner.notify_on_sale, partner.status) == (True, True, "active")
    assert answer.redirect_chain == [(f"/partners/{partner.pk}/", 302)]
    assert "Dana added." in text_of(answer)


@pytest.mark.parametrize(
    ("typed", "status", "words"),
    [
        ({"code": "1abc"}, 422, "A code starts with a letter"),
        ({"code": "paul"}, 409, "The code paul belongs to Paul."),
        ({"name": ""}, 422, "This field is required."),
    ],
)
def test_a_refused_partner_comes_back_with_what_was_typed(
    client: Client, typed: dict[str, str], status: int, words: str
) -> None:
    sign_in(client, Role.PARTNER_MANAGER)
    make_partner("Paul", code="PAUL")
    address = f"/partners/new/?contact={make_contact('Dana').pk}"
    sent = fields_of(client.get(address), code="DANA1", payout_details="IBAN 12")

    answer = client.post(address, {**sent, **typed})

    assert answer.status_code == status
    assert words in text_of(answer)
    assert "IBAN 12" in text_of(answer)
    assert Partner.objects.count() == 1


def test_a_partner_is_edited_and_gets_another_contact(client: Client) -> None:
    sign_in(client, Role.PARTNER_MANAGER)
    dana, other = make_partner("Dana"), make_contact("Other")
    search = client.get(f"/partners/{dana.pk}/contact/?q=other").content.decode()
    address = f"/partners/{dana.pk}/edit/?contact={other.pk}"
    assert f'href="{address}"' in search

    client.post(address, fields_of(client.get(address), standing="inactive", name="Dana D."))

    dana.refresh_from_db()
    assert (dana.contact_id, dana.status, dana.name, dana.code) == (other.pk, "inactive", "Dana D.", "DANA1")


def test_a_partner_cannot_be_its_own_grandparent(client: Client) -> None:
    sign_in(client, Role.PARTNER_MANAGER)
    paul = make_partner("Paul", code="PAUL")
    dana = make_partner("Dana", parent=paul)
    address = f"/partners/{paul.pk}/edit/"

    answer = client.post(address, fields_of(client.get(address), parent=str(dana.pk)))

    assert answer.status_code == 422
    assert "Dana is this partner itself or stands below it." in text_of(answer)
    paul.refresh_from_db()
    assert paul.parent_id is None


def test_a_partner_entered_by_mistake_is_deleted(client: Client) -> None:
    sign_in(client, Role.PARTNER_MANAGER)
    dana = make_partner("Dana")
    address = f"/partners/{dana.pk}/deletion/"

    answer = client.post(address, fields_of(client.get(address)), follow=True)

    assert "Dana deleted." in text_of(answer)
    assert not Partner.objects.exists()


def test_a_partner_with_entries_can_be_made_inactive_instead(client: Client) -> None:
    sign_in(client, Role.PARTNER_MANAGER)
    dana = earning()
    address = f"/partners/{dana.pk}/deletion/"

    refused = client.post(address, fields_of(client.get(address)))
    answer = client.post(address, {**fields_of(refused), "make_inactive": "1"}, follow=True)

    assert refused.status_code == 422
    assert "cannot be deleted. Set the status to inactive instead." in text_of(refused)
    dana.refresh_from_db()
    assert dana.status == "inactive"
    assert "Dana is inactive now." in text_of(answer)


def test_the_page_of_a_partner_has_figures_chart_referrals_and_programs(client: Client) -> None:
    sign_in(client, Role.MANAGER)
    dana = earning()
    Referral.objects.create(contact=make_contact("Zed"), partner=dana, role="lead", since=day())
    PartnerOverride.objects.create(partner=dana, role="sale", percent_bps=1250, hold_days=0)

    answer = client.get(f"/partners/{dana.pk}/")

    said = text_of(answer)
    assert "Earned 5.00" in said
    assert "Held 1.00" in said
    assert "Payable 4.00" in said
    assert "Paid 0.00" in said
    assert "Program of Dana Credit on Customer Payment priority 10" in said
    assert "Zed Lead" in said
    assert "All products Sale, all levels · Credit on Customer Payment · hold 0 days 12.5 %" in said
    assert 'data-bars="earned-by-month"' in answer.content.decode()
    assert re.search(r"\w{3} \d{4} 1\.00 1\.00 0\.00 0\.00 0\.00", said)
    assert "Edit" not in said


@pytest.mark.parametrize("count", [1, 6])
def test_the_page_of_a_partner_costs_the_same_whatever_it_holds(
    client: Client, count: int, django_assert_num_queries: Any
) -> None:
    sign_in(client)
    dana = make_partner("Dana")
    for number in range(count):
        make_program(dana, name=f"Program {number}", priority=number)
        invoice = make_invoice(
            contact=make_contact(f"B{number}", email=f"b{number}@example.com"), lead_partner_id=dana.pk
        )
        make_payment("10.00", invoice=invoice)
        Referral.objects.create(contact=invoice.contact, partner=dana, role="lead", since=day())
        make_partner(f"Child {number}", code=f"CHILD{number}", parent=dana)
        PartnerOverride.objects.create(
            partner=dana,
            role="sale",
            percent_bps=1,
            product=Product.objects.create(name=f"P{number}", price_minor=1, currency="USD"),
        )

    with django_assert_num_queries(12):
        client.get(f"/partners/{dana.pk}/")


def test_overrides_are_agreed_and_come_back(client: Client) -> None:
    sign_in(client, Role.PARTNER_MANAGER)
    dana = make_partner("Dana")
    address = f"/partners/{dana.pk}/overrides/"
    typed = rows(
        {"percent": "12.5"}, {}, {"role": "sale", "level": "2", "fixed_amount": "5", "hold_days": "0"}
    )

    answer = client.post(address, {**fields_of(client.get(address)), **typed}, follow=True)

    stored = PartnerOverride.objects.order_by("id").values_list(
        "role", "level", "percent_bps", "fixed_minor", "hold_days"
    )
    assert list(stored) == [("lead", None, 1250, 0, 30), ("sale", 2, 0, 500, 0)]
    assert "12.5 %" in text_of(answer)
    assert 'value="12.5"' in client.get(address).content.decode()


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ([{"percent": "101"}], "A percentage lies between 0 and 100."),
        ([{"percent": "-1"}], "A percentage lies between 0 and 100."),
        ([{"fixed_amount": "-1"}], "zero"),
        ([{"percent": "abc"}], "Enter a number in figures"),
        ([{"percent": "5"}, {"percent": "6"}], "There are two rules for lead. Keep one."),
    ],
)
def test_refused_overrides_come_back_and_change_nothing(
    client: Client, typed: list[dict[str, str]], words: str
) -> None:
    sign_in(client, Role.PARTNER_MANAGER)
    dana = make_partner("Dana")
    PartnerOverride.objects.create(partner=dana, role="lead", percent_bps=100)
    address = f"/partners/{dana.pk}/overrides/"

    answer = client.post(address, {**fields_of(client.get(address)), **rows(*typed)})

    assert answer.status_code == 422
    assert words in text_of(answer)
    for row in typed:
        for value in row.values():
            assert f'value="{value}"' in answer.content.decode()
    assert PartnerOverride.objects.get().percent_bps == 100


def test_more_rows_come_without_javascript(client: Client) -> None:
    sign_in(client, Role.PARTNER_MANAGER)
    address = f"/partners/{make_partner('Dana').pk}/overrides/"

    answer = client.post(
        address, {**fields_of(client.get(address)), **rows({"percent": "500"}), "add_rows": "1"}
    )

    assert answer.status_code == 200
    assert answer.content.decode().count('name="rows-2-percent"') == 1
    assert not PartnerOverride.objects.exists()


def test_an_entry_is_told_as_a_sentence_and_a_table(client: Client) -> None:
    sign_in(client, Role.MANAGER)
    dana = earning()
    entry = CommissionEntry.objects.order_by("id")[0]
    invoice = entry.accrual.invoice

    said = text_of(client.get(f"/commissions/entries/{entry.pk}/"))

    assert f"as lead partner of order {invoice.order}." in said
    assert f"The order brings 10.00 in all; 40.00 of 100.00 of {invoice} is paid and counted (40 %)." in said
    assert "So 4.00 is earned by then." in said
    assert "Website 100.00 100.00 Program of Dana: default rule 10 % 10.00" in said
    assert "Released after 40.00 of 100.00" in said
    assert "Payout in none yet" in said
    assert dana.name in said


def test_what_was_taken_back_says_so(client: Client) -> None:
    sign_in(client, Role.MANAGER)
    dana = make_partner("Dana")
    make_program(dana)
    payment = make_payment("40.00", invoice=make_invoice("100.00", lead_partner_id=dana.pk))
    reverse_payment(payment_id=payment.pk, reason="x", request_key=key(), actor=SYSTEM, on=day())
    entry = CommissionEntry.objects.get(amount_minor=-400)

    said = text_of(client.get(f"/commissions/entries/{entry.pk}/"))

    assert "Commission taken back Payment undone" in said
    assert "4.00 was taken back from Dana on" in said


def test_an_entry_costs_the_same_whatever_the_order_holds(
    client: Client, django_assert_num_queries: Any
) -> None:
    sign_in(client)
    earning()
    entry = CommissionEntry.objects.order_by("id")[0]

    with django_assert_num_queries(6):
        client.get(f"/commissions/entries/{entry.pk}/")


def test_who_referred_a_contact_is_noted_and_given_to_new_orders(client: Client) -> None:
    sign_in(client)
    acme, dana, ben = make_contact("Acme"), make_partner("Dana"), make_partner("Ben", code="BEN1")
    address = f"/contacts/{acme.pk}/referrals/"

    for partner, since in ((ben, day(-9)), (dana, day())):
        answer = client.post(
            address,
            fields_of(client.get(address), partner=str(partner.pk), role="lead", since=since.isoformat()),
            follow=True,
        )

    said = text_of(answer)
    assert said.index("Dana Lead") < said.index("Ben Lead")
    assert said.count("on new orders") == 1
    form = client.get(f"/orders/new/?contact={acme.pk}").context["form"]
    assert (form["lead_partner"].value(), form["sale_partner"].value()) == (dana.pk, None)
    assert "Referred by Dana as lead partner." in text_of(client.get(f"/contacts/{acme.pk}/history/"))


def test_who_may_not_manage_partners_only_looks_at_referrals(client: Client) -> None:
    sign_in(client, Role.CLERK)
    acme, dana = make_contact("Acme"), make_partner("Dana")
    Referral.objects.create(contact=acme, partner=dana, role="sale", since=day() - timedelta(3))
    address = f"/contacts/{acme.pk}/referrals/"

    said = text_of(client.get(address))

    assert "Dana Sale" in said
    assert "Note who referred" not in said
    assert client.post(address, {"partner": dana.pk}).status_code == 403
    assert Referral.objects.count() == 1


@pytest.mark.parametrize("role", [Role.VIEWER, Role.CLERK])
@pytest.mark.parametrize(
    "address", ["/partners/", "/partners/{partner}/", "/programs/", "/commissions/entries/1/"]
)
def test_commissions_are_seen_only_by_those_who_may(client: Client, role: Role, address: str) -> None:
    sign_in(client, role)

    assert client.get(address.format(partner=make_partner("Dana").pk)).status_code == 403
    assert "Referral Partners" not in client.get("/contacts/").content.decode()


@pytest.mark.parametrize(
    "address",
    [
        "/partners/new/",
        "/partners/{partner}/edit/",
        "/partners/{partner}/deletion/",
        "/partners/{partner}/overrides/",
    ],
)
def test_partners_are_changed_only_by_those_who_may(client: Client, address: str) -> None:
    sign_in(client, Role.MANAGER)
    place = address.format(partner=make_partner("Dana").pk)

    assert client.get(place).status_code == 403
    assert client.post(place).status_code == 403
    assert not Event.objects.exists()
