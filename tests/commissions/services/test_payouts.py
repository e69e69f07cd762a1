"""Payouts: built, approved by another person, paid once; a paid batch never changes."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.db.models import Sum
from django.utils import timezone

from duebook.commissions.models import CommissionEntry, Payout, PayoutBatch, PayoutLine
from duebook.commissions.services.approve_payout_batch import approve_payout_batch
from duebook.commissions.services.build_payout_batch import build_payout_batch
from duebook.commissions.services.pay_payout_batch import pay_payout_batch
from duebook.commissions.services.reject_payout_batch import reject_payout_batch
from duebook.domain import errors
from duebook.domain.accounts import SystemAccount as Sys
from duebook.domain.permissions import Role, Source
from duebook.events.models import Event
from duebook.invoices.models import Invoice
from duebook.ledger.models import Transfer
from duebook.partners.models import Partner
from duebook.payments.services.record_payment import record_payment
from duebook.payments.services.reverse_payment import reverse_payment
from duebook.sales.services.assign_partners import assign_partners
from duebook.staff.models import User
from duebook.staff.queries import actor_for
from duebook.staff.services.change_user import change_user
from tests.factories import (
    SYSTEM,
    actor,
    day,
    key,
    make_contact,
    make_invoice,
    make_partner,
    make_payment,
    make_program,
    make_user,
    payment_input,
)
from tests.snapshot import everything
from tests.threads import at_once, in_threads

pytestmark = pytest.mark.django_db

PAUL = actor(Role.PARTNER_MANAGER, user_id=5)
OLGA = actor(Role.OWNER, user_id=6)


def scene(
    paid: str = "100.00", *, hold_days: int = 0, name: str = "Dana", code: str = "DANA1"
) -> tuple[Partner, Invoice]:
    dana = make_partner(name, code=code)
    make_program(dana, hold_days=hold_days, name=f"Program of {name}")
    invoice = make_invoice("100.00", lead_partner_id=dana.pk, ordered_on=day(-40))
    make_payment(paid, invoice=invoice, received_on=day(-35))
    return dana, invoice


def build(**fields: Any) -> PayoutBatch:
    given = {
        "cut_off_on": day(),
        "currency": "USD",
        "minimum_minor": 0,
        "request_key": key(),
        "actor": PAUL,
        "on": day(),
    }
    return build_payout_batch(**{**given, **fields})


def approve(batch: PayoutBatch, **fields: Any) -> PayoutBatch:
    return approve_payout_batch(**{"batch_id": batch.pk, "request_key": key(), "actor": OLGA, **fields})


def pay(batch: PayoutBatch, **fields: Any) -> PayoutBatch:
    given = {
        "batch_id": batch.pk,
        "paid_on": day(),
        "method": "Bank transfer",
        "reference": "SEPA 1",
        "request_key": key(),
        "actor": PAUL,
        "on": day(),
    }
    return pay_payout_batch(**{**given, **fields})


def payable() -> int:
    credit = Transfer.objects.filter(credit_account_id=Sys.PARTNER_PAYABLE).aggregate(s=Sum("amount_minor"))
    debit = Transfer.objects.filter(debit_account_id=Sys.PARTNER_PAYABLE).aggregate(s=Sum("amount_minor"))
    return (credit["s"] or 0) - (debit["s"] or 0)


def test_a_batch_is_built_approved_and_paid() -> None:
    dana, _ = scene()

    batch = pay(approve(build()))

    assert (batch.state, batch.total_minor, batch.paid_reference) == ("paid", 1000, "SEPA 1")
    assert Payout.objects.get().partner_id == dana.pk
    assert payable() == 0
    paid = Transfer.objects.get(kind="commission_paid")
    assert (paid.debit_account_id, paid.credit_account_id, paid.amount_minor, paid.partner_id) == (
        Sys.PARTNER_PAYABLE,
        Sys.BANK,
        1000,
        dana.pk,
    )


def test_an_entry_waits_until_its_hold_is_over() -> None:
    scene(hold_days=36)

    with pytest.raises(errors.NothingPayable):
        build()

    assert CommissionEntry.objects.get().payable_on == day(1)
    assert build(cut_off_on=day(1), on=day(1)).total_minor == 1000


def test_a_minimum_carries_small_amounts_forward() -> None:
    scene("50.00", name="Dana", code="DANA1")
    sam, _ = scene("100.00", name="Sam", code="SAMUEL")

    batch = build(minimum_minor=600)

    assert list(batch.payouts.values_list("partner_id", "amount_minor")) == [(sam.pk, 1000)]
    assert build().total_minor == 500


def test_a_negative_balance_is_carried_forward_and_nets_the_next() -> None:
    dana, invoice = scene()
    pay(approve(build()))
    payment = invoice.allocations.get().payment
    reverse_payment(payment_id=payment.pk, reason="x", request_key=key(), actor=SYSTEM, on=day())

    with pytest.raises(errors.NothingPayable):
        build()
    other = make_invoice("300.00", contact=invoice.contact, lead_partner_id=dana.pk)
    make_payment("300.00", invoice=other)

    batch = build()
    assert batch.total_minor == 2000
    assert list(
        PayoutLine.objects.filter(payout__batch=batch).order_by("id").values_list("amount_minor", flat=True)
    ) == [
        -1000,
        3000,
    ]


def test_only_the_partners_named_are_paid() -> None:
    dana, _ = scene()
    scene(name="Sam", code="SAMUEL")

    assert build(partner_ids=[dana.pk]).payouts.count() == 1


def aged(batch: PayoutBatch, hours: int = 24) -> PayoutBatch:
    """The batch, built so many hours ago."""
    PayoutBatch.objects.filter(pk=batch.pk).update(built_at=timezone.now() - timedelta(hours=hours))
    batch.refresh_from_db()
    return batch


def change(user_id: int, *, active: bool = True, role: Role = Role.PARTNER_MANAGER) -> None:
    change_user(user_id=user_id, name="Paul", role=role, active=active, request_key=key(), actor=SYSTEM)


def test_nobody_approves_the_own_batch_while_somebody_else_could() -> None:
    make_user(role=Role.OWNER)
    paul = actor_for(make_user(role=Role.PARTNER_MANAGER), source=Source.WEB)
    scene()
    batch = aged(build(actor=paul), hours=99)
    before = everything()

    with pytest.raises(errors.OwnRequest):
        approve(batch, actor=paul)

    assert everything() == before


def test_in_a_business_of_one_person_who_built_it_approves_it_a_day_later() -> None:
    """Those who could not approve it, or may not sign in, are nobody else."""
    olga = actor_for(make_user(role=Role.OWNER), source=Source.WEB)
    make_user(role=Role.MANAGER)
    make_user(role=Role.PARTNER_MANAGER, is_active=False)
    scene()
    batch = aged(build(actor=olga))

    again = key()
    for _ in range(2):
        approve(batch, actor=olga, request_key=again)

    batch.refresh_from_db()
    assert (batch.state, batch.is_approved_alone) == ("approved", True)
    event = Event.objects.get(name="payout.approved")
    assert (event.actor_id, event.payload["others"]) == (olga.user_id, 0)
    assert pay(batch, actor=olga).is_approved_alone


def test_before_the_day_is_over_it_says_from_when_on() -> None:
    olga = actor_for(make_user(role=Role.OWNER), source=Source.WEB)
    scene()
    batch = aged(build(actor=olga), hours=23)
    before = everything()

    with pytest.raises(errors.OwnRequestTooSoon) as refusal:
        approve(batch, actor=olga)

    assert refusal.value.values == {"moment": batch.built_at + timedelta(hours=24)}
    assert everything() == before
    with pytest.raises(IntegrityError, match="facts"), transaction.atomic():
        PayoutBatch.objects.update(
            state="approved", decided_by_id=olga.user_id, decided_at=timezone.now() + timedelta(minutes=59)
        )


@pytest.mark.parametrize("how", ["activated", "promoted"])
def test_as_soon_as_there_is_another_one_that_one_is_needed(how: str) -> None:
    olga = actor_for(make_user(role=Role.OWNER), source=Source.WEB)
    is_promoted = how == "promoted"
    paul = make_user(role=Role.CLERK if is_promoted else Role.PARTNER_MANAGER, is_active=is_promoted)
    scene()
    batch = aged(build(actor=olga))
    change(paul.pk)

    with pytest.raises(errors.OwnRequest):
        approve(batch, actor=olga)

    other = actor_for(User.objects.get(pk=paul.pk), source=Source.WEB)
    assert approve(batch, actor=other).state == "approved"
    assert "others" not in Event.objects.get(name="payout.approved").payload


@pytest.mark.django_db(transaction=True)
def test_approving_alone_and_a_second_user_at_once_take_turns() -> None:
    """Whoever waits sees what the other did: nobody approves alone what somebody else could by then."""
    olga = actor_for(make_user(role=Role.OWNER), source=Source.WEB)
    paul = make_user(role=Role.PARTNER_MANAGER, is_active=False)
    scene()
    batch = aged(build(actor=olga))

    answer, _ = at_once(lambda: approve(batch, actor=olga), lambda: change(paul.pk))

    joined = Event.objects.get(name="user.changed")
    alone = Event.objects.filter(name="payout.approved").first()
    assert isinstance(answer, errors.OwnRequest) == (alone is None)
    assert alone is None or alone.pk < joined.pk


def test_a_rejected_batch_releases_its_lines() -> None:
    scene()
    batch = build()

    reject_payout_batch(batch_id=batch.pk, reason="Wrong day", request_key=key(), actor=OLGA)

    assert build().total_minor == 1000
    with pytest.raises(errors.BatchState):
        approve(batch)


def test_a_paid_batch_never_changes() -> None:
    scene()
    batch = pay(approve(build()))
    before = everything()

    with pytest.raises(errors.BatchState):
        pay(batch)
    with pytest.raises(errors.BatchState):
        reject_payout_batch(batch_id=batch.pk, reason="x", request_key=key(), actor=OLGA)
    for change in (Payout.objects.all(), PayoutLine.objects.all()):
        with pytest.raises(IntegrityError, match="facts"), transaction.atomic():
            change.update(amount_minor=1)

    assert everything() == before


def test_the_same_request_does_each_step_once() -> None:
    scene()
    keys = [key() for _ in range(3)]
    batch = build(request_key=keys[0])
    assert build(request_key=keys[0]).pk == batch.pk
    approve(batch, request_key=keys[1])
    assert approve(batch, request_key=keys[1]).state == "approved"
    pay(batch, request_key=keys[2])
    before = everything()

    assert pay(batch, request_key=keys[2]).state == "paid"
    assert everything() == before


@pytest.mark.parametrize(
    ("fields", "error"),
    [({"cut_off_on": "tomorrow"}, errors.FutureCutOff), ({"actor": actor(Role.CLERK)}, errors.Forbidden)],
)
def test_a_refused_batch_writes_nothing(fields: dict[str, Any], error: type[Exception]) -> None:
    scene()
    if fields.get("cut_off_on") == "tomorrow":
        fields = {"cut_off_on": day(1)}
    before = everything()

    with pytest.raises(error):
        build(**fields)

    assert everything() == before


def test_the_day_of_payment_lies_between_cut_off_and_today() -> None:
    scene()
    batch = approve(build())

    with pytest.raises(errors.FuturePayout):
        pay(batch, paid_on=day(1))
    with pytest.raises(errors.BeforeOrigin):
        pay(batch, paid_on=day(-1))


def test_after_a_payout_the_order_s_partners_stay() -> None:
    _, invoice = scene()
    build()

    with pytest.raises(errors.CommissionPaidOut):
        assign_partners(
            order_id=invoice.order_id,
            lead_partner_id=None,
            sale_partner_id=None,
            request_key=key(),
            actor=OLGA,
            on=day(),
        )


@pytest.mark.django_db(transaction=True)
def test_batches_and_payments_at_once_pay_each_entry_once() -> None:
    _, invoice = scene("10.00")

    def work(i: int) -> Any:
        if i % 2:
            return build()
        return record_payment(
            wanted=payment_input("10.00", invoice=invoice), request_key=key(), actor=SYSTEM, on=day()
        )

    in_threads(8, work)

    lines = PayoutLine.objects.filter(live=True)
    assert lines.count() == lines.values("entry").distinct().count()
    assert CommissionEntry.objects.aggregate(s=Sum("amount_minor"))["s"] == 500


@pytest.mark.broken_books
def test_a_batch_of_more_partners_than_a_statement_takes_parameters_is_paid() -> None:
    contact = make_contact("Dana")
    partners = Partner.objects.bulk_create(
        [Partner(contact=contact, name="Dana", code=f"DANA{number}") for number in range(6_000)],
        batch_size=1_000,
    )
    batch = PayoutBatch.objects.create(
        state=PayoutBatch.States.APPROVED,
        currency="USD",
        cut_off_on=day(),
        total_minor=6_000,
        built_by_id=1,
        decided_by_id=2,
    )
    Payout.objects.bulk_create(
        [Payout(batch=batch, partner=partner, amount_minor=1, currency="USD") for partner in partners],
        batch_size=1_000,
    )

    pay_payout_batch(
        batch_id=batch.pk,
        paid_on=day(),
        method="Transfer",
        reference="",
        request_key=key(),
        actor=SYSTEM,
        on=day(),
    )

    assert Transfer.objects.filter(kind="commission_paid").count() == 6_000
