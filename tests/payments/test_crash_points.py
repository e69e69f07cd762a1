"""A charge survives its process ending at any point: one movement of money for a debt, and ours equals it.

At each named point the process ends (an exception that nobody handles, or SIGKILL), or the connection to the
database is cut, with a gateway that answers, or whose answer is lost before or after the effect. Afterwards
the client repeats its request, the janitor takes its turns, and the gateway's own book is the judge.
"""

import ast
import inspect
import os
import signal
from collections.abc import Iterator
from datetime import timedelta
from itertools import pairwise
from types import ModuleType

import pytest
from django.db import connection
from django.utils import timezone

from duebook.domain.charging import OPEN_STATES, ChargeInput
from duebook.domain.errors import ChargeUnderWay, InvoicePaid
from duebook.gateways.models import MerchantAccount, WebhookMessage
from duebook.gateways.protocol import Busy, ObjectKind, OutcomeUnknown
from duebook.invoices.models import Invoice
from duebook.payments.models import Charge, Payment
from duebook.payments.points import Point, at_each_point
from duebook.payments.services import (
    ask_about_refund,
    ask_gateway as asking,
    book_outside_refund,
    call_off_charges,
    import_settlements,
    prepare_charge,
    process_webhook,
    recover_charge,
    refund_through_gateway,
    return_settlement,
    send_charge,
    settle_charge,
    settle_dispute,
    settle_gateway_refund,
)
from duebook.payments.services.charge_card import charge_card
from tests.factories import SYSTEM, day, key, make_invoice
from tests.payments.charging import wanted as wanted_charge
from tests.payments.ends import CUT_OFF, EXCEPTION, ending_at
from tests.payments.fake_gateway import FakeGateway

PROTOCOL = (
    prepare_charge,
    send_charge,
    settle_charge,
    asking,
    process_webhook,
    recover_charge,
    refund_through_gateway,
    settle_gateway_refund,
    ask_about_refund,
    book_outside_refund,
    call_off_charges,
    import_settlements,
    return_settlement,
    settle_dispute,
)
EFFECTS = {
    *("create", "bulk_create", "update", "save", "book", "record_event"),
    *("write_charge", "mark_sent", "note_handle", "write_observation", "close_lines"),
    *("confirm", "fetch", "cancel", "refund", "void", "list_refunds", "list_settlements"),
}
OF_OTHERS = ("CALL_OFF", "REFUND", "DISPUTE", "LINK", "SETTLEMENT", "RECOVER")
"""Tried in ``services/test_call_off_charges.py``, ``services/test_refund_through_gateway.py``,
``services/test_settle_dispute.py``, ``services/test_pay_by_link.py``,
``services/test_import_settlements.py`` and ``services/test_recover_charge.py``.
"""
CHARGE_POINTS = [point for point in Point if not point.name.startswith(OF_OTHERS)]

FAULTS: dict[str, tuple[str, type[Exception], bool] | None] = {
    "a gateway that answers": None,
    "time-out of create before its effect": ("create", OutcomeUnknown, False),
    "time-out of create after its effect": ("create", OutcomeUnknown, True),
    "time-out of confirm before its effect": ("confirm", OutcomeUnknown, False),
    "time-out of confirm after its effect": ("confirm", OutcomeUnknown, True),
    "busy": ("confirm", Busy, True),
}


def asked_for(token: str = "tok_ok") -> tuple[Invoice, ChargeInput]:
    invoice = make_invoice("100.00")
    return invoice, wanted_charge(invoice, token=token, email_receipt=True)


def charge(wanted: ChargeInput, request_key: str) -> None:
    charge_card(wanted=wanted, request_key=request_key, actor=SYSTEM, on=day())


def two_days_pass() -> None:
    """The janitor's turns, as the worker takes them, until nothing is open any more."""
    for charge_id in Charge.objects.filter(state="created").values_list("pk", flat=True):
        asking.drop_charge(charge_id=charge_id)
    for _ in range(10):
        still = Charge.objects.filter(state__in=[state.value for state in OPEN_STATES])
        still.update(ask_at=timezone.now() - timedelta(seconds=1))
        for charge_id in still.values_list("pk", flat=True):
            asking.ask_gateway(charge_id=charge_id)
    for message in WebhookMessage.objects.filter(state="waiting"):
        process_webhook.process_webhook(message_id=message.pk)


def judge(gateway: FakeGateway) -> None:
    """The gateway's book says what happened: at most one movement a debt, and ours equal it to the cent."""
    assert all(times == 1 for times in gateway.captures.values())
    assert gateway.taken_minor() == sum(payment.amount_minor for payment in Payment.objects.all())
    ends = {"succeeded", "declined", "not_performed"}
    assert set(Charge.objects.values_list("state", flat=True)) <= ends


def webhook_of(charge_id: str) -> WebhookMessage:
    return WebhookMessage.objects.create(
        merchant_account=MerchantAccount.objects.get(),
        event_id=key(),
        kind="charge.succeeded",
        object_kind=ObjectKind.CHARGE.value,
        object_id=charge_id,
        occurred_at=timezone.now(),
    )


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("point", CHARGE_POINTS)
def test_a_process_that_ends_at_any_point_loses_and_doubles_nothing(
    gateway: FakeGateway, point: Point, fault: str
) -> None:
    invoice, wanted = asked_for()
    request_key = key()
    if (scripted := FAULTS[fault]) is not None:
        gateway.fail(scripted[0], scripted[1], after_effect=scripted[2])

    def everything_once() -> None:
        charge(wanted, request_key)
        Charge.objects.update(ask_at=timezone.now() - timedelta(seconds=1))
        for charge_id in Charge.objects.values_list("pk", flat=True):
            asking.ask_gateway(charge_id=charge_id)
        for gateway_id in list(gateway.charges):
            process_webhook.process_webhook(message_id=webhook_of(gateway_id).pk)

    with ending_at(point, EXCEPTION):
        everything_once()
    charge_again_if_it_may(wanted, request_key)
    two_days_pass()

    judge(gateway)
    invoice.refresh_from_db()
    assert 10000 - invoice.balance_due_minor == gateway.taken_minor()


def charge_again_if_it_may(wanted: ChargeInput, request_key: str) -> None:
    """The client repeats its very request, as one does that got no answer."""
    charge(wanted, request_key)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("point", CHARGE_POINTS)
def test_a_connection_that_is_cut_at_any_point_loses_and_doubles_nothing(
    gateway: FakeGateway, point: Point
) -> None:
    _, wanted = asked_for()
    request_key = key()
    with ending_at(point, CUT_OFF):
        charge(wanted, request_key)
    charge_again_if_it_may(wanted, request_key)
    two_days_pass()

    judge(gateway)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("point", CHARGE_POINTS)
def test_a_process_that_is_killed_leaves_what_the_janitor_settles(
    gateway: FakeGateway, point: Point, tmp_path: os.PathLike[str]
) -> None:
    """SIGKILL, in a process of its own; what the gateway did until then is told by a file."""
    _, wanted = asked_for("tok_slow")
    request_key = key()
    connection.close()
    child = os.fork()
    if child == 0:

        def at(reached: Point) -> None:
            if reached is point:
                os.kill(os.getpid(), signal.SIGKILL)

        with at_each_point(at):
            charge(wanted, request_key)
        os._exit(0)
    os.waitpid(child, 0)

    # The child's gateway is gone with it: to this one the charge is new or was never confirmed.
    for made in Charge.objects.exclude(gateway_id=""):
        gateway.create(send_charge.request_of(made))
    two_days_pass()

    judge(gateway)
    try:
        charge(ChargeInput(wanted.contact_id, wanted.payment_method_id, wanted.shares), key())
    except (ChargeUnderWay, InvoicePaid) as error:
        pytest.fail(f"the invoice is blocked for ever: {error}")


@pytest.mark.django_db(transaction=True)
def test_every_point_is_reached_by_some_charge(gateway: FakeGateway) -> None:
    seen: set[Point] = set()
    with at_each_point(seen.add):
        _, wanted = asked_for()
        charge(wanted, key())
        _, declined = asked_for("tok_no_funds")
        charge(declined, key())
        _, slow = asked_for("tok_slow")
        charge(slow, key())
        gateway.fail("confirm", Busy)
        _, busy = asked_for()
        charge(busy, key())
        Charge.objects.exclude(ask_at=None).update(ask_at=timezone.now() - timedelta(seconds=1))
        for charge_id in asking.charges_to_ask(most=9):
            asking.ask_gateway(charge_id=charge_id)
        _, left = asked_for()
        prepare_charge.prepare_charge(wanted=left, request_key=key(), actor=SYSTEM, on=day())
        asking.drop_charge(charge_id=Charge.objects.latest("id").pk)
        process_webhook.process_webhook(message_id=webhook_of("ch_1").pk)
        gateway.fail("fetch", OutcomeUnknown)
        with pytest.raises(process_webhook.WebhookNotProcessed):
            process_webhook.process_webhook(message_id=webhook_of("ch_1").pk)
        gateway.fail("create", OutcomeUnknown, after_effect=True)
        _, lost = asked_for()
        charge(lost, key())
        gateway.succeed("ch_5")
        process_webhook.process_webhook(message_id=webhook_of("ch_5").pk)
    WebhookMessage.objects.all().update(state="failed")

    assert seen == set(CHARGE_POINTS)
    assert len(Point) >= 40
    gateway.succeed("ch_3")
    two_days_pass()
    judge(gateway)


def _functions(module: ModuleType) -> Iterator[ast.FunctionDef]:
    for node in ast.walk(ast.parse(inspect.getsource(module))):
        if isinstance(node, ast.FunctionDef):
            yield node


def _names_of_calls(function: ast.FunctionDef) -> Iterator[tuple[int, str]]:
    for node in ast.walk(function):
        if isinstance(node, ast.Call):
            called = node.func
            name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
            yield node.end_lineno or node.lineno, name


@pytest.mark.parametrize("module", PROTOCOL, ids=lambda module: module.__name__.rpartition(".")[2])
def test_every_effect_is_followed_by_a_point(module: ModuleType) -> None:
    """A new step of the protocol must bring a point with it, or the tests above pass it by."""
    for function in _functions(module):
        calls = sorted(_names_of_calls(function))
        points = [line for line, name in calls if name == "reach"]
        effects = [line for line, name in calls if name in EFFECTS]
        for effect, following in pairwise([*effects, 10**9]):
            reached = any(effect < point <= following for point in points)
            returned = _returns_at(function, effect)
            assert reached or returned, f"{module.__name__}.{function.name}, line {effect}"


def _returns_at(function: ast.FunctionDef, line: int) -> bool:
    """Whether the effect is what the function returns: then its caller has the point."""
    return any(
        isinstance(node, ast.Return) and node.lineno <= line <= (node.end_lineno or node.lineno)
        for node in ast.walk(function)
    )
