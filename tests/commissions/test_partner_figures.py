"""What partners earned, and what became of it."""

from typing import Any

import pytest

from duebook.commissions.models import PayoutBatch
from duebook.commissions.partner_figures import PartnerFigures, figures_by_month, figures_of
from duebook.commissions.services.build_payout_batch import build_payout_batch
from tests.factories import SYSTEM, day, key, make_invoice, make_partner, make_payment, make_program

pytestmark = pytest.mark.django_db


def test_the_parts_add_up_to_what_was_earned(django_assert_num_queries: Any) -> None:
    dana = make_partner("Dana")
    make_program(dana)
    invoice = make_invoice("100.00", lead_partner_id=dana.pk, ordered_on=day(-60))
    make_payment("30.00", invoice=invoice, received_on=day(-50))
    build_payout_batch(
        currency="USD",
        cut_off_on=day(),
        minimum_minor=0,
        request_key=key(),
        actor=SYSTEM,
        on=day(),
    )
    make_payment("20.00", invoice=invoice, received_on=day(-40))
    make_payment("10.00", invoice=invoice)

    today = day()
    with django_assert_num_queries(1):
        built = figures_of([dana.pk], today=today)
    PayoutBatch.objects.update(state="paid", paid_on=day())
    paid = figures_of([dana.pk], today=day())
    PayoutBatch.objects.update(state="built", paid_on=None)

    assert built == {dana.pk: [PartnerFigures("USD", 600, 100, 200, 300, 0)]}
    assert paid == {dana.pk: [PartnerFigures("USD", 600, 100, 200, 0, 300)]}


def test_by_month_and_currency() -> None:
    dana = make_partner("Dana")
    make_program(dana)
    make_payment("50.00", invoice=make_invoice("100.00", lead_partner_id=dana.pk))
    make_payment("50.00", invoice=make_invoice("100.00", lead_partner_id=dana.pk, currency="EUR"))
    month = day().replace(day=1)

    found = figures_by_month(dana.pk, "USD", first_month=month, today=day())

    assert found == {month: PartnerFigures("USD", 500, 500, 0, 0, 0)}
    assert [row.currency for row in figures_of([dana.pk], today=day())[dana.pk]] == ["EUR", "USD"]
