"""Payouts: built, approved by another person, paid once; a paid batch never changes."""

from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.db.models import Sum

from duebook.commissions.models import CommissionEntry, Payout, PayoutBatch, PayoutLine
from duebook.commissions.services.approve_payout_batch import approve_payout_batch
from duebook.commissions.services.build_payout_batch import build_payout_batch
from duebook.commissions.services.pay_payout_batch import pay_payout_batch
from duebook.commissions.services.reject_payout_batch import reject_payout_batch
from duebook.domain import errors
from duebook.domain.accounts import SystemAccount as Sys
from duebook.domain.permissions import Role
from duebook.invoices.models import Invoice
from duebook.ledger.models import Transfer
from duebook.partners.models import Partner
from duebook.payments.services.record_payment import record_payment
from duebook.payments.services.reverse_payment import reverse_payment
from duebook.sales.services.assign_partners import assign_partners
from duebook.staff.models import User
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
from tests.payments.services.test_record_payment import in_threads
from tests.snapshot import everything

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


def test_nobody_approves_the_own_batch_unless_alone() -> None:
    make_user(role=Role.OWNER)
    make_user(role=Role.PARTNER_MANAGER)
    scene()
    batch = build()
    before = everything()

    with pytest.raises(errors.OwnBatch):
        approve(batch, actor=PAUL)
    assert everything() == before

    User.objects.filter(role="owner").update(is_active=False)
    assert approve(batch, actor=PAUL).state == "approved"


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
