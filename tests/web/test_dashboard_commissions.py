"""What the dashboard says of commissions, and that its figure leads to the rows that make it."""

import pytest
from django.test import Client

from duebook.commissions.payouts import payable_by_partner, payable_sums
from duebook.commissions.services.approve_payout_batch import approve_payout_batch
from duebook.commissions.services.build_payout_batch import build_payout_batch
from duebook.domain.permissions import Role
from duebook.payments.services.reverse_payment import reverse_payment
from duebook.reports import snapshots
from tests.factories import (
    SYSTEM,
    actor,
    day,
    key,
    make_invoice,
    make_partner,
    make_payment,
    make_program,
    make_user,
)
from tests.web.pages import sign_in, text_of

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _counting_is_cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    """However busy the machine is, so that the figures are those of now."""
    monkeypatch.setattr(snapshots, "CHEAP_MS", 60_000)


def two_partners_have_earned() -> None:
    """Dana 10.00 past the hold and 5.00 that is held, Lena 20.00."""
    dana, lena = make_partner(), make_partner("Lena", code="LENA")
    make_program(dana, lena, hold_days=10)
    for partner, paid, days in ((dana, "100.00", -10), (dana, "50.00", -9), (lena, "200.00", -30)):
        invoice = make_invoice(paid, ordered_on=day(-30), lead_partner_id=partner.pk)
        make_payment(paid, invoice=invoice, received_on=day(days))


def test_the_card_says_what_is_payable_to_how_many(client: Client) -> None:
    sign_in(client)
    two_partners_have_earned()

    page = client.get("/")
    card = next(card for card in page.context["cards"] if card.label == "Commissions payable")

    assert "Commissions payable 30.00 to 2 partners, past hold" in text_of(page)
    assert "Dana 1 10.00 Lena 1 20.00 Sum 30.00" in text_of(client.get(card.url))


@pytest.mark.parametrize("role", [Role.CLERK, Role.VIEWER])
def test_who_may_not_see_commissions_sees_credit_instead(client: Client, role: Role) -> None:
    sign_in(client, role)
    two_partners_have_earned()

    text = text_of(client.get("/"))

    assert "Commissions payable" not in text
    assert "Credit on account" in text
    assert client.get("/reports/commissions/").status_code == 403
    assert "Commissions payable" not in text_of(client.get("/reports/"))


def test_a_payout_that_waits_is_something_to_do(client: Client) -> None:
    sign_in(client)
    two_partners_have_earned()
    batch = build_payout_batch(
        cut_off_on=day(), currency="USD", minimum_minor=0, request_key=key(), actor=SYSTEM, on=day()
    )

    waiting = text_of(client.get("/"))
    make_user(role=Role.MANAGER)
    approver = actor(Role.PARTNER_MANAGER, user_id=901)
    approve_payout_batch(batch_id=batch.pk, request_key=key(), actor=approver)

    assert "1 payout waits for approval 30.00" in waiting
    assert "Commissions payable 0.00 to 0 partners, past hold" in waiting
    assert "1 approved payout to be paid 30.00" in text_of(client.get("/"))


def test_who_gave_back_more_lowers_nobody_else_s_figure() -> None:
    two_partners_have_earned()
    nora = make_partner("Nora", code="NORA")
    make_program(nora, hold_days=10, name="Other")
    paid = make_payment("300.00", invoice=make_invoice("300.00", lead_partner_id=nora.pk))
    reverse_payment(payment_id=paid.pk, reason="Typo", request_key=key(), actor=SYSTEM, on=day())

    owing = [row.name for row in payable_by_partner(currency="USD", cut_off_on=day(), minimum_minor=0)]

    assert owing == ["Dana", "Lena", "Nora"]
    assert payable_sums(day()) == {"USD": (3000, 2)}
    assert payable_sums(day(10)) == {"USD": (3500, 2)}
