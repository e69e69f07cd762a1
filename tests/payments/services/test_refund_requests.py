"""Refunds above a limit: one person asks, another approves or rejects, and it is refunded once."""

from typing import Any

import pytest
from django.db import IntegrityError, transaction

from duebook.domain import errors
from duebook.domain.permissions import Actor, Right, Role
from duebook.domain.refunding import RefundInput
from duebook.events.models import Event
from duebook.gateways.protocol import NothingHappened
from duebook.ledger.models import ClosedPeriod
from duebook.payments.models import GatewayRefund, Payment, Refund, RefundRequest
from duebook.payments.points import Point
from duebook.payments.services.approve_refund_request import approve_refund_request, preview_refund_request
from duebook.payments.services.ask_about_refund import drop_refund
from duebook.payments.services.refund_payment import refund_payment
from duebook.payments.services.reject_refund_request import reject_refund_request
from duebook.payments.services.request_refund import request_refund
from duebook.payments.services.withdraw_refund_request import withdraw_refund_request
from duebook.reports.services.verify_books import verify_books
from tests.factories import actor, day, key, make_invoice, make_payment, make_refund, refund_input
from tests.payments.charging import a_charged_payment
from tests.payments.ends import EXCEPTION, ending_at
from tests.payments.fake_gateway import FakeGateway
from tests.payments.refunding import wanted
from tests.snapshot import everything
from tests.threads import in_threads

pytestmark = pytest.mark.django_db

MIA = actor(user_id=1, limits={(Right.REFUND, "USD"): 3000})
OLGA = actor(Role.OWNER, user_id=2)


def paid(amount: str = "100.00") -> Payment:
    return make_payment(amount, invoice=make_invoice(amount))


def ask(payment: Payment, asked: RefundInput | None = None, **fields: Any) -> RefundRequest:
    return request_refund(
        **{
            "payment_id": payment.pk,
            "wanted": asked or refund_input("40.00", owes=None),
            "request_key": key(),
            "actor": MIA,
            "on": day(),
            **fields,
        }
    )


def approve(request: RefundRequest, by: Actor = OLGA) -> GatewayRefund | None:
    return approve_refund_request(request_id=request.pk, actor=by, on=day())


def reject(request: RefundRequest, by: Actor = OLGA, reason: str = "Not agreed") -> None:
    reject_refund_request(request_id=request.pk, reason=reason, request_key=key(), actor=by)


def test_what_is_asked_for_books_nothing_and_repeats_as_one() -> None:
    payment, request_key = paid(), key()

    first, second = (ask(payment, request_key=request_key) for _ in range(2))

    assert first == second
    request = RefundRequest.objects.get()
    assert (request.state, request.amount_minor, request.asked_by_id) == ("waiting", 4000, 1)
    assert request.reason == "Not satisfied"
    assert not Refund.objects.exists()
    event = Event.objects.get(name="refund.requested")
    assert (event.payment_id, event.payload["refund_request_id"]) == (payment.pk, request.pk)


def test_another_person_approves_and_the_refund_is_booked_with_what_was_wanted() -> None:
    payment = paid()
    asked = refund_input("40.00", owes="15.00", reference="DE89", refunded_on=day(), reason="Came back")
    request = ask(payment, asked)

    preview = preview_refund_request(request_id=request.pk, actor=OLGA, on=day())
    for _ in range(2):
        approve(request)

    request.refresh_from_db()
    refund = Refund.objects.get()
    assert (request.state, request.decided_by_id) == ("approved", 2)
    assert (refund.amount_minor, refund.reference, refund.reason) == (4000, "DE89", "Came back")
    assert refund.recorded_by_id == 2
    assert preview.owes.minor == 1500
    assert payment.allocations.get(amount_minor__lt=0).invoice.balance_due_minor == 1500
    names = list(Event.objects.order_by("-id").values_list("name", flat=True)[:4])
    assert sorted(names) == ["payment.recorded", "payment.refunded", "refund.approved", "refund.requested"]


def test_a_refund_to_the_card_goes_through_the_gateway_once(gateway: FakeGateway) -> None:
    payment = a_charged_payment()
    request = ask(payment, wanted(payment, "40.00"))
    assert gateway.given_back_minor() == 0

    attempts = [approve(request) for _ in range(2)]

    assert attempts[0] is not None
    assert attempts[0] == attempts[1]
    assert (attempts[0].state, attempts[0].prepared_by_id) == ("succeeded", 2)
    assert (gateway.given_back_minor(), GatewayRefund.objects.count()) == (4000, 1)


def test_a_refusal_of_the_gateway_leaves_the_request_approved_and_the_attempt_refused(
    gateway: FakeGateway,
) -> None:
    payment = a_charged_payment()
    request = ask(payment, wanted(payment, "40.00"))
    gateway.fail("refund", NothingHappened)

    attempt = approve(request)

    assert attempt is not None
    assert attempt.state == "failed"
    assert RefundRequest.objects.get().state == "approved"
    assert not Refund.objects.exists()


@pytest.mark.parametrize(
    ("by", "refusal"),
    [
        (MIA, errors.OwnRequest),
        (actor(user_id=3, limits={(Right.REFUND, "USD"): 3999}), errors.AboveLimit),
        (actor(user_id=3, day_limits={(Right.REFUND, "USD"): 3999}), errors.AboveDayLimit),
        (actor(Role.CLERK, user_id=3), errors.Forbidden),
        (MIA.without_limits(), errors.OwnRequest),
    ],
)
def test_who_asked_or_may_not_refund_so_much_approves_nothing(
    by: Actor, refusal: type[errors.DomainError]
) -> None:
    request = ask(paid())
    before = everything()

    with pytest.raises(refusal):
        approve(request, by)

    assert everything() == before


def test_the_decision_is_made_anew_when_it_is_approved() -> None:
    payment = paid()
    request = ask(payment)
    make_refund(payment, "80.00")
    before = everything()

    with pytest.raises(errors.AboveRefundable):
        approve(request)

    assert everything() == before


def test_a_day_that_is_closed_meanwhile_is_refused() -> None:
    request = ask(paid())
    ClosedPeriod.objects.create(closed_until=day(), decided_by_id=1)

    with pytest.raises(errors.PeriodClosed):
        approve(request)

    assert RefundRequest.objects.get().state == "waiting"


def test_what_the_books_do_not_allow_is_not_even_asked_for() -> None:
    payment = paid()
    before = everything()

    with pytest.raises(errors.AboveRefundable):
        ask(payment, refund_input("100.01", owes=None))
    with pytest.raises(errors.Forbidden):
        ask(payment, actor=actor(Role.CLERK))

    assert everything() == before


def test_one_request_of_a_payment_waits() -> None:
    payment = paid()
    ask(payment)

    with pytest.raises(errors.RefundAskedFor):
        ask(payment)

    assert RefundRequest.objects.count() == 1


def test_a_rejection_says_why_and_another_may_be_asked_for() -> None:
    payment = paid()
    request = ask(payment)

    with pytest.raises(errors.ReasonRequired):
        reject(request, reason=" ")
    with pytest.raises(errors.OwnRequest):
        reject(request, by=MIA)
    reject(request)
    with pytest.raises(errors.RequestDecided):
        approve(request)

    request.refresh_from_db()
    assert (request.state, request.answer, request.decided_by_id) == ("rejected", "Not agreed", 2)
    assert Event.objects.get(name="refund.rejected").payload["reason"] == "Not agreed"
    assert not Refund.objects.exists()
    ask(payment)


def test_who_asked_withdraws_and_nobody_else() -> None:
    request, request_key = ask(paid()), key()

    with pytest.raises(errors.NotYourRequest):
        withdraw_refund_request(request_id=request.pk, request_key=key(), actor=OLGA)
    for _ in range(2):
        withdraw_refund_request(request_id=request.pk, request_key=request_key, actor=MIA)

    request.refresh_from_db()
    assert (request.state, request.decided_by_id) == ("withdrawn", 1)
    assert Event.objects.filter(name="refund.withdrawn").count() == 1


@pytest.mark.parametrize("doing", [approve, reject])
def test_an_unknown_request_is_not_found(doing: Any) -> None:
    with pytest.raises(errors.NotFound):
        doing(RefundRequest(pk=99))


def test_the_database_refuses_an_approval_by_who_asked_and_a_second_decision() -> None:
    request = ask(paid())
    rows = RefundRequest.objects.filter(pk=request.pk)

    with pytest.raises(IntegrityError, match="by_a_second_person"), transaction.atomic():
        rows.update(state="approved", decided_by_id=1, decided_at=request.asked_at)
    reject(request)
    with pytest.raises(IntegrityError, match="are facts"), transaction.atomic():
        rows.update(state="approved")


def test_a_request_carries_out_its_own_payment_only() -> None:
    request, other = ask(paid()), paid()

    with pytest.raises(ValueError, match="another payment"):
        refund_payment(
            payment_id=other.pk,
            wanted=refund_input("40.00", owes=None),
            request_key=key(),
            actor=OLGA,
            on=day(),
            approves=request.pk,
        )

    assert not Refund.objects.exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("to_card", [False, True])
def test_of_two_who_approve_at_once_one_refunds(gateway: FakeGateway, to_card: bool) -> None:
    payment = a_charged_payment() if to_card else paid()
    request = ask(payment, wanted(payment, "40.00") if to_card else None)

    results = in_threads(4, lambda i: approve(request, actor(Role.OWNER, user_id=2 + i)))

    refused = (errors.RequestDecided, errors.RefundUnderWay)
    assert sum(isinstance(result, refused) for result in results) == 3
    assert Refund.objects.get().amount_minor == 4000
    assert Event.objects.filter(name="refund.approved").count() == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("point", [point for point in Point if point.name.startswith("REFUND")])
def test_a_process_that_ends_while_approving_refunds_once_at_most(gateway: FakeGateway, point: Point) -> None:
    payment = a_charged_payment()
    request = ask(payment, wanted(payment, "40.00"))

    with ending_at(point, EXCEPTION):
        approve(request)
    request.refresh_from_db()
    approved = request.state == "approved"
    if approved:
        with pytest.raises(errors.RequestDecided):
            approve(request, actor(Role.OWNER, user_id=3))
    approve(request)

    attempt = GatewayRefund.objects.get()
    if attempt.state == "created":
        drop_refund(attempt_id=attempt.pk)
    assert gateway.given_back_minor() <= 4000
    assert RefundRequest.objects.get().state == "approved"


@pytest.mark.broken_books
def test_verify_finds_an_approval_without_its_refund() -> None:
    request = ask(paid())

    RefundRequest.objects.filter(pk=request.pk).update(
        state="approved", decided_by_id=2, decided_at=request.asked_at
    )

    assert [finding.check for finding in verify_books()] == ["request_refunded"]
