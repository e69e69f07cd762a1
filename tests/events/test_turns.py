"""Of two rare writes at once the second waits for the first and then finds what it wrote."""

from collections.abc import Callable
from typing import Any

import pytest

from duebook.catalog.services.add_product import add_product
from duebook.commissions.models import CommissionEntry, PayoutBatch
from duebook.commissions.services.build_payout_batch import build_payout_batch
from duebook.domain import errors
from duebook.domain.payment_kinds import PaymentKind
from duebook.events.models import Event
from duebook.events.turns import take_turn
from duebook.gateways.models import MerchantAccount
from duebook.partners.services.add_partner import add_partner
from duebook.partners.services.edit_partner import edit_partner
from duebook.partners.services.save_program import save_program
from duebook.payments.services.add_payment_type import add_payment_type
from duebook.sales.services.assign_partners import assign_partners
from tests.catalog.services.test_add_and_edit_product import details as product
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
from tests.gateways.fake_processor import SECRET, register
from tests.gateways.services.test_add_merchant_account import add as add_merchant_account
from tests.partners.services.test_partners_and_programs import details as partner, program
from tests.payments.services.test_payment_types import details as payment_type
from tests.threads import while_open

pytestmark = pytest.mark.django_db(transaction=True)

ADDS: dict[str, Callable[[Any], Any]] = {
    "product": lambda _: add_product(details=product(), request_key="k", actor=SYSTEM),
    "partner": lambda contact: add_partner(details=partner(contact=contact), request_key="k", actor=SYSTEM),
    "program": lambda _: save_program(program_id=None, details=program(), request_key="k", actor=SYSTEM),
    "payment_type": lambda _: add_payment_type(
        details=payment_type(), kind=PaymentKind.MONEY, request_key="k", actor=SYSTEM
    ),
}


@pytest.mark.parametrize("what", ADDS)
def test_the_same_request_at_once_finds_what_was_added(what: str) -> None:
    contact = make_contact("Dana")

    first, [second] = while_open(lambda: ADDS[what](contact), lambda: ADDS[what](contact))

    assert second == first
    assert Event.objects.filter(name=f"{what}.added").count() == 1


def test_the_same_merchant_account_at_once_is_added_once(monkeypatch: pytest.MonkeyPatch) -> None:
    register(monkeypatch)

    _, added = while_open(
        lambda: take_turn("gateways.add_merchant_account"),
        lambda: add_merchant_account(request_key="k"),
        lambda: add_merchant_account(request_key="k"),
    )

    assert added == [MerchantAccount.objects.get()] * 2


def test_two_merchant_accounts_at_once_with_one_account_at_the_processor_are_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    register(monkeypatch)

    _, got = while_open(
        lambda: take_turn("gateways.add_merchant_account"),
        lambda: add_merchant_account("Shop", secret=SECRET),
        lambda: add_merchant_account("Web", secret=SECRET),
    )

    assert sorted(type(one).__name__ for one in got) == ["MerchantAccount", "ProcessorAccountAdded"]
    assert MerchantAccount.objects.count() == 1


def test_two_edits_at_once_close_no_loop_of_parents() -> None:
    pam, dana = make_partner("Pam", code="PAMELA"), make_partner("Dana", code="DANA1")

    def becomes_child(child: Any, parent: Any) -> None:
        edit_partner(
            partner_id=child.pk,
            details=partner(contact=child.contact, name=child.name, code=child.code, parent_id=parent.pk),
            request_key=key(),
            actor=SYSTEM,
        )

    _, [refused] = while_open(lambda: becomes_child(pam, dana), lambda: becomes_child(dana, pam))

    dana.refresh_from_db()
    assert isinstance(refused, errors.ParentLoop)
    assert dana.parent_id is None


def test_a_payout_takes_nothing_that_a_change_of_partners_takes_back_at_once() -> None:
    dana = make_partner("Dana", code="DANA1")
    make_program(dana, hold_days=0)
    invoice = make_invoice("100.00", lead_partner_id=dana.pk, ordered_on=day(-40))
    make_payment("100.00", invoice=invoice, received_on=day(-35))

    _, [refused] = while_open(
        lambda: assign_partners(
            order_id=invoice.order_id,
            lead_partner_id=None,
            sale_partner_id=None,
            request_key=key(),
            actor=SYSTEM,
            on=day(),
        ),
        lambda: build_payout_batch(
            cut_off_on=day(), currency="USD", minimum_minor=0, request_key=key(), actor=SYSTEM, on=day()
        ),
    )

    assert isinstance(refused, errors.NothingPayable)
    assert not PayoutBatch.objects.exists()
    assert sum(CommissionEntry.objects.values_list("amount_minor", flat=True)) == 0
