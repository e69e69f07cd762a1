"""verify: between which accounts money moves, what partners can earn and what they are paid."""

from datetime import timedelta
from typing import Any

import pytest
from django.db.models import F

from duebook.commissions.models import Accrual, AccrualBasis, CommissionEntry, PayoutBatch
from duebook.commissions.services.approve_payout_batch import approve_payout_batch
from duebook.commissions.services.build_payout_batch import build_payout_batch
from duebook.commissions.services.pay_payout_batch import pay_payout_batch
from duebook.domain.accounts import SystemAccount
from duebook.domain.permissions import Role
from duebook.events.models import Event
from duebook.invoices.models import Invoice
from duebook.ledger.models import Transfer
from duebook.reports.services.verify_books import Finding, verify_books
from tests.factories import actor, day, key, make_invoice, make_partner, make_payment, make_program
from tests.past_the_guards import past_the_guards
from tests.reports.stray_transfers import a_transfer

pytestmark = [pytest.mark.django_db, pytest.mark.broken_books]

PAUL = actor(Role.PARTNER_MANAGER, user_id=5)
OLGA = actor(Role.OWNER, user_id=6)
SALES = int(SystemAccount.SALES)


@pytest.fixture
def batch() -> PayoutBatch:
    """A paid batch of 10.00 for one partner."""
    dana = make_partner("Dana", code="DANA1")
    make_program(dana, hold_days=0)
    invoice = make_invoice("100.00", lead_partner_id=dana.pk, ordered_on=day(-40))
    make_payment("100.00", invoice=invoice, received_on=day(-35))
    built = build_payout_batch(
        cut_off_on=day(), currency="USD", minimum_minor=0, request_key=key(), actor=PAUL, on=day()
    )
    approve_payout_batch(batch_id=built.pk, request_key=key(), actor=OLGA)
    return pay_payout_batch(
        batch_id=built.pk,
        paid_on=day(),
        method="Transfer",
        reference="",
        request_key=key(),
        actor=PAUL,
        on=day(),
    )


def change(kind: str, **values: Any) -> Transfer:
    with past_the_guards():
        Transfer.objects.filter(kind=kind).update(**values)
    return Transfer.objects.filter(kind=kind).latest("id")


@pytest.mark.parametrize(
    ("kind", "side", "expected"),
    [
        ("commission_earned", "debit_account_id", "from 7 to 17"),
        ("commission_paid", "credit_account_id", "from 1 to 7"),
    ],
)
def test_commission_in_another_account_is_seen(
    batch: PayoutBatch, kind: str, side: str, expected: str
) -> None:
    assert verify_books() == []

    changed = change(kind, **{side: SALES})

    (found,) = verify_books()
    assert (found.check, found.what) == ("transfer_accounts", f"transfer {changed.pk}")
    assert found.expected == f"{kind} {expected}"


@pytest.mark.parametrize(
    ("kind", "side"), [("bank_fee", "debit_account_id"), ("returned", "credit_account_id")]
)
def test_a_return_out_of_another_account_is_seen(invoice: Invoice, kind: str, side: str) -> None:
    changed = change(kind, **{side: SALES})

    (found,) = verify_books()
    assert (found.check, found.what) == ("transfer_accounts", f"transfer {changed.pk}")


def test_a_transfer_of_a_kind_that_nobody_writes_is_seen() -> None:
    stray = a_transfer()

    stray.save()

    assert verify_books() == [
        Finding("transfer_accounts", f"transfer {stray.pk}", "a kind of transfer", "bank_fee_of_nothing")
    ]


def test_a_payout_booked_on_another_day_is_seen_from_both_sides(batch: PayoutBatch) -> None:
    partner_id = batch.payouts.get().partner_id

    change("commission_paid", effective_on=day(-1))

    assert verify_books() == [
        Finding(
            "payout_paid",
            f"partner {partner_id}, {day(-1)}",
            "0 USD in 0 payouts",
            "1000 USD in 1 transfers",
        ),
        Finding(
            "payout_paid", f"partner {partner_id}, {day()}", "1000 USD in 1 payouts", "0 USD in 0 transfers"
        ),
    ]


def approved_by_its_builder(hours: int, **told: Any) -> None:
    with past_the_guards():
        PayoutBatch.objects.update(
            decided_by_id=PAUL.user_id, decided_at=F("built_at") + timedelta(hours=hours)
        )
        for event in Event.objects.filter(name="payout.approved"):
            Event.objects.filter(pk=event.pk).update(actor_id=PAUL.user_id, payload={**event.payload, **told})


@pytest.mark.parametrize(("hours", "others"), [(25, 1), (23, 0)])
def test_a_payout_that_its_builder_approved_too_soon_or_beside_others_is_seen(
    batch: PayoutBatch, hours: int, others: int
) -> None:
    approved_by_its_builder(hours, others=others)

    assert verify_books() == [
        Finding(
            "payout_approved",
            str(batch),
            "approved by another person",
            f"approved by the builder beside so many others: {others}",
        )
    ]


@pytest.mark.parametrize(("hours", "told"), [(25, {"others": 0}), (0, {})])
def test_a_payout_approved_alone_a_day_later_or_before_that_was_the_rule_is_fine(
    batch: PayoutBatch, hours: int, told: dict[str, Any]
) -> None:
    approved_by_its_builder(hours, **told)

    assert verify_books() == []


def test_a_payout_that_nobody_approved_is_seen(batch: PayoutBatch) -> None:
    with past_the_guards():
        PayoutBatch.objects.update(decided_by_id=None, decided_at=None)

    assert verify_books() == [
        Finding("payout_approved", str(batch), "approved by another person", "paid, approved by nobody")
    ]


def test_an_accrual_that_does_not_follow_from_its_lines_is_seen(batch: PayoutBatch) -> None:
    accrual = Accrual.objects.get()
    lines = [{**line, "exact": "1999/2"} for line in accrual.basis.lines]
    other = [{**line, "exact": "1997/2"} for line in accrual.basis.lines]
    with past_the_guards():
        AccrualBasis.objects.update(lines=lines)
    assert verify_books() == []

    with past_the_guards():
        AccrualBasis.objects.update(lines=other)

    assert verify_books() == [Finding("accrual_total", f"accrual {accrual.pk}", "999", "1000")]


def test_commission_of_another_partner_than_the_accrual_s_is_seen(batch: PayoutBatch) -> None:
    pam, accrual = make_partner("Pam", code="PAMELA"), Accrual.objects.get()
    entry = CommissionEntry.objects.get()
    with past_the_guards():
        # What follows from the entry agrees with it, so nothing else differs.
        CommissionEntry.objects.update(partner=pam)
        batch.payouts.update(partner=pam)
        Transfer.objects.filter(partner_id=accrual.partner_id).update(partner_id=pam.pk)

    assert verify_books() == [
        Finding(
            "entry_fits",
            f"entry {entry.pk} of accrual {accrual.pk}",
            f"partner {accrual.partner_id}, USD",
            f"partner {pam.pk}, USD of USD",
        )
    ]
