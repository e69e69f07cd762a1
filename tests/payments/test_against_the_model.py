"""Random histories of orders and payments: the product and the independent model never disagree.

After every step all balances, counters and credits are compared and the books are verified.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction
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
from duebook.domain.errors import DomainError
from duebook.domain.order_lines import ItemKind, LineInput
from duebook.domain.permissions import Role
from duebook.domain.recording import PaymentInput, Share, Surplus
from duebook.domain.refunding import RefundInput, Rest
from duebook.invoices.models import Invoice
from duebook.payments.models import Payment, PaymentType, Refund
from duebook.payments.services.apply_credit import apply_credit
from duebook.payments.services.correct_payment import correct_payment
from duebook.payments.services.move_allocation import move_allocation
from duebook.payments.services.record_payment import record_payment
from duebook.payments.services.refund_payment import refund_payment
from duebook.payments.services.return_payment import return_payment
from duebook.payments.services.reverse_payment import reverse_payment
from duebook.payments.services.reverse_refund import reverse_refund
from duebook.reports.services.verify_books import verify_books
from duebook.sales.services.change_order import change_order
from duebook.sales.services.place_order import place_order
from duebook.sales.services.void_invoice import void_invoice
from tests.factories import SYSTEM, actor, day, key, make_contact, make_partner, make_program
from tests.payments.card_histories import AMOUNTS, ChargesAndDisputes, cents
from tests.payments.ledger_model import Model, ModelInvoice, ModelPartner, ModelPayment, ModelRefund, Refused

APPROVER = actor(Role.PARTNER_MANAGER, user_id=901)
DAYS = st.integers(min_value=-30, max_value=0)


class Histories(ChargesAndDisputes, RuleBasedStateMachine):
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


@pytest.mark.django_db
@pytest.mark.timeout(1800)
def test_random_histories_agree_with_the_model() -> None:
    machine_settings = settings(
        max_examples=40,
        stateful_step_count=40,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )

    run_state_machine_as_test(Histories, settings=machine_settings)
