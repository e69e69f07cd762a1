"""Trial balance, account register and journal say the same in three ways."""

import csv
import io
import shutil
import subprocess
from decimal import Decimal

import pytest

from duebook.domain.accounts import SystemAccount
from duebook.domain.order_lines import ItemKind
from duebook.ledger.currencies import exponent
from duebook.ledger.models import Account
from duebook.payments.services.reverse_payment import reverse_payment
from duebook.reports.hledger import account_name, hledger_lines
from duebook.reports.queries.journal import accounts_by_id, currencies_of_journal, every_transfer
from duebook.reports.queries.register import (
    RegisterFilter,
    RegisterSums,
    every_register_row,
    register_rows,
    register_sums,
)
from duebook.reports.queries.trial_balance import trial_balance
from tests.factories import SYSTEM, day, key, line, make_contact, make_invoice, make_payment

pytestmark = pytest.mark.django_db

RECEIVABLE = int(SystemAccount.RECEIVABLE)


def balances(as_of=None) -> dict[tuple[str, str], int]:
    return {
        (currency, row.account.code): row.balance_minor
        for currency, rows in trial_balance(as_of or day()).items()
        for row in rows
    }


@pytest.fixture
def books():
    """Two invoices and their payments over twenty days, one payment undone, in two currencies."""
    acme = make_contact("Acme; (Söhne) | =1+1")
    invoice = make_invoice(
        contact=acme,
        ordered_on=day(-20),
        lines=[line("100.00"), line("20.00", kind=ItemKind.TAX), line("15.00", kind=ItemKind.DISCOUNT)],
    )
    make_payment("50.00", invoice=invoice, received_on=day(-10))
    undone = make_payment("30.00", invoice=invoice, received_on=day(-5))
    reverse_payment(payment_id=undone.pk, reason="mistake", request_key=key(), actor=SYSTEM, on=day())
    yen = make_invoice("7000", contact=acme, currency="JPY", ordered_on=day(-3))
    make_payment("9000", contact=acme, currency="JPY", type_label="Cash", received_on=day(-2))
    make_payment("1000", invoice=yen, type_label="Write-off", received_on=day(-1))
    return acme


def test_the_trial_balance_has_each_account_and_adds_up_to_zero(books):
    assert balances() == {
        ("JPY", "1010"): 9000,
        ("JPY", "1100"): 6000,
        ("JPY", "2000"): -9000,
        ("JPY", "4000"): -7000,
        ("JPY", "6000"): 1000,
        ("USD", "1010"): 5000,
        ("USD", "1100"): 5500,
        ("USD", "2000"): 0,
        ("USD", "2100"): -2000,
        ("USD", "4000"): -10000,
        ("USD", "4010"): 1500,
    }
    assert sum(minor for (currency, _), minor in balances().items() if currency == "USD") == 0


def test_the_trial_balance_of_an_earlier_day(books):
    assert balances(day(-11)) == {
        ("USD", "1100"): 10500,
        ("USD", "2100"): -2000,
        ("USD", "4000"): -10000,
        ("USD", "4010"): 1500,
    }
    assert balances(day(-21)) == {}


def test_the_register_runs_from_the_opening_to_the_balance_of_the_account(books):
    wanted = RegisterFilter(RECEIVABLE, "USD", day(-10), day())

    sums = register_sums(wanted)
    rows = register_rows(wanted, opening_minor=sums.opening_minor, limit=10)

    assert sums == RegisterSums(10500, 3000, 8000, 3)
    assert sums.closing_minor == balances()["USD", "1100"] == 5500
    assert [(row.day, row.debit_minor, row.credit_minor, row.balance_minor) for row in rows] == [
        (day(-10), 0, 5000, 5500),
        (day(-5), 0, 3000, 2500),
        (day(-5), 3000, 0, 5500),
    ]
    assert {(row.other_code, row.contact_id) for row in rows} == {("2000", books.pk)}


def test_a_later_page_of_the_register_goes_on_with_the_balance(books):
    wanted = RegisterFilter(RECEIVABLE, "USD", day(-30), day())

    whole = register_rows(wanted, opening_minor=0, limit=100)

    assert register_rows(wanted, opening_minor=0, limit=2, offset=3) == whole[3:5]
    assert list(every_register_row(wanted, opening_minor=0)) == whole


def test_the_register_of_one_contact_leaves_out_all_others(books):
    other = make_invoice("8.00", contact=make_contact("Other"))

    sums = register_sums(RegisterFilter(RECEIVABLE, "USD", day(-30), day(), contact_id=other.contact_id))

    assert sums == RegisterSums(0, 800, 0, 1)


def test_the_journal_holds_every_transfer_of_the_period_in_order(books):
    rows = list(every_transfer(day(-20), day(-10)))

    assert [(row.day, row.kind, row.amount_minor) for row in rows] == [
        (day(-20), "invoice_issued", 10000),
        (day(-20), "invoice_issued", 2000),
        (day(-20), "invoice_issued", 1500),
        (day(-10), "payment_received", 5000),
        (day(-10), "allocated", 5000),
    ]
    assert rows[0].invoice_number == rows[4].invoice_number


def hledger_text() -> str:
    rows = every_transfer(day(-30), day())
    return "".join(hledger_lines(rows, accounts=accounts_by_id(), currencies=currencies_of_journal()))


def test_what_people_typed_cannot_change_the_hledger_file(books):
    Account.objects.create(id=1000, code="10;50", name="Petty  cash: (box)", kind="asset")

    text = hledger_text()

    assert "Acme Söhne =1+1 | payment received  ; transfer:" in text
    assert "account Assets:10 50 Petty cash- box  ; type:A\n" in text


@pytest.mark.hledger
def test_hledger_balances_the_journal_to_the_same_trial_balance(books):
    assert shutil.which("hledger")

    answer = subprocess.run(
        ["hledger", "-f", "-", "balance", "--flat", "--no-total", "--strict", "-O", "csv"],
        input=hledger_text(),
        capture_output=True,
        text=True,
        check=True,
        env={"LANG": "C.UTF-8", "PATH": "/usr/bin:/bin"},
    )

    found: dict[tuple[str, str], int] = {}
    for name, amounts in list(csv.reader(io.StringIO(answer.stdout)))[1:]:
        for amount in amounts.split(", "):
            figure, currency = amount.split()
            found[currency, name] = int(Decimal(figure).scaleb(exponent(currency)))
    expected = {
        (currency, account_name(row.account)): row.balance_minor
        for currency, rows in trial_balance(day()).items()
        for row in rows
        if row.balance_minor
    }
    assert found == expected
    assert len(expected) == 10


@pytest.mark.hledger
def test_hledger_finds_no_fault_in_an_empty_journal():
    answer = subprocess.run(
        ["hledger", "-f", "-", "check", "--strict"],
        input=hledger_text(),
        capture_output=True,
        text=True,
        check=False,
        env={"LANG": "C.UTF-8", "PATH": "/usr/bin:/bin"},
    )

    assert (answer.returncode, answer.stderr) == (0, "")
