"""A dispute at the sandbox and its settlement: card clearing comes to zero, and its fee is booked once."""

from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from duebook.gateways.accounts import PURPOSE
from duebook.gateways.models import WebhookMessage
from duebook.ledger.models import Transfer
from duebook.payments.services.process_webhook import process_webhook
from duebook.reports.queries.card_clearing import ClearingFilter, waiting_page
from duebook.reports.services.verify_gateways import verify_gateways
from duebook.staff.sealing import seal
from tests.factories import key, make_contact
from tests.gateways.sandbox.server import SECRET, running_sandbox
from tests.payments.fake_gateway import make_card, make_merchant_account
from tests.payments.settling import a_charge, fetch

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize(("outcome", "fees", "waits"), [("won", 320, []), ("lost", 1820, [-11500])])
def test_a_dispute_is_cleared_by_its_settlement_and_its_fee_is_booked_once(
    tmp_path: Path, outcome: str, fees: int, waits: list[int]
) -> None:
    with running_sandbox(tmp_path / "book.sqlite3") as sandbox:
        account = make_merchant_account(sealed_secret=seal(SECRET, purpose=PURPOSE), base_url=sandbox.url)
        acme, saved = make_contact("Acme"), sandbox.card()
        make_card(acme, saved["token"], customer=saved["customer"])
        charge = a_charge("100.00", acme)
        sandbox.ask("POST", "/control/settlements")
        fetch()
        dispute = sandbox.ask("POST", "/control/disputes", {"charge": charge.gateway_id})
        sandbox.ask("POST", f"/control/disputes/{dispute['id']}", {"outcome": outcome})
        told = WebhookMessage.objects.create(
            merchant_account=account,
            event_id=key(),
            kind=f"dispute.{outcome}",
            object_kind="dispute",
            object_id=dispute["id"],
            occurred_at=timezone.now(),
        )
        wanted = ClearingFilter(account.clearing_account_id, "USD")

        process_webhook(message_id=told.pk)
        before = [row.minor for row in waiting_page(wanted, limit=9).rows]
        sandbox.ask("POST", "/control/settlements")
        fetch()

        assert before == waits
        assert waiting_page(wanted, limit=9).rows == []
        assert verify_gateways(now=timezone.now() + timedelta(hours=1)) == []
    booked = Transfer.objects.filter(kind="processor_fee").values_list("amount_minor", flat=True)
    assert sum(booked) == fees
