"""A payment's page: its facts, its history in plain words, and only the acts that are possible."""

from typing import Any

import pytest
from django.test import Client

from duebook.domain.money import Money
from duebook.domain.permissions import Role
from duebook.domain.recording import Surplus
from duebook.payments.services.amend_payment import amend_payment
from duebook.payments.services.reverse_payment import reverse_payment
from tests.factories import SYSTEM, actor, day, key, make_contact, make_invoice, make_payment
from tests.payments.acts import bounce
from tests.web.pages import sign_in, text_of

pytestmark = pytest.mark.django_db
ACTS = ("Receipt", "Edit notes", "Correct", "Record Return", "Refund", "Undo")


def acts_of(page: Any) -> list[str]:
    """The buttons above the page, and Move beside an invoice."""
    head, _mark, _rest = text_of(page).partition(" What happened ")
    return [name for name in (*ACTS, "Move") if f" {name} " in f"{head} "]


def test_the_page_shows_the_facts(client: Client) -> None:
    sign_in(client)
    invoice = make_invoice("100.00", title="Website package")
    payment = make_payment(
        "120.00", invoice=invoice, reference="4471", notes="By post", surplus=Surplus.KEEP_AS_CREDIT
    )

    text = text_of(client.get(f"/payments/{payment.pk}/"))

    assert str(payment) in text
    assert "Amount $120.00" in text
    assert "Payment Type Check" in text
    assert "Check number 4471" in text
    assert "Notes By post" in text
    assert "Apply to Commissions Yes" in text
    assert "Booked to 1010 Undeposited funds" in text
    assert f"Website package {invoice} 100.00 0.00" in text
    assert "Kept as credit on account 20.00" in text


def test_the_history_is_told_in_plain_words(client: Client) -> None:
    sign_in(client)
    invoice = make_invoice("100.00")
    payment = make_payment("40.00", invoice=invoice)
    amend_payment(payment_id=payment.pk, reference="7", notes="", request_key=key(), actor=SYSTEM)
    reverse_payment(payment_id=payment.pk, reason="Entered twice", request_key=key(), actor=SYSTEM, on=day())

    text = text_of(client.get(f"/payments/{payment.pk}/"))

    _head, _mark, story = text.partition(" What happened ")
    assert f"Payment {payment} of 40.00 recorded, Check of" in story
    assert f"applied to {invoice}." in story
    assert f"Reference or notes of {payment} amended." in story
    assert f"Payment {payment} of 40.00 undone." in story
    assert "Entered twice" in story


def test_a_manager_may_do_everything_with_money_that_stands(client: Client) -> None:
    sign_in(client, Role.MANAGER)
    payment = make_payment("40.00", invoice=make_invoice())

    assert acts_of(client.get(f"/payments/{payment.pk}/")) == [*ACTS, "Move"]


def test_a_clerk_may_undo_and_correct_only_own_payments_of_today(client: Client) -> None:
    carl = sign_in(client, Role.CLERK)
    own = make_payment("40.00", invoice=make_invoice(), by=actor(Role.CLERK, user_id=carl.pk))
    others = make_payment("30.00", invoice=make_invoice(contact=make_contact("Other")))

    assert acts_of(client.get(f"/payments/{own.pk}/")) == ["Receipt", "Edit notes", "Correct", "Undo"]
    assert acts_of(client.get(f"/payments/{others.pk}/")) == ["Receipt", "Edit notes"]


def test_a_viewer_may_only_look(client: Client) -> None:
    sign_in(client, Role.VIEWER)
    payment = make_payment("40.00", invoice=make_invoice())

    assert acts_of(client.get(f"/payments/{payment.pk}/")) == ["Receipt"]


def test_an_adjustment_can_neither_be_returned_nor_moved(client: Client) -> None:
    sign_in(client)
    payment = make_payment("40.00", invoice=make_invoice(), type_label="Write-off")

    page = client.get(f"/payments/{payment.pk}/")

    assert acts_of(page) == ["Receipt", "Edit notes", "Correct", "Undo"]
    assert "Adjustment, no money came in" in text_of(page)
    assert "Booked to 6000 Bad debts" in text_of(page)


def test_what_was_undone_or_returned_is_past_all_acts(client: Client) -> None:
    sign_in(client)
    undone = make_payment("40.00", invoice=make_invoice())
    reverse_payment(payment_id=undone.pk, reason="Wrong", request_key=key(), actor=SYSTEM, on=day())
    returned = make_payment("30.00", invoice=make_invoice(contact=make_contact("Other")))
    bounce(returned, reason="Account closed", fee=Money(1250, "USD"))

    undone_page = client.get(f"/payments/{undone.pk}/")
    returned_page = client.get(f"/payments/{returned.pk}/")

    assert acts_of(undone_page) == ["Receipt", "Edit notes"]
    assert acts_of(returned_page) == ["Receipt", "Edit notes"]
    assert "Wrong" in text_of(undone_page)
    assert "Account closed · bank fee 12.50" in text_of(returned_page)
    assert "Nothing is applied to an invoice." in text_of(returned_page)


def test_a_payment_that_does_not_exist(client: Client) -> None:
    sign_in(client)

    assert client.get("/payments/4711/").status_code == 404
