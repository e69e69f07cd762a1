"""Random histories at a processor, all of it paid out in the end: nothing is left to clear, to the cent.

Charges, refunds made there and some that come back, disputes with their fees, settlements in any order and
settlements that the bank sends back. Commissions and payments follow what the processor's book says.
"""

import random
from collections.abc import Callable

import pytest
from django.db.models import Sum

from duebook.commissions.models import Accrual, CommissionEntry
from duebook.contacts.models import Contact
from duebook.domain.settlements import LineKind
from duebook.gateways.models import MerchantAccount
from duebook.gateways.protocol import SettlementLine
from duebook.ledger.models import Transfer
from duebook.payments.models import Charge, Payment, Refund
from duebook.payments.services.reverse_refund import reverse_refund
from tests.factories import SYSTEM, day, key, make_contact, make_invoice, make_partner, make_program
from tests.payments.charging import charge_invoice
from tests.payments.coming_back import come_back, refund_at_the_processor
from tests.payments.disputing import decide_dispute, tell
from tests.payments.fake_gateway import FakeGateway
from tests.payments.settling import fetch, line_of, line_of_settlement

pytestmark = pytest.mark.django_db

FEE = 1500


class History:
    """What happened, and the lines with which the processor has still to pay it out."""

    def __init__(self, gateway: FakeGateway, seed: int) -> None:
        self.gateway, self.chance = gateway, random.Random(seed)
        self.contact: Contact = make_contact("Acme")
        self.partner = make_partner("Dana")
        make_program(self.partner)
        self.owed: list[SettlementLine] = []
        self.refunded: Refund | None = None

    def go_on(self, steps: int) -> None:
        self.charge()
        acts: list[Callable[[], None]] = [
            *(self.charge, self.charge, self.refund, self.come_back),
            *(self.dispute, self.decide, self.settle, self.send_back),
        ]
        for _ in range(steps):
            self.chance.choice(acts)()
        self.settle(whole=True)

    def charge(self) -> None:
        invoice = make_invoice("100.00", contact=self.contact, lead_partner_id=self.partner.pk)
        charge_invoice(invoice)
        self.owed.append(line_of(Charge.objects.latest("id"), fee_minor=self.chance.choice([0, 320])))

    def some_charge(self) -> tuple[Charge, int]:
        """One of the charges, and how much of it the processor still has."""
        charge = self.chance.choice(list(Charge.objects.order_by("id")))
        return charge, left_at(self.gateway, charge)

    def refund(self) -> None:
        charge, left = self.some_charge()
        if left:
            minor = self.chance.randint(1, left)
            self.refunded = refund_at_the_processor(self.gateway, charge, f"{minor / 100:.2f}")
            made = list(self.gateway.refunds.values())[-1]
            self.owed.append(SettlementLine(made.id, -minor, 0, LineKind.REFUND, charge.gateway_id))

    def come_back(self) -> None:
        if self.refunded is None:
            return
        come_back(self.gateway)
        reverse_refund(
            refund_id=self.refunded.pk, reason="It came back", request_key=key(), actor=SYSTEM, on=day()
        )
        self.refunded = None
        made = list(self.gateway.refunds.values())[-1]
        self.owed.append(
            SettlementLine(made.id, made.amount.minor, 0, LineKind.REFUND_FAILED, made.charge_id)
        )

    def dispute(self) -> None:
        charge, left = self.some_charge()
        is_first = all(one.charge_id != charge.gateway_id for one in self.gateway.disputes.values())
        if left and is_first:
            minor = self.chance.randint(1, left)
            pk = self.gateway.open_dispute(charge.gateway_id, minor)
            tell(pk)
            self.owed.append(SettlementLine(pk, -minor, FEE, LineKind.DISPUTE, charge.gateway_id))

    def decide(self) -> None:
        waiting = [one for one in self.gateway.disputes.values() if one.taken_minor]
        if not waiting:
            return
        one = self.chance.choice(waiting)
        outcome = "lost" if one.outcome.value == "open" and self.chance.random() < 0.5 else "won"
        decide_dispute(self.gateway, outcome, one.id)
        if outcome == "won":
            back = SettlementLine(one.id, one.amount.minor, -FEE, LineKind.DISPUTE_REVERSED, one.charge_id)
            self.owed.append(back)

    def settle(self, *, whole: bool = False) -> None:
        self.chance.shuffle(self.owed)
        number = len(self.owed) if whole else self.chance.randint(0, len(self.owed))
        if number:
            self.gateway.pay_out(*self.owed[:number])
            del self.owed[:number]
            assert (fetch(), fetch()) == (1, 0)

    def send_back(self) -> None:
        if self.gateway.settlements and self.gateway.settlements[-1].returned_on is None:
            returned = self.gateway.send_back(self.gateway.settlements[-1].id)
            fetch()
            if returned.net_minor:
                self.owed.append(line_of_settlement(returned))


def left_at(gateway: FakeGateway, charge: Charge) -> int:
    seen = gateway.charges[charge.gateway_id]
    taken = sum(one.taken_minor for one in gateway.disputes.values() if one.charge_id == seen.id)
    return seen.captured_minor - seen.refunded_minor - taken


def balance_of(account_id: int) -> int:
    debit = Transfer.objects.filter(debit_account=account_id).aggregate(sum=Sum("amount_minor"))["sum"] or 0
    credit = Transfer.objects.filter(credit_account=account_id).aggregate(sum=Sum("amount_minor"))["sum"] or 0
    return int(debit - credit)


@pytest.mark.parametrize("seed", range(8))
def test_what_was_all_paid_out_leaves_nothing_to_clear(gateway: FakeGateway, seed: int) -> None:
    History(gateway, seed).go_on(14)

    assert not Charge.objects.exclude(uncleared_minor=0).exists()
    assert balance_of(MerchantAccount.objects.get().clearing_account_id) == 0
    for charge in Charge.objects.all():
        payment, kept = Payment.objects.get(charge_id=charge.pk), left_at(gateway, charge)
        assert payment.allocated_minor + payment.credit_minor == kept
    for accrual in Accrual.objects.select_related("invoice"):
        entries = CommissionEntry.objects.filter(accrual=accrual).aggregate(sum=Sum("amount_minor"))["sum"]
        assert (entries or 0) == accrual.invoice.applied_minor // 10
