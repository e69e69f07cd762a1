"""What an order brings to its partners: the card, changing them, overriding, recalculating."""

from typing import Any

import pytest
from django.test import Client

from duebook.commissions.models import Accrual, CommissionEntry, OrderOverride
from duebook.commissions.services.build_payout_batch import build_payout_batch
from duebook.domain.permissions import Role
from duebook.events.models import Event
from duebook.invoices.models import Invoice
from duebook.partners.models import Partner, Rule
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
from tests.web.test_partners import rows

pytestmark = pytest.mark.django_db


def sold(partner: Partner | None = None, total: str = "100.00", *, paid: str = "40.00") -> Invoice:
    number = Invoice.objects.count()
    invoice = make_invoice(
        total,
        contact=make_contact(f"Buyer {number}", email=f"b{number}@example.com"),
        ordered_on=day(-60),
        lead_partner_id=partner.pk if partner else None,
    )
    if paid:
        make_payment(paid, invoice=invoice, received_on=day(-40))
    return invoice


def test_the_card_shows_partner_rule_total_earned_and_what_can_come(client: Client) -> None:
    sign_in(client)
    dana = make_partner("Dana")
    make_program(dana)
    invoice = sold(dana)
    make_payment("20.00", invoice=invoice, apply_to_commissions=False)

    answer = client.get(f"/orders/{invoice.order_id}/")

    said = text_of(answer)
    assert (
        "Dana Lead, level 1 Standard Website: default rule, 10 % Credit on Customer Payment 10.00 4.00 4.00"
        in said
    )
    assert "2.00 never comes: that part was applied with Apply to Commissions No." in said
    assert "Sale: the order has no referral partner in this role, so nobody earns its rates." in said
    entry = CommissionEntry.objects.get()
    assert f'href="/commissions/entries/{entry.pk}/"' in answer.content.decode()
    for button in ("Change Partners", "Override", "Recalculate"):
        assert button in said


def test_an_order_that_earned_nothing_says_why(client: Client) -> None:
    sign_in(client, Role.MANAGER)
    dana = make_partner("Dana")
    without, unpaid = sold(paid=""), sold(dana, paid="")

    assert "Why did this earn nothing? The order has no referral partner." in text_of(
        client.get(f"/orders/{without.order_id}/")
    )
    assert "The partner is in no program that covers this, and has no override for it." in text_of(
        client.get(f"/orders/{unpaid.order_id}/")
    )


def test_the_card_is_shown_only_to_those_who_may(client: Client) -> None:
    sign_in(client, Role.CLERK)
    dana = make_partner("Dana")
    make_program(dana)

    assert "Commissions" not in text_of(client.get(f"/orders/{sold(dana).order_id}/"))


@pytest.mark.parametrize("count", [1, 5])
def test_the_card_costs_the_same_whatever_was_earned(
    client: Client, count: int, django_assert_num_queries: Any
) -> None:
    sign_in(client)
    dana = make_partner("Dana")
    make_program(dana)
    invoice = sold(dana, paid="")
    for _ in range(count):
        make_payment("10.00", invoice=invoice)

    with django_assert_num_queries(12):
        client.get(f"/orders/{invoice.order_id}/")


def test_changing_partners_shows_the_difference_and_then_posts_it(client: Client) -> None:
    sign_in(client, Role.PARTNER_MANAGER)
    dana, ben = make_partner("Dana"), make_partner("Ben", code="BEN1")
    make_program(dana, ben)
    invoice = sold(dana)
    address = f"/orders/{invoice.order_id}/partners/"
    sent = fields_of(client.get(address), lead_partner=str(ben.pk))

    panel = client.post(address, sent, headers={"HX-Request": "true"})
    plain = client.post(address, {**sent, "preview": "1"})
    assert CommissionEntry.objects.count() == 1
    answer = client.post(address, sent, follow=True)

    for shown in (panel, plain):
        assert "Ben Lead, level 1 · total 10.00 +4.00 Dana Lead, level 1 · total 0.00 -4.00" in text_of(shown)
    assert "<main" not in panel.content.decode()
    invoice.order.refresh_from_db()
    assert invoice.order.lead_partner_id == ben.pk
    assert list(CommissionEntry.objects.order_by("id").values_list("partner__name", "amount_minor")) == [
        ("Dana", 400),
        ("Ben", 400),
        ("Dana", -400),
    ]
    said = text_of(answer)
    assert "Partners changed." in said
    assert "Referral partners changed: lead Ben, sale none. Commissions stay as they were." in said


def test_what_was_paid_out_keeps_its_partners(client: Client) -> None:
    sign_in(client, Role.PARTNER_MANAGER)
    dana = make_partner("Dana")
    make_program(dana)
    invoice = sold(dana)
    build_payout_batch(
        currency="USD", cut_off_on=day(), minimum_minor=0, request_key=key(), actor=SYSTEM, on=day()
    )

    said = text_of(client.get(f"/orders/{invoice.order_id}/"))
    assert "Commission of this order is in a payout: its partners and rules stay as they are." in said
    assert "Change Partners" not in said
    for page in ("partners", "overrides", "recalculation"):
        answer = client.get(f"/orders/{invoice.order_id}/{page}/")
        assert answer.status_code == 422, page
        assert "Commission of this order is in payout" in text_of(answer)


def test_an_override_for_the_order_is_previewed_and_saved(client: Client) -> None:
    sign_in(client, Role.PARTNER_MANAGER)
    dana = make_partner("Dana")
    make_program(dana)
    invoice = sold(dana)
    address = f"/orders/{invoice.order_id}/overrides/"
    form = client.get(address)
    sent = {**fields_of(form), **rows({"partner": str(dana.pk), "percent": "15"})}

    panel = client.post(address, sent, headers={"HX-Request": "true"})
    assert not OrderOverride.objects.exists()
    answer = client.post(address, sent, follow=True)

    assert "Earned now 4.00 → after 4.00" in text_of(form)
    assert "Earned now 4.00 → after 6.00" in text_of(panel)
    assert OrderOverride.objects.get().percent_bps == 1500
    assert "Override Website: override on the order, 15 %" in text_of(answer)
    assert sum(CommissionEntry.objects.values_list("amount_minor", flat=True)) == 600


def test_a_refused_override_comes_back_and_changes_nothing(client: Client) -> None:
    sign_in(client, Role.PARTNER_MANAGER)
    dana = make_partner("Dana")
    make_program(dana)
    invoice = sold(dana)
    address = f"/orders/{invoice.order_id}/overrides/"
    head = fields_of(client.get(address))
    events = Event.objects.count()

    no_partner = client.post(address, {**head, **rows({"percent": "15"})})
    twice = client.post(address, {**head, **rows(*[{"partner": str(dana.pk), "percent": "15"}] * 2)})

    assert (no_partner.status_code, twice.status_code) == (422, 422)
    assert "This field is required." in text_of(no_partner)
    assert "There are two rules for lead. Keep one." in text_of(twice)
    assert 'value="15"' in twice.content.decode()
    assert Event.objects.count() == events


def test_one_order_is_recalculated_after_showing_the_difference(client: Client) -> None:
    sign_in(client, Role.PARTNER_MANAGER)
    dana = make_partner("Dana")
    program = make_program(dana)
    invoice = sold(dana)
    Rule.objects.filter(program=program).update(percent_bps=2000)
    address = f"/orders/{invoice.order_id}/recalculation/"

    form = client.get(address)
    answer = client.post(address, fields_of(form), follow=True)

    assert "Earned now 4.00 → after 8.00" in text_of(form)
    assert "Recalculated by the rules of today." in text_of(answer)
    assert "Recalculated by the rules of that day. Commissions of 4.00 posted." in text_of(answer)
    assert Accrual.objects.get().earned_minor == 800


@pytest.mark.parametrize("page", ["partners", "overrides", "recalculation"])
def test_commissions_of_an_order_are_changed_only_by_those_who_may(client: Client, page: str) -> None:
    sign_in(client, Role.MANAGER)
    address = f"/orders/{sold().order_id}/{page}/"

    assert client.get(address).status_code == 403
    assert client.post(address).status_code == 403
