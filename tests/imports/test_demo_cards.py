"""The demo's sandbox: entered once with cards on file, found again at another address."""

from pathlib import Path

import pytest

from duebook.gateways.models import MerchantAccount
from duebook.imports.demo_cards import CARDS, join_sandbox
from duebook.imports.demo_story import CONTACTS
from duebook.payments.models import Charge, PaymentMethod, Settlement
from duebook.reports.queries.card_clearing import ClearingFilter, waiting_page
from tests.factories import make_contact
from tests.gateways.sandbox.server import SECRET, running_sandbox

pytestmark = pytest.mark.django_db(transaction=True)


def test_the_sandbox_is_entered_once_with_cards_and_followed_to_another_address(tmp_path: Path) -> None:
    for key in {key for key, _ in CARDS}:
        make_contact(key.title(), email=CONTACTS[key].email)

    with running_sandbox(tmp_path / "book.sqlite3") as sandbox:
        first = join_sandbox(url=sandbox.url, secret=SECRET, webhook_secret="whsec_1")
    with running_sandbox(tmp_path / "book.sqlite3") as sandbox:
        again = join_sandbox(url=sandbox.url, secret=SECRET, webhook_secret="whsec_1")
        address = sandbox.url

    assert first.pk == again.pk
    account = MerchantAccount.objects.get()
    assert (account.base_url, account.is_default, account.live) == (address, True, False)
    on_file = PaymentMethod.objects.order_by("pk")
    assert [one.last_four for one in on_file] == [number[-4:] for _, number in CARDS]
    assert [one.is_default for one in on_file] == [True, False, True, True, True]
    *paid_out, waiting = Charge.objects.order_by("pk")
    assert {one.state for one in (*paid_out, waiting)} == {"succeeded"}
    assert Settlement.objects.get().gross_minor == sum(one.amount_minor for one in paid_out)
    (row,) = waiting_page(ClearingFilter(account.clearing_account_id, "USD"), limit=9).rows
    assert (row.charge_id, row.minor) == (waiting.pk, waiting.amount_minor)
