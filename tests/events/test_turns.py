"""Of two rare writes at once the second waits for the first and then finds what it wrote."""

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection, connections, transaction

from duebook.catalog.services.add_product import add_product
from duebook.domain import errors
from duebook.domain.payment_kinds import PaymentKind
from duebook.events.models import Event
from duebook.events.turns import take_turn
from duebook.gateways.models import MerchantAccount
from duebook.partners.services.add_partner import add_partner
from duebook.partners.services.edit_partner import edit_partner
from duebook.partners.services.save_program import save_program
from duebook.payments.services.add_payment_type import add_payment_type
from tests.catalog.services.test_add_and_edit_product import details as product
from tests.factories import SYSTEM, key, make_contact, make_partner
from tests.gateways.fake_processor import SECRET, register
from tests.gateways.services.test_add_merchant_account import add as add_merchant_account
from tests.partners.services.test_partners_and_programs import details as partner, program
from tests.payments.services.test_payment_types import details as payment_type

pytestmark = pytest.mark.django_db(transaction=True)

ADDS: dict[str, Callable[[Any], Any]] = {
    "product": lambda _: add_product(details=product(), request_key="k", actor=SYSTEM),
    "partner": lambda contact: add_partner(details=partner(contact=contact), request_key="k", actor=SYSTEM),
    "program": lambda _: save_program(program_id=None, details=program(), request_key="k", actor=SYSTEM),
    "payment_type": lambda _: add_payment_type(
        details=payment_type(), kind=PaymentKind.MONEY, request_key="k", actor=SYSTEM
    ),
}


def while_open(first: Callable[[], Any], *others: Callable[[], Any]) -> tuple[Any, list[Any]]:
    """What ``first`` and the others got; they begin before it commits, which it does once all wait."""

    def on_a_connection_of_its_own(work: Callable[[], Any]) -> Any:
        try:
            return work()
        finally:
            connections["default"].close()

    with ThreadPoolExecutor(len(others)) as pool:
        with transaction.atomic():
            result = first()
            futures = [pool.submit(on_a_connection_of_its_own, other) for other in others]
            _wait_until_all_wait(futures)
        return result, [future.exception() or future.result() for future in futures]


def _wait_until_all_wait(futures: list[Future[Any]]) -> None:
    until = time.monotonic() + 10
    while time.monotonic() < until:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(DISTINCT l.pid) FROM pg_locks l JOIN pg_stat_activity a USING (pid)"
                " WHERE NOT l.granted AND a.datname = current_database()"
            )
            waiting = cursor.fetchone()[0]
        if waiting + sum(future.done() for future in futures) == len(futures):
            return
        time.sleep(0.01)
    pytest.fail("someone neither waits nor ends")


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
