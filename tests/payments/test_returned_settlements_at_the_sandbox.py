"""A settlement fails at the bank, from the sandbox to the books: told, asked for, paid again."""

from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from duebook.gateways.accounts import PURPOSE
from duebook.gateways.models import WebhookMessage
from duebook.payments.models import SettlementReturn
from duebook.payments.services.process_webhook import process_webhook
from duebook.reports.queries.card_clearing import ClearingFilter, clearing_sums, waiting_page
from duebook.reports.services.verify_gateways import verify_gateways
from duebook.staff.sealing import seal
from tests.factories import key, make_contact
from tests.gateways.sandbox.server import SECRET, running_sandbox
from tests.payments.fake_gateway import make_card, make_merchant_account
from tests.payments.settling import a_charge, fetch

pytestmark = pytest.mark.django_db(transaction=True)


def test_what_failed_at_the_bank_waits_until_the_next_settlement_pays_it_again(tmp_path: Path) -> None:
    with running_sandbox(tmp_path / "book.sqlite3") as sandbox:
        account = make_merchant_account(sealed_secret=seal(SECRET, purpose=PURPOSE), base_url=sandbox.url)
        acme, saved = make_contact("Acme"), sandbox.card()
        make_card(acme, saved["token"], customer=saved["customer"])
        a_charge("100.00", acme)
        (paid,) = sandbox.ask("POST", "/control/settlements")["settlements"]
        fetch()
        sandbox.ask("POST", f"/control/settlements/{paid['id']}", {"reason": "No such account."})
        told = WebhookMessage.objects.create(
            merchant_account=account,
            event_id=key(),
            kind="settlement.failed",
            object_kind="settlement",
            object_id=paid["id"],
            occurred_at=timezone.now(),
        )
        wanted = ClearingFilter(account.clearing_account_id, "USD")
        later = timezone.now() + timedelta(hours=1)

        process_webhook(message_id=told.pk)

        rows = waiting_page(wanted, limit=9).rows
        assert [(row.what, row.minor) for row in rows] == [("settlement", 9680)]
        assert SettlementReturn.objects.get().reason == "No such account."
        assert verify_gateways(now=later) == []
        a_charge("20.00", acme)
        sandbox.ask("POST", "/control/settlements")
        fetch()

        assert waiting_page(wanted, limit=9).rows == []
        assert clearing_sums(account.clearing_account_id)["USD"].balance_minor == 0
        assert verify_gateways(now=later) == []
