"""Recalculating many orders: the preview covers all of them, and the run posts what it showed."""

import re
from typing import Any

import pytest
from django.db.models import Sum
from django.test import Client

from duebook.commissions.models import CommissionEntry
from duebook.commissions.services.build_payout_batch import build_payout_batch
from duebook.domain.permissions import Role
from duebook.invoices.models import Invoice
from duebook.partners.models import Rule
from duebook.sales.services.recalculate_order import preview_recalculations
from duebook.web.views import recalculations
from tests.factories import SYSTEM, day, key, make_invoice, make_partner, make_payment, make_program
from tests.snapshot import everything
from tests.web.pages import fields_of, sign_in, text_of
from tests.web.test_order_commissions import sold

pytestmark = pytest.mark.django_db

ALL = "/recalculations/?first=&last=&partner=&program="


def pay_out() -> None:
    build_payout_batch(
        currency="USD", cut_off_on=day(), minimum_minor=0, request_key=key(), actor=SYSTEM, on=day()
    )


def go_on(client: Client, answer: Any) -> Any:
    return client.post(ALL, {"preview": answer.context["preview"].so_far})


def stop_after_each_batch(monkeypatch: pytest.MonkeyPatch, *, batch: int = recalculations.BATCH) -> None:
    times = iter(range(0, 100_000, 60))
    monkeypatch.setattr(recalculations, "monotonic", lambda: next(times))
    monkeypatch.setattr(recalculations, "BATCH", batch)


def many_orders(count: int) -> list[Invoice]:
    """Orders of several partners and sizes, partly paid; the first is in a payout, then all rules change."""
    pam = make_partner("Pam", code="PAMELA")
    dana = make_partner("Dana", parent=pam)
    sam = make_partner("Sam", code="SAMUEL")
    make_program(dana, sam, rates={("lead", 1): 1000, ("lead", 2): 333, ("sale", 1): 777}, hold_days=0)
    make_program(sam, name="Later", priority=20, payout_type="up_front")
    buyer = make_invoice("1.00", title="First").contact
    invoices = []
    for number in range(count):
        invoice = make_invoice(
            f"{10 + number}.{number % 100:02}",
            contact=buyer,
            ordered_on=day(-60),
            lead_partner_id=dana.pk if number % 3 else sam.pk,
            sale_partner_id=sam.pk if number % 2 else None,
        )
        if number % 5 == 0:
            make_payment(f"{3 + number % 7}.07", invoice=invoice, received_on=day(-40))
        invoices.append(invoice)
        if number == 0:
            pay_out()
    Rule.objects.filter(role="lead", level=1).update(percent_bps=1999)
    Rule.objects.filter(role="sale").update(percent_bps=111)
    return invoices


def test_two_hundred_and_fifty_orders_are_previewed_exactly_as_the_run_posts_them(client: Client) -> None:
    sign_in(client, Role.PARTNER_MANAGER)
    invoices = many_orders(250)
    before = everything()

    form = client.get(ALL)
    assert everything() == before
    shown = {one.name: one.minor for one in form.context["differences"]}
    named = f"{invoices[0].order} : Commission of this order is in payout"
    answer = client.post(ALL, fields_of(form))
    while answer.context["run"].left:
        run = answer.context["run"]
        answer = client.post(ALL, {**fields_of(form), "so_far": run.so_far})

    assert "251 orders In 49 of them the commissions earned change." in text_of(form)
    assert "1 order stays as it is:" in text_of(form)
    assert named in text_of(form)
    posted = CommissionEntry.objects.filter(cause="recalculated").values_list("partner__name")
    assert shown == dict(posted.annotate(Sum("amount_minor"))) == {"Dana": 2043, "Sam": -50}
    assert "All 251 orders are done." in text_of(answer)
    assert named in text_of(answer)


def test_a_long_preview_goes_on_where_it_stopped_and_only_then_offers_the_run(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    sign_in(client, Role.PARTNER_MANAGER)
    many_orders(24)
    whole = client.get(ALL)
    stop_after_each_batch(monkeypatch, batch=10)

    first = client.get(ALL)
    second = go_on(client, first)
    third = go_on(client, second)

    assert "10 of 25 orders are looked at." in text_of(first)
    assert "20 of 25 orders are looked at." in text_of(second)
    assert 'name="request_key"' not in second.content.decode()
    assert "Recalculate 25 orders" in text_of(third)
    assert third.context["differences"] == whole.context["differences"]
    assert text_of(third) == text_of(whole)


@pytest.mark.parametrize("typed", ["", "made up", "another choice"])
def test_a_preview_that_is_not_ours_begins_anew(
    client: Client, monkeypatch: pytest.MonkeyPatch, typed: str
) -> None:
    sign_in(client, Role.PARTNER_MANAGER)
    many_orders(14)
    stop_after_each_batch(monkeypatch, batch=10)
    if typed == "another choice":
        other = f"/recalculations/?first=&last={day()}&partner=&program="
        typed = client.get(other).context["preview"].so_far

    answer = client.post(ALL, {"preview": typed})

    assert "10 of 15 orders are looked at." in text_of(answer)


def test_a_batch_costs_the_same_number_of_queries_whatever_its_size(
    client: Client, django_assert_num_queries: Any
) -> None:
    sign_in(client, Role.PARTNER_MANAGER)
    ids = [invoice.order_id for invoice in many_orders(40)]

    for batch in (ids[5:6], ids):
        with django_assert_num_queries(16):
            preview_recalculations(order_ids=batch, actor=SYSTEM, on=day())


def test_orders_that_were_paid_nothing_change_nothing_yet(client: Client) -> None:
    sign_in(client, Role.PARTNER_MANAGER)
    dana = make_partner("Dana")
    make_program(dana)
    sold(dana, paid="")
    Rule.objects.update(percent_bps=2000)

    said = text_of(client.get(ALL))

    assert "Nothing was earned that the rules of today would change." in said
    assert "What is paid on any of them later counts by the rules of today." in said


def test_a_partner_who_keeps_what_was_earned_is_counted(client: Client) -> None:
    sign_in(client, Role.PARTNER_MANAGER)
    dana, sam = make_partner("Dana"), make_partner("Sam", code="SAMUEL")
    make_program(dana)
    kept = make_program(sam, name="Kept")
    sold(dana)
    sold(sam)
    Rule.objects.exclude(program=kept).update(percent_bps=2000)

    said = text_of(client.get(ALL))

    assert "Dana 4.00 8.00 +4.00 All of these 4.00 8.00 +4.00" in said
    assert "1 more partner keeps what was earned." in said


def test_many_orders_are_previewed_and_then_recalculated(client: Client) -> None:
    sign_in(client, Role.PARTNER_MANAGER)
    dana = make_partner("Dana")
    program = make_program(dana)
    for _ in range(3):
        sold(dana)
    sold()
    Rule.objects.filter(program=program).update(percent_bps=2000)
    address = f"/recalculations/?first=&last=&partner={dana.pk}&program="

    form = client.get(address)
    assert "3 orders In 3 of them the commissions earned change." in text_of(form)
    assert "Dana 12.00 24.00 +12.00" in text_of(form)
    assert CommissionEntry.objects.count() == 3
    answer = client.post(address, fields_of(form))

    assert "All 3 orders are done." in text_of(answer)
    assert "Commissions posted: $12.00." in text_of(answer)
    assert sorted(CommissionEntry.objects.values_list("amount_minor", flat=True)) == [400] * 6


def test_a_long_run_goes_on_where_it_stopped_and_keeps_its_reasons(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    sign_in(client, Role.PARTNER_MANAGER)
    dana = make_partner("Dana")
    program = make_program(dana, hold_days=0)
    refused = sold(dana)
    pay_out()
    for _ in range(2):
        sold(dana)
    Rule.objects.filter(program=program).update(percent_bps=2000)
    sent = fields_of(client.get(ALL))
    stop_after_each_batch(monkeypatch)

    first = client.post(ALL, sent)
    second = client.post(ALL, {**sent, "so_far": first.context["run"].so_far})
    third = client.post(ALL, {**sent, "so_far": second.context["run"].so_far})

    assert "1 of 3 orders are done." in text_of(first)
    assert "2 of 3 orders are done." in text_of(second)
    assert "Posted so far: $4.00." in text_of(second)
    assert "All 3 orders are done." in text_of(third)
    assert "Commissions posted: $8.00." in text_of(third)
    for answer in (first, second, third):
        assert f"{refused.order} : Commission of this order is in payout" in text_of(answer)


def test_only_the_first_refused_orders_are_named(client: Client) -> None:
    sign_in(client, Role.PARTNER_MANAGER)
    dana = make_partner("Dana")
    make_program(dana, hold_days=0)
    for _ in range(22):
        sold(dana)
    pay_out()

    said = text_of(client.get(ALL))

    assert "22 orders stay as they are:" in said
    assert len(re.findall("Commission of this order is in payout", said)) == 20
    assert "and 2 more" in said


def test_days_the_wrong_way_round_are_refused(client: Client) -> None:
    sign_in(client, Role.PARTNER_MANAGER)

    answer = client.get("/recalculations/?first=2026-02-01&last=2026-01-01&partner=&program=")

    assert answer.status_code == 422
    assert "This day is before the first one." in text_of(answer)
