"""A refund fails after it succeeded, from the sandbox to the books: told, booked back, settled."""

from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from duebook.gateways.accounts import PURPOSE
from duebook.payments.models import Charge, Refund
from duebook.payments.services.reverse_refund import reverse_refund
from duebook.payments.to_decide import count_to_decide, refunds_that_came_back
from duebook.reports.queries.card_clearing import clearing_sums
from duebook.reports.services.verify_books import verify_books
from duebook.reports.services.verify_gateways import verify_gateways
from duebook.staff.sealing import seal
from tests.factories import SYSTEM, day, key, make_contact
from tests.gateways.sandbox.server import SECRET, running_sandbox
from tests.payments.coming_back import tell_of_refund
from tests.payments.fake_gateway import make_card, make_merchant_account
from tests.payments.settling import a_charge, a_refund, fetch

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("is_settled", [True, False], ids=["settled before", "settled after"])
@pytest.mark.parametrize("is_ours", [True, False], ids=["made here", "made at the processor"])
def test_a_refund_that_came_back_is_booked_back_and_the_books_are_those_of_the_processor(
    tmp_path: Path, *, is_settled: bool, is_ours: bool
) -> None:
    with running_sandbox(tmp_path / "book.sqlite3") as sandbox:
        account = make_merchant_account(sealed_secret=seal(SECRET, purpose=PURPOSE), base_url=sandbox.url)
        acme, saved = make_contact("Acme"), sandbox.card()
        make_card(acme, saved["token"], customer=saved["customer"])
        charge = a_charge("100.00", acme)
        later = timezone.now() + timedelta(hours=1)
        if is_ours:
            gateway_id = a_refund(charge, "40.00").gateway_id
        else:
            body = {"amount_minor": 4000, "currency": "USD", "reference": "by the owner"}
            gateway_id = sandbox.ask("POST", f"/charges/{charge.gateway_id}/refunds", body)["id"]
            tell_of_refund(gateway_id)
        if is_settled:
            sandbox.ask("POST", "/control/settlements")
            fetch()
        assert verify_gateways(now=later) == []

        sandbox.ask("POST", f"/control/refunds/{gateway_id}", {"reason": "No such account."})
        tell_of_refund(gateway_id)

        refund = Refund.objects.get()
        assert list(refunds_that_came_back()) == [refund]
        assert {one.check for one in verify_gateways(now=later)} == {"gateway_charge", "gateway_clearing"}
        reverse_refund(
            refund_id=refund.pk, reason="No such account", request_key=key(), actor=SYSTEM, on=day()
        )
        assert count_to_decide() == 0
        assert (verify_books(), verify_gateways(now=later)) == ([], [])
        sandbox.ask("POST", "/control/settlements")
        fetch()

        assert Charge.objects.get().uncleared_minor == 0
        assert clearing_sums(account.clearing_account_id)["USD"].balance_minor == 0
        assert (verify_books(), verify_gateways(now=later)) == ([], [])
