"""An independent, deliberately simple model of orders, payments and credit, to judge the product by.

It knows nothing of counters, events, transfers or SQL: a payment is an amount, an application is a pair of
dictionaries. Amounts are whole cents.
"""

from dataclasses import dataclass, field
from fractions import Fraction
from math import floor


class Refused(Exception):
    """The model says that the act is not allowed."""


@dataclass
class ModelInvoice:
    contact: int
    total: int
    alive: bool = True
    partner: int | None = None
    finance: int = 0


@dataclass
class ModelPartner:
    """A partner with one rate; ``up_front`` says when it is earned."""

    percent: int
    up_front: bool
    paid: int = 0


@dataclass
class ModelPayment:
    contact: int
    amount: int
    money: bool
    counts: bool
    gone: str = ""
    applied: dict[tuple[int, bool], int] = field(default_factory=dict)
    refunded: int = 0
    returned: int = 0
    is_card: bool = False

    @property
    def credit(self) -> int:
        return self.left - sum(self.applied.values())

    @property
    def left(self) -> int:
        """What can still be given back."""
        return 0 if self.gone == "reversed" else self.amount - self.refunded - self.returned


@dataclass
class ModelDispute:
    """What a dispute has taken of a payment, and each time from where; nothing once it is won."""

    payment: int
    amount: int
    taken: int = 0
    off: list[list[tuple[tuple[int, bool], int]]] = field(default_factory=list)
    is_over: bool = False


@dataclass
class ModelRefund:
    """What was given back by hand, from where, and the payment that credited a part of it."""

    payment: int
    amount: int
    off: dict[tuple[int, bool], int] = field(default_factory=dict)
    credited_by: int | None = None
    is_undone: bool = False


@dataclass
class Model:
    """All invoices and payments by their ids in the product."""

    invoices: dict[int, ModelInvoice] = field(default_factory=dict)
    payments: dict[int, ModelPayment] = field(default_factory=dict)
    back: dict[int, int] = field(default_factory=dict)
    partners: dict[int, ModelPartner] = field(default_factory=dict)
    disputes: dict[str, ModelDispute] = field(default_factory=dict)
    refunds: dict[int, ModelRefund] = field(default_factory=dict)

    def applied(self, invoice: int) -> int:
        return sum(
            minor for p in self.payments.values() for (i, _), minor in p.applied.items() if i == invoice
        )

    def balance(self, invoice: int) -> int:
        found = self.invoices[invoice]
        return (found.total if found.alive else 0) - self.applied(invoice)

    def credit(self, contact: int) -> int:
        return sum(p.credit for p in self.payments.values() if p.contact == contact)

    def counters(self, invoice: int) -> tuple[int, int, int, int]:
        """Y, N, M and R of design section 4."""
        yes = no = money = 0
        for payment in self.payments.values():
            for (i, counts), minor in payment.applied.items():
                if i != invoice:
                    continue
                yes += minor if counts else 0
                no += minor if payment.money and not counts else 0
                money += minor if payment.money else 0
        return yes, no, money, self.back.get(invoice, 0)

    def pay(
        self, *, contact: int, amount: int, shares: dict[int, int], keep: bool, money: bool, counts: bool
    ) -> ModelPayment:
        applied: dict[tuple[int, bool], int] = {}
        for invoice, wanted in shares.items():
            found = self.invoices[invoice]
            room = self.balance(invoice)
            if found.contact != contact or not found.alive:
                raise Refused
            fits = wanted <= room
            if not fits and (room == 0 or not keep or not money or len(shares) > 1):
                raise Refused
            applied[invoice, counts] = min(wanted, room)
        rest = amount - sum(applied.values())
        if rest < 0 or (rest and (not keep or not money)):
            raise Refused
        return ModelPayment(contact, amount, money, counts, applied=applied)

    def use_credit(self, *, contact: int, invoice: int, amount: int, counts: bool, order: list[int]) -> None:
        """``order`` is the payments by receipt; the model spends them in that order."""
        if amount > self.credit(contact) or amount > self.balance(invoice):
            raise Refused
        if self.invoices[invoice].contact != contact or not self.invoices[invoice].alive:
            raise Refused
        for pk in order:
            payment = self.payments[pk]
            part = min(amount, payment.credit) if payment.contact == contact else 0
            if part:
                payment.applied[invoice, counts] = payment.applied.get((invoice, counts), 0) + part
                amount -= part

    def move(self, *, payment: int, source: int, target: int | None, amount: int) -> None:
        found = self.payments[payment]
        here = {counts: found.applied.get((source, counts), 0) for counts in (True, False)}
        if not found.money or not found.left or source == target or amount > sum(here.values()):
            raise Refused
        if target is not None and (
            self.invoices[target].contact != found.contact
            or not self.invoices[target].alive
            or amount > self.balance(target)
        ):
            raise Refused
        for counts in (found.counts, not found.counts):
            part = min(amount, here[counts])
            amount -= part
            found.applied[source, counts] = here[counts] - part
            if target is not None:
                found.applied[target, counts] = found.applied.get((target, counts), 0) + part

    def undo(self, payment: int) -> None:
        found = self.payments[payment]
        if found.gone or found.refunded or found.is_card:
            raise Refused
        self.payments[payment].gone = "reversed"
        self.payments[payment].applied = {}

    def give_back(self, payment: int) -> None:
        found = self.payments[payment]
        if not found.left or not found.money or found.gone:
            raise Refused
        for (invoice, _), minor in found.applied.items():
            self.back[invoice] = self.back.get(invoice, 0) + minor
        found.gone = "returned"
        found.returned += found.left
        found.applied = {}

    def refund(self, *, payment: int, amount: int, owes: int) -> None:
        """Whether it may be; what it takes off is told by ``took_off``."""
        found = self.payments[payment]
        if not found.money or amount > found.left or owes > max(0, amount - found.credit):
            raise Refused
        found.refunded += amount

    def undo_refund(self, refund: int) -> None:
        """As if it had never been, while all that it took off can be applied again."""
        found = self.refunds[refund]
        payment = self.payments[found.payment]
        if found.is_undone or payment.gone:
            raise Refused
        credited = self.payments[found.credited_by].applied if found.credited_by is not None else {}
        for invoice in {place[0] for place in found.off}:
            needed = sum(minor for place, minor in found.off.items() if place[0] == invoice)
            if needed > self.balance(invoice) + credited.get((invoice, False), 0):
                raise Refused
        found.is_undone = True
        payment.refunded -= found.amount
        for place, minor in found.off.items():
            payment.applied[place] = payment.applied.get(place, 0) + minor
            self.back[place[0]] -= minor
        if found.credited_by is not None:
            self.payments[found.credited_by].gone = "reversed"
            self.payments[found.credited_by].applied = {}

    def took_off(self, payment: int, taken: dict[tuple[int, bool], int]) -> None:
        """What the refund took from where: any choice is right that takes no more than there is."""
        found = self.payments[payment]
        for place, minor in taken.items():
            assert 0 < minor <= found.applied[place]
            found.applied[place] -= minor
            self.back[place[0]] = self.back.get(place[0], 0) + minor
        assert found.credit >= 0

    def charge(self, invoice: int, amount: int) -> ModelPayment:
        """A card was charged: it is booked whatever the invoice still takes."""
        found = self.invoices[invoice]
        part = min(amount, self.balance(invoice)) if found.alive else 0
        applied = {(invoice, True): part} if part else {}
        return ModelPayment(found.contact, amount, True, True, applied=applied, is_card=True)

    def take(self, dispute: ModelDispute) -> int:
        """A dispute takes what it has not yet, as far as there is any; returns what comes off invoices."""
        found = self.payments[dispute.payment]
        part = min(dispute.amount - dispute.taken, found.left)
        off = max(0, part - found.credit)
        found.returned += part
        dispute.taken += part
        return off

    def win(self, dispute: ModelDispute) -> None:
        """The money is back: where it came off, as far as that takes it; the rest is credit."""
        found = self.payments[dispute.payment]
        found.returned -= dispute.taken
        for place, minor in (part for taking in reversed(dispute.off) for part in taking):
            invoice = place[0]
            part = min(minor, self.balance(invoice)) if self.invoices[invoice].alive else 0
            found.applied[place] = found.applied.get(place, 0) + part
            self.back[invoice] -= minor
        dispute.taken, dispute.off = 0, []

    def change(self, invoice: int, total: int) -> None:
        if not self.invoices[invoice].alive or total < self.applied(invoice):
            raise Refused
        self.invoices[invoice].total = total

    def void(self, invoice: int) -> None:
        if not self.invoices[invoice].alive or self.applied(invoice):
            raise Refused
        self.invoices[invoice].alive = False

    def earned(self, invoice: int) -> int:
        """What the invoice's partner has earned on it, by fractions of what was paid."""
        found = self.invoices[invoice]
        if found.partner is None or not found.alive:
            return 0
        partner = self.partners[found.partner]
        goods = found.total - found.finance
        commission = (goods * partner.percent * 2 + 100) // 200
        yes, no, money, back = self.counters(invoice)
        if not goods:
            return commission if partner.up_front else 0
        if partner.up_front:
            unpaid = goods - min(goods, max(0, money - found.finance))
            share = Fraction(goods - min(back, unpaid), goods)
        else:
            share = Fraction(min(goods, max(0, yes - max(0, found.finance - no))), goods)
        return floor(commission * share)

    def owed(self, partner: int) -> int:
        """What the partner has earned and not been paid."""
        mine = (i for i, found in self.invoices.items() if found.partner == partner)
        return sum(self.earned(i) for i in mine) - self.partners[partner].paid

    def pay_out(self) -> int:
        """Pay every partner who is owed something; the sum."""
        due = {pk: self.owed(pk) for pk in self.partners if self.owed(pk) > 0}
        if not due:
            raise Refused
        for pk, minor in due.items():
            self.partners[pk].paid += minor
        return sum(due.values())
