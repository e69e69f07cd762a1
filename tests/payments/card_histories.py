"""Charges and disputes in the random histories of ``test_against_the_model``."""

from django.utils import timezone
from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from duebook.domain.charging import ChargeState
from duebook.domain.money import Money
from duebook.gateways.protocol import DisputeOutcome, SeenDispute
from duebook.invoices.models import Invoice
from duebook.payments.charge_reading import Seen
from duebook.payments.models import Allocation, Charge, ChargeLine, Observation, Payment
from duebook.payments.services.settle_charge import settle_charge
from duebook.payments.services.settle_dispute import settle_dispute
from tests.factories import key
from tests.payments.fake_gateway import make_card
from tests.payments.ledger_model import ModelDispute

AMOUNTS = st.integers(min_value=1, max_value=300)


def cents(minor: int) -> Money:
    return Money(minor, "USD")


class ChargesAndDisputes:
    """Rules for a state machine that has a model, picks from it and asks both of what may be done."""

    @precondition(lambda self: self.model.invoices)
    @rule(data=st.data(), amount=AMOUNTS)
    def charge(self, data: st.DataObject, amount: int) -> None:
        """The card was charged, whatever has become of the invoice meanwhile."""
        invoice = Invoice.objects.get(pk=self.pick(data, self.model.invoices))
        paid = self.model.charge(invoice.pk, amount)
        made = charge_of(invoice, amount)
        settle_charge(
            charge_id=made.pk,
            seen=Seen(ChargeState.SUCCEEDED, gateway_id=f"ch_{made.pk}"),
            channel=Observation.Channels.WEBHOOK,
        )
        self.model.payments[Payment.objects.get(charge_id=made.pk).pk] = paid

    @precondition(lambda self: any(payment.is_card for payment in self.model.payments.values()))
    @rule(data=st.data(), amount=AMOUNTS, whole=st.booleans())
    def dispute(self, data: st.DataObject, amount: int, whole: bool) -> None:
        cards = [pk for pk, payment in self.model.payments.items() if payment.is_card]
        pk = data.draw(st.sampled_from(cards))
        charged = self.model.payments[pk].amount
        name = f"dp_{len(self.model.disputes)}"
        self.model.disputes[name] = ModelDispute(pk, charged if whole else min(amount, charged))
        self.take(name, DisputeOutcome.OPEN)

    @precondition(lambda self: any(not one.is_over for one in self.model.disputes.values()))
    @rule(data=st.data(), is_won=st.sampled_from([True, True, False]))
    def decide_dispute(self, data: st.DataObject, is_won: bool) -> None:
        waiting = [name for name, one in self.model.disputes.items() if not one.is_over]
        name = data.draw(st.sampled_from(waiting))
        one = self.model.disputes[name]
        if not is_won:
            self.take(name, DisputeOutcome.LOST)
            return
        one.is_over = True
        self.model.win(one)
        self.hear(name, DisputeOutcome.WON, 0)

    def take(self, name: str, outcome: DisputeOutcome) -> None:
        """The gateway has taken all of it: what could not be booked before may be now."""
        one = self.model.disputes[name]
        expected = self.model.take(one)
        last = Allocation.objects.order_by("-id").values_list("pk", flat=True).first() or 0

        self.hear(name, outcome, one.amount)

        rows = Allocation.objects.filter(pk__gt=last).order_by("id")
        off = [((row.invoice_id, row.apply_to_commissions), -row.amount_minor) for row in rows]
        assert sum(minor for _, minor in off) == expected
        one.off.append(off)
        taken: dict[tuple[int, bool], int] = {}
        for place, minor in off:
            taken[place] = taken.get(place, 0) + minor
        self.model.took_off(one.payment, taken)

    def hear(self, name: str, outcome: DisputeOutcome, taken: int) -> None:
        one = self.model.disputes[name]
        charge_id = Payment.objects.get(pk=one.payment).charge_id
        assert charge_id is not None
        answer = SeenDispute(
            id=name,
            charge_id=f"ch_{charge_id}",
            outcome=outcome,
            amount=cents(one.amount),
            taken_minor=taken,
            fee_minor=15 if taken else 0,
            reason="fraudulent",
            opened_at=timezone.now(),
        )
        for _ in range(2):
            settle_dispute(charge_id=charge_id, answer=answer, channel=Observation.Channels.WEBHOOK)


def charge_of(invoice: Invoice, amount: int) -> Charge:
    """A charge on its way for an invoice."""
    card = make_card(invoice.contact, key())
    charge = Charge.objects.create(
        contact=invoice.contact,
        merchant_account=card.merchant_account,
        payment_method=card,
        amount_minor=amount,
        currency="USD",
        key=key(),
        reference=key(),
        attempt=1,
        token=card.token,
        prepared_by_id=0,
        source="web",
        state="sent",
    )
    ChargeLine.objects.create(charge=charge, invoice=invoice, amount_minor=amount)
    return charge
