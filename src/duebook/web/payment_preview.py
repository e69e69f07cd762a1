"""What an act will do, as the panel beside its form shows it: balances, commissions, books, credit.

Made of the decision that saving runs; nothing is computed here but words.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from duebook.domain.commission_steps import CommissionStep
from duebook.domain.crediting import CreditDecision
from duebook.domain.money import Money
from duebook.domain.moving import MoveDecision
from duebook.domain.payment_kinds import PaymentKind
from duebook.domain.payment_state import AllocationRow, BalanceChange, allocated
from duebook.domain.recording import Movement, PaymentDecision, commission_movement
from duebook.domain.refunding import RefundDecision, Rest
from duebook.domain.returning import ReturnDecision
from duebook.domain.reversing import ReversalDecision
from duebook.domain.reversing_refunds import RefundReversalDecision
from duebook.ledger.models import Account
from duebook.staff.models import Business
from duebook.web.commission_rows import CommissionRow, commission_rows
from duebook.web.formats import figure
from duebook.web.payment_scene import Due, Scene
from duebook.web.words.calling_off import about_charges


@dataclass(frozen=True, slots=True)
class BalanceLine:
    """An invoice's balance due before and after; ``total`` is None where no bar is wanted."""

    label: str
    before: Money
    after: Money
    total: Money | None = None

    @property
    def settled_minor(self) -> int:
        """What was settled before."""
        return self.total.minor - self.before.minor if self.total else 0

    @property
    def adds_minor(self) -> int:
        return self.before.minor - self.after.minor


@dataclass(frozen=True, slots=True)
class BookLine:
    """One movement of the books."""

    debit: str
    credit: str
    amount: Money


@dataclass(frozen=True, slots=True)
class Preview:
    """The content of the panel. ``problem`` says what stands in the way, ``hint`` what is still missing."""

    problem: str = ""
    hint: str = ""
    balances: Sequence[BalanceLine] = ()
    partners: Sequence[CommissionRow] = ()
    commissions: str = ""
    books: Sequence[BookLine] = ()
    credit: Money | None = None
    credit_gone: Money | None = None
    credit_before: Money | None = None
    credit_after: Money | None = None
    sentences: Sequence[str] = ()


def of_payment(decision: PaymentDecision, scene: Scene) -> Preview:
    """The panel of a payment about to be recorded."""
    currency = decision.input.amount.currency
    dues = [due for part in decision.applied if (due := scene.due(part.invoice_id)) is not None]
    # What a correction takes back was not left out itself.
    left_out = not decision.input.apply_to_commissions and all(
        step.minor >= 0 for step in decision.commissions
    )
    return Preview(
        balances=[
            BalanceLine(f"INV-{part.number}", part.balance_before, part.balance_after, part.total)
            for part in decision.applied
        ],
        partners=commission_rows(decision.commissions, currency, scene.business, set_to_no=left_out),
        commissions=_about_commissions(decision, dues, scene),
        books=book_lines([*decision.movements, *_booked(decision.commissions)], currency),
        credit=decision.credit or None,
        sentences=_about_charges(((part.invoice_id, part.balance_after) for part in decision.applied), scene),
    )


def of_reversal(decision: ReversalDecision, business: Business) -> Preview:
    """The panel of a payment about to be undone."""
    movements = [mirrored.movement for mirrored in decision.mirrored]
    currency = decision.amount.currency
    return Preview(
        balances=balance_lines(decision.balances),
        partners=_rows(decision.commissions, decision.allocations, currency, business),
        books=book_lines([*movements, *_booked(decision.commissions)], currency),
        credit_gone=decision.credit_gone or None,
    )


def of_return(decision: ReturnDecision, business: Business) -> Preview:
    """The panel of a payment that the bank took back."""
    currency = decision.amount.currency
    credit = Money(decision.payment.credit_minor, currency)
    return Preview(
        balances=balance_lines(decision.balances),
        partners=_rows(decision.commissions, decision.allocations, currency, business),
        books=book_lines([*decision.movements, *_booked(decision.commissions)], currency),
        credit_gone=credit or None,
    )


def of_refund(decision: RefundDecision, business: Business) -> Preview:
    """The panel of a payment, or a part of it, about to be refunded."""
    currency = decision.amount.currency
    adjusted = decision.adjustment.movements if decision.adjustment else ()
    return Preview(
        balances=balance_lines(decision.balances),
        partners=_rows(decision.commissions, decision.allocations, currency, business),
        books=book_lines([*decision.movements, *adjusted, *_booked(decision.commissions)], currency),
        credit_gone=decision.credit_used or None,
        sentences=list(_owed_afterwards(decision, business)),
    )


def _owed_afterwards(decision: RefundDecision, business: Business) -> Iterator[str]:
    """What becomes of the balance that a refund re-opens."""
    if decision.owes:
        yield _("%(amount)s is owed again.") % {"amount": figure(decision.owes, business)}
    if not decision.not_owed:
        return
    values = {"amount": figure(decision.not_owed, business)}
    if decision.input.rest is Rest.WRITE_OFF:
        yield _("%(amount)s is written off and not owed any more.") % values
    else:
        yield _("%(amount)s is credited and not owed any more.") % values


def of_refund_reversal(decision: RefundReversalDecision, business: Business) -> Preview:
    """The panel of a refund about to be undone."""
    currency = decision.amount.currency
    undone = decision.adjustment.mirrored if decision.adjustment else ()
    movements = [mirrored.movement for mirrored in (*undone, *decision.mirrored)]
    return Preview(
        balances=balance_lines(decision.balances),
        partners=_rows(decision.commissions, decision.allocations, currency, business),
        books=book_lines([*movements, *_booked(decision.commissions)], currency),
        credit=decision.credit_back or None,
        sentences=list(_undone_with_it(decision, business)),
    )


def _undone_with_it(decision: RefundReversalDecision, business: Business) -> Iterator[str]:
    """What the refund had credited or written off, and what can be refunded again."""
    if decision.adjustment is not None:
        yield _("%(payment)s of %(amount)s, which the refund made, is undone too.") % {
            "payment": decision.adjustment.payment.label,
            "amount": figure(decision.adjustment.amount, business),
        }
    refundable = Money(decision.payment.refundable_minor, decision.amount.currency) + decision.amount
    yield _("%(amount)s of %(payment)s can be refunded afterwards.") % {
        "payment": decision.payment.label,
        "amount": figure(refundable, business),
    }


def of_move(decision: MoveDecision, scene: Scene) -> Preview:
    """The panel of a part of a payment about to be moved."""
    released = sum(row.minor for row in decision.allocations)
    currency = decision.amount.currency
    return Preview(
        balances=balance_lines(decision.balances),
        partners=_rows(decision.commissions, decision.allocations, currency, scene.business),
        books=book_lines([*decision.movements, *_booked(decision.commissions)], currency),
        credit=Money(-released, currency) if released else None,
        sentences=_about_charges(((line.invoice_id, line.after) for line in decision.balances), scene),
    )


def of_credit(decision: CreditDecision, scene: Scene, *, counts: bool) -> Preview:
    """The panel of credit about to be applied."""
    currency = decision.amount.currency
    rows = [
        AllocationRow(use.invoice_id, use.minor, counts=counts, applied_on=decision.applied_on)
        for use in decision.uses
    ]
    return Preview(
        balances=balance_lines(decision.balances),
        partners=_rows(decision.commissions, rows, currency, scene.business),
        commissions="" if counts else _left_out(),
        books=book_lines([*(allocated(row) for row in rows), *_booked(decision.commissions)], currency),
        credit_before=decision.credit_before,
        credit_after=decision.credit_after,
        sentences=_about_charges(((line.invoice_id, line.after) for line in decision.balances), scene),
    )


def _about_charges(balances: Iterable[tuple[int, Money]], scene: Scene) -> list[str]:
    """What becomes of the charges under way for these invoices; no query where there is none."""
    under_way = {due.id for due in scene.dues if due.charge_under_way is not None}
    after = {invoice_id: balance for invoice_id, balance in balances if invoice_id in under_way}
    return about_charges(after, scene.business)


def balance_lines(changes: Iterable[BalanceChange]) -> list[BalanceLine]:
    return [BalanceLine(f"INV-{change.number}", change.before, change.after) for change in changes]


def book_lines(movements: Iterable[Movement], currency: str) -> list[BookLine]:
    """Each movement with the names of its accounts; one query."""
    rows = list(movements)
    ids = {row.debit for row in rows} | {row.credit for row in rows}
    names = dict(Account.objects.filter(pk__in=ids).values_list("pk", "name"))
    return [BookLine(names[row.debit], names[row.credit], Money(row.minor, currency)) for row in rows]


def _rows(
    steps: Sequence[CommissionStep], allocations: Iterable[AllocationRow], currency: str, business: Business
) -> list[CommissionRow]:
    left_out = not any(row.counts for row in allocations)
    return commission_rows(steps, currency, business, set_to_no=left_out)


def _booked(steps: Iterable[CommissionStep]) -> Iterable[Movement]:
    """What all partners together earn and give back, a movement each."""
    steps = [step for step in steps if step.minor]
    for part in ([s for s in steps if s.minor > 0], [s for s in steps if s.minor < 0]):
        if part:
            minor = sum(step.minor for step in part)
            yield commission_movement(minor, part[0].entered_on, part[0].invoice_id)


def _about_commissions(decision: PaymentDecision, dues: Sequence[Due], scene: Scene) -> str:
    """What there is to say about the commissions of the payment as a whole, in one sentence."""
    if not decision.input.apply_to_commissions:
        return _left_out()
    if decision.type.kind is PaymentKind.ADJUSTMENT:
        earned = sum(step.minor for step in decision.commissions)
        amount = figure(Money(earned, decision.input.amount.currency), scene.business)
        return _("No money comes in; this pays %(amount)s commission.") % {"amount": amount}
    if not decision.applied:
        return _("Nothing is applied to an order, so no commission is due.")
    if decision.commissions:
        return ""
    if not any(due.has_partners for due in dues):
        return _("No referral partner is on this order: no commission is due.")
    return _("No commission was reckoned when this order got its partners. Recalculate the order.")


def _left_out() -> str:
    return _("Apply to Commissions is No: this payment is left out of the partners' commissions.")
