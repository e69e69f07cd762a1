"""Random histories of orders and payments: the product and the independent model never disagree.

After every step all balances, counters and credits are compared and the books are verified.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, settings, strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from duebook.commissions.models import Accrual
from duebook.commissions.services.approve_payout_batch import approve_payout_batch
from duebook.commissions.services.build_payout_batch import build_payout_batch
from duebook.commissions.services.pay_payout_batch import pay_payout_batch
from duebook.contacts.models import Contact
from duebook.domain.accounts import SystemAccount
from duebook.domain.charging import ChargeState
from duebook.domain.errors import DomainError
from duebook.domain.money import Money
from duebook.domain.order_lines import ItemKind, LineInput
from duebook.domain.permissions import Role
from duebook.domain.recording import PaymentInput, Share, Surplus
from duebook.domain.refunding import RefundInput, Rest
from duebook.gateways.protocol import DisputeOutcome, SeenDispute
from duebook.invoices.models import Invoice
from duebook.payments.charge_reading import Seen
from duebook.payments.models import (
    Allocation,
    Charge,
    ChargeLine,
    Observation,
    Payment,
    PaymentType,
    Refund,
)
from duebook.payments.services.apply_credit import apply_credit
from duebook.payments.services.correct_payment import correct_payment
from duebook.payments.services.move_allocation import move_allocation
from duebook.payments.services.record_payment import record_payment
from duebook.payments.services.refund_payment import refund_payment
from duebook.payments.services.return_payment import return_payment
from duebook.payments.services.reverse_payment import reverse_payment
from duebook.payments.services.reverse_refund import reverse_refund
from duebook.payments.services.settle_charge import settle_charge
from duebook.payments.services.settle_dispute import settle_dispute
from duebook.reports.services.verify_books import verify_books
from duebook.sales.services.change_order import change_order
from duebook.sales.services.place_order import place_order
from duebook.sales.services.void_invoice import void_invoice
from tests.factories import SYSTEM, actor, day, key, make_contact, make_partner, make_program
from tests.payments.fake_gateway import make_card
from tests.payments.ledger_model import (
    Model,
    ModelDispute,
    ModelInvoice,
    ModelPartner,
    ModelPayment,
    ModelRefund,
    Refused,
)

APPROVER = actor(Role.PARTNER_MANAGER, user_id=901)
AMOUNTS = st.integers(min_value=1, max_value=300)
DAYS = st.integers(min_value=-30, max_value=0)


def cents(minor: int) -> Money:
    return Money(minor, "USD")


class Histories(RuleBasedStateMachine):
    """One business's history; runs inside a transaction that is rolled back."""

    @initialize()
    def begin(self) -> None:
        self.atomic = transaction.atomic()
        # The services that settle insist on a transaction of their own.
        self.atomic._from_testcase = True
        self.atomic.__enter__()
        self.model = Model()
        self.contacts: list[Contact] = [make_contact("Acme"), make_contact("Bolt")]
        self.types = {t.label: t.pk for t in PaymentType.objects.all()}
        self.partners: list[int | None] = [None]
        for name, percent, up_front in (("Dana", 10, False), ("Uma", 7, True)):
            partner = make_partner(name, code=f"{name}1")
            payout_type = "up_front" if up_front else "on_payment"
            make_program(
                partner,
                rates={("lead", 1): percent * 100},
                name=f"Program of {name}",
                payout_type=payout_type,
                hold_days=0,
            )
            self.model.partners[partner.pk] = ModelPartner(percent, up_front)
            self.partners.append(partner.pk)
        self.today = day()

    def teardown(self) -> None:
        if hasattr(self, "atomic"):
            transaction.set_rollback(True)
            self.atomic.__exit__(None, None, None)

    @contextmanager
    def both(self, model_act: Callable[[], Any]) -> Iterator[bool]:
        """The product must refuse what the model refuses, and only that."""
        refused = False
        try:
            model_act()
        except Refused:
            refused = True
        if not refused:
            yield True
            return
        with pytest.raises(DomainError), transaction.atomic():
            yield False

    @rule(
        contact=st.integers(0, 1),
        total=AMOUNTS,
        finance=st.sampled_from([0, 0, 5]),
        days=DAYS,
        partner=st.integers(0, 2),
    )
    def order(self, contact: int, total: int, finance: int, days: int, partner: int) -> None:
        placed = place_order(
            contact_id=self.contacts[contact].pk,
            title="Thing",
            ordered_on=day(days),
            currency="USD",
            lines=self.lines(total, finance),
            request_key=key(),
            actor=SYSTEM,
            on=self.today,
            lead_partner_id=self.partners[partner],
        )
        self.model.invoices[placed.invoice_id] = ModelInvoice(
            self.contacts[contact].pk, total + finance, partner=self.partners[partner], finance=finance
        )

    def lines(self, total: int, finance: int) -> list[LineInput]:
        goods = LineInput(ItemKind.PRODUCT, "Thing", Decimal(1), line_minor=total)
        charge = LineInput(ItemKind.FINANCE_CHARGE, "Finance charge", Decimal(1), line_minor=finance)
        return [goods, charge] if finance else [goods]

    def pick(self, data: st.DataObject, from_: dict[int, Any]) -> int:
        return data.draw(st.sampled_from(sorted(from_)))

    @precondition(lambda self: self.model.invoices)
    @rule(
        data=st.data(),
        amount=AMOUNTS,
        keep=st.booleans(),
        label=st.sampled_from(["Check", "Cash", "Write-off"]),
        counts=st.booleans(),
        days=DAYS,
        split=st.booleans(),
        whole=st.booleans(),
    )
    def pay(
        self,
        data: st.DataObject,
        amount: int,
        keep: bool,
        label: str,
        counts: bool,
        days: int,
        split: bool,
        whole: bool,
    ) -> None:
        first = self.pick(data, self.model.invoices)
        if whole and self.model.balance(first):
            amount = self.model.balance(first)
        shares = {first: amount}
        if split:
            second = self.pick(data, self.model.invoices)
            shares[second] = data.draw(AMOUNTS)
            amount = sum(shares.values())
        contact = self.model.invoices[first].contact
        wanted = self.wanted(contact, amount, shares, keep, label, counts, days)
        paid: list[Any] = []
        with self.both(lambda: paid.append(self.model_pay(wanted, label))):
            recorded = record_payment(wanted=wanted, request_key=key(), actor=SYSTEM, on=self.today)
            self.model.payments[recorded.payment_id] = paid[0]

    @rule(contact=st.integers(0, 1), amount=AMOUNTS, days=DAYS)
    def pay_on_account(self, contact: int, amount: int, days: int) -> None:
        wanted = self.wanted(self.contacts[contact].pk, amount, {}, True, "Check", True, days)
        recorded = record_payment(wanted=wanted, request_key=key(), actor=SYSTEM, on=self.today)
        self.model.payments[recorded.payment_id] = self.model_pay(wanted, "Check")

    def wanted(
        self,
        contact: int,
        amount: int,
        shares: dict[int, int],
        keep: bool,
        label: str,
        counts: bool,
        days: int,
    ) -> PaymentInput:
        return PaymentInput(
            contact_id=contact,
            amount=cents(amount),
            payment_type_id=self.types[label],
            received_on=day(days),
            shares=tuple(Share(pk, cents(part)) for pk, part in shares.items()),
            surplus=Surplus.KEEP_AS_CREDIT if keep else Surplus.REFUSE,
            apply_to_commissions=counts,
        )

    def model_pay(self, wanted: PaymentInput, label: str) -> Any:
        return self.model.pay(
            contact=wanted.contact_id,
            amount=wanted.amount.minor,
            shares={share.invoice_id: share.amount.minor for share in wanted.shares},
            keep=wanted.surplus is Surplus.KEEP_AS_CREDIT,
            money=label != "Write-off",
            counts=wanted.apply_to_commissions,
        )

    @precondition(lambda self: self.model.invoices)
    @rule(data=st.data(), amount=AMOUNTS, counts=st.booleans())
    def use_credit(self, data: st.DataObject, amount: int, counts: bool) -> None:
        invoice = self.pick(data, self.model.invoices)
        contact = self.model.invoices[invoice].contact
        order = list(Payment.objects.order_by("received_on", "id").values_list("pk", flat=True))
        act = {"contact": contact, "invoice": invoice, "amount": amount, "counts": counts, "order": order}
        with self.both(lambda: self.model.use_credit(**act)):
            apply_credit(
                contact_id=contact,
                shares=(Share(invoice, cents(amount)),),
                apply_to_commissions=counts,
                request_key=key(),
                actor=SYSTEM,
                on=self.today,
            )

    @precondition(lambda self: self.model.payments)
    @rule(data=st.data(), amount=AMOUNTS, release=st.booleans())
    def move(self, data: st.DataObject, amount: int, release: bool) -> None:
        payment = self.pick(data, self.model.payments)
        source = self.pick(data, self.model.invoices) if self.model.invoices else None
        if source is None:
            return
        target = None if release else self.pick(data, self.model.invoices)
        act = {"payment": payment, "source": source, "target": target, "amount": amount}
        with self.both(lambda: self.model.move(**act)):
            move_allocation(
                payment_id=payment,
                from_invoice_id=source,
                to_invoice_id=target,
                amount=cents(amount),
                request_key=key(),
                actor=SYSTEM,
                on=self.today,
            )

    @precondition(lambda self: self.model.payments)
    @rule(data=st.data())
    def undo(self, data: st.DataObject) -> None:
        payment = self.pick(data, self.model.payments)
        with self.both(lambda: self.model.undo(payment)):
            reverse_payment(payment_id=payment, reason="Typo", request_key=key(), actor=SYSTEM, on=self.today)

    @precondition(lambda self: self.model.payments)
    @rule(data=st.data())
    def give_back(self, data: st.DataObject) -> None:
        payment = self.pick(data, self.model.payments)
        with self.both(lambda: self.model.give_back(payment)):
            return_payment(
                payment_id=payment,
                returned_on=self.today,
                reason="Bounced",
                request_key=key(),
                actor=SYSTEM,
                on=self.today,
            )

    @precondition(lambda self: self.model.payments)
    @rule(
        data=st.data(),
        amount=AMOUNTS,
        whole=st.booleans(),
        owes=st.sampled_from(["nothing", "all", "some"]),
        rest=st.sampled_from(Rest),
        chosen=st.booleans(),
    )
    def refund(
        self, data: st.DataObject, amount: int, whole: bool, owes: str, rest: Rest, chosen: bool
    ) -> None:
        payment = self.pick(data, self.model.payments)
        found = self.model.payments[payment]
        if whole and found.left:
            amount = found.left
        reopened = max(0, amount - found.credit)
        owed = {"nothing": 0, "all": reopened, "some": data.draw(AMOUNTS)}[owes]
        places = sorted({invoice for (invoice, _), minor in found.applied.items() if minor})
        wanted = RefundInput(
            amount=cents(amount),
            refunded_on=self.today,
            account_id=int(SystemAccount.BANK),
            reason="Not satisfied",
            owes_afterwards=cents(owed),
            rest=rest,
            from_invoice_id=data.draw(st.sampled_from(places)) if chosen and places else None,
        )
        with self.both(lambda: self.model.refund(payment=payment, amount=amount, owes=owed)):
            decision = refund_payment(
                payment_id=payment, wanted=wanted, request_key=key(), actor=SYSTEM, on=self.today
            )
            assert decision is not None
            assert decision.reopened.minor == reopened
            taken: dict[tuple[int, bool], int] = {}
            for row in decision.allocations:
                place = (row.invoice_id, row.counts)
                taken[place] = taken.get(place, 0) - row.minor
            self.model.took_off(payment, taken)
            refund = ModelRefund(payment, amount, off=taken)
            self.model.refunds[Refund.objects.latest("id").pk] = refund
            if reopened > owed:
                adjustment = Payment.objects.latest("id")
                applied = {
                    (part.invoice_id, False): part.amount_minor for part in adjustment.allocations.all()
                }
                assert adjustment.amount_minor == sum(applied.values()) == reopened - owed
                self.model.payments[adjustment.pk] = ModelPayment(
                    found.contact, reopened - owed, money=False, counts=False, applied=applied
                )
                refund.credited_by = adjustment.pk

    @precondition(lambda self: self.model.refunds)
    @rule(data=st.data())
    def undo_refund(self, data: st.DataObject) -> None:
        refund = self.pick(data, self.model.refunds)
        with self.both(lambda: self.model.undo_refund(refund)):
            reverse_refund(refund_id=refund, reason="Typo", request_key=key(), actor=SYSTEM, on=self.today)

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

    @precondition(lambda self: self.model.payments and self.model.invoices)
    @rule(data=st.data(), amount=AMOUNTS)
    def correct(self, data: st.DataObject, amount: int) -> None:
        payment, invoice = self.pick(data, self.model.payments), self.pick(data, self.model.invoices)
        contact = self.model.invoices[invoice].contact
        wanted = self.wanted(contact, amount, {invoice: amount}, True, "Check", True, 0)
        paid: list[Any] = []

        def act() -> None:
            applied = dict(self.model.payments[payment].applied)
            self.model.undo(payment)
            try:
                paid.append(self.model_pay(wanted, "Check"))
            except Refused:
                self.model.payments[payment].gone = ""
                self.model.payments[payment].applied = applied
                raise

        with self.both(act):
            recorded = correct_payment(
                payment_id=payment,
                wanted=wanted,
                reason="Typo",
                request_key=key(),
                actor=SYSTEM,
                on=self.today,
            )
            self.model.payments[recorded.payment_id] = paid[0]

    @precondition(lambda self: self.model.invoices)
    @rule(data=st.data(), total=AMOUNTS)
    def edit_order(self, data: st.DataObject, total: int) -> None:
        invoice = self.pick(data, self.model.invoices)
        finance = self.model.invoices[invoice].finance
        with self.both(lambda: self.model.change(invoice, total + finance)):
            change_order(
                order_id=Invoice.objects.get(pk=invoice).order_id,
                lines=self.lines(total, finance),
                request_key=key(),
                actor=SYSTEM,
                on=self.today,
            )

    @precondition(lambda self: self.model.invoices)
    @rule(data=st.data())
    def void(self, data: st.DataObject) -> None:
        invoice = self.pick(data, self.model.invoices)
        with self.both(lambda: self.model.void(invoice)):
            void_invoice(invoice_id=invoice, reason="Wrong", request_key=key(), actor=SYSTEM, on=self.today)

    @precondition(lambda self: self.model.payments)
    @rule()
    def pay_out(self) -> None:
        sums: list[int] = []
        with self.both(lambda: sums.append(self.model.pay_out())):
            batch = build_payout_batch(
                cut_off_on=self.today,
                currency="USD",
                minimum_minor=0,
                request_key=key(),
                actor=SYSTEM,
                on=self.today,
            )
            approve_payout_batch(batch_id=batch.pk, request_key=key(), actor=APPROVER)
            pay_payout_batch(
                batch_id=batch.pk,
                paid_on=self.today,
                method="Bank transfer",
                reference="",
                request_key=key(),
                actor=SYSTEM,
                on=self.today,
            )
            assert batch.total_minor == sums[0]

    @invariant()
    def product_and_model_agree(self) -> None:
        if not hasattr(self, "model"):
            return
        for invoice in Invoice.objects.all():
            assert invoice.balance_due_minor == self.model.balance(invoice.pk)
            assert self.model.counters(invoice.pk) == (
                invoice.counted_minor,
                invoice.uncounted_minor,
                invoice.money_minor,
                invoice.money_back_minor,
            )
        for accrual in Accrual.objects.all():
            assert accrual.earned_minor == self.model.earned(accrual.invoice_id)
        for payment in Payment.objects.all():
            assert payment.credit_minor == self.model.payments[payment.pk].credit

    @invariant()
    def the_books_are_in_order(self) -> None:
        if hasattr(self, "model"):
            assert verify_books() == []


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


@pytest.mark.django_db
@pytest.mark.timeout(600)
def test_random_histories_agree_with_the_model() -> None:
    machine_settings = settings(
        max_examples=40,
        stateful_step_count=40,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )

    run_state_machine_as_test(Histories, settings=machine_settings)
