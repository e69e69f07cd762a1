"""Books restored from a backup: what was charged after it is booked again, and nothing is charged twice.

The backup is a copy of the whole database, restored under another name; the processor is the sandbox, and its
own book is the judge.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from django.db import connection

from duebook.domain.charging import ChargeInput
from duebook.domain.errors import AboveBalance, InvoicePaid, MerchantAccountFenced
from duebook.domain.recording import Share
from duebook.domain.refunding import RefundMeans
from duebook.gateways.accounts import PURPOSE
from duebook.gateways.models import MerchantAccount
from duebook.gateways.services.note_sign_of_life import note_sign_of_life
from duebook.invoices.models import Invoice
from duebook.jobs.fences import look_after_fences
from duebook.payments.models import Charge, Payment, PaymentMethod, Refund
from duebook.payments.services.charge_card import charge_card
from duebook.payments.services.lift_fence import fenced_accounts, lift_fence
from duebook.payments.services.refund_through_gateway import refund_through_gateway
from duebook.reports.services.verify_books import verify_books
from duebook.staff.sealing import seal
from tests.factories import SYSTEM, day, key, make_contact, make_invoice, refund_input, usd
from tests.gateways.sandbox.server import SECRET, Sandbox, running_sandbox
from tests.payments.cards import jobs
from tests.payments.fake_gateway import make_card, make_merchant_account

pytestmark = pytest.mark.django_db(transaction=True)

BACKUP = "restored_books"


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    with running_sandbox(tmp_path / "book.sqlite3") as running:
        yield running


def a_shop(sandbox: Sandbox) -> tuple[list[Invoice], PaymentMethod]:
    account = make_merchant_account(sealed_secret=seal(SECRET, purpose=PURPOSE), base_url=sandbox.url)
    acme = make_contact("Acme")
    saved = sandbox.card("approves")
    card = make_card(acme, saved["token"], customer=saved["customer"], merchant_account=account)
    return [make_invoice("100.00", contact=acme) for _ in range(4)], card


def charge(invoice: Invoice, card: PaymentMethod, amount: str = "100.00") -> Charge:
    wanted = ChargeInput(invoice.contact_id, card.pk, (Share(invoice.pk, usd(amount)),))
    return charge_card(wanted=wanted, request_key=key(), actor=SYSTEM, on=day())


@contextmanager
def backed_up() -> Iterator[None]:
    """A backup of the books as they are."""
    name = connection.settings_dict["NAME"]
    connection.close()
    _on_the_server(f"CREATE DATABASE {BACKUP} TEMPLATE {name}")
    try:
        yield
    finally:
        _on_the_server(f"DROP DATABASE {BACKUP}")


@contextmanager
def restored() -> Iterator[None]:
    """The books as they were when they were backed up, in the place of the others."""
    name = connection.settings_dict["NAME"]
    connection.close()
    connection.settings_dict["NAME"] = BACKUP
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict["NAME"] = name


def _on_the_server(statement: str) -> None:
    with connection._nodb_cursor() as cursor:
        cursor.execute(statement)


def test_books_restored_from_a_backup_take_in_what_was_charged_after_it(sandbox: Sandbox) -> None:
    invoices, card = a_shop(sandbox)
    note_sign_of_life()
    MerchantAccount.objects.update(fenced_since=None)
    charge(invoices[0], card)
    with backed_up():
        charge(invoices[1], card, "60.00")
        charge(invoices[1], card, "40.00")
        lost = charge(invoices[2], card)
        payment = Payment.objects.get(charge_id=lost.pk)
        back = refund_input("30.00", means=RefundMeans.GATEWAY)
        refund_through_gateway(payment_id=payment.pk, wanted=back, request_key=key(), actor=SYSTEM, on=day())
        with restored():
            assert Charge.objects.count() == 1
            look_after_fences()
            (account_id,) = fenced_accounts()
            assert len(jobs("lift_fence")) == 1
            with pytest.raises(MerchantAccountFenced):
                charge(invoices[1], card)

            assert lift_fence(account_id=account_id)

            for invoice in invoices:
                with suppress(InvoicePaid, AboveBalance):
                    charge(invoice, card)
            assert verify_books() == []
            captured, given_back = sandbox_says(sandbox)
            assert captured == sum(Payment.objects.values_list("amount_minor", flat=True)) == 40000
            assert given_back == sum(Refund.objects.values_list("amount_minor", flat=True)) == 3000
            assert Charge.objects.count() == 5


def sandbox_says(sandbox: Sandbox) -> tuple[int, int]:
    """What its own book says that was taken, and given back."""
    movements = sandbox.book()["movements"]
    taken = sum(one["amount_minor"] for one in movements if one["kind"] == "capture")
    return taken, -sum(one["amount_minor"] for one in movements if one["kind"] in ("refund", "void"))
