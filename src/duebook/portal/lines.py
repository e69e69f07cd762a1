"""Rows of the partner's pages, in words; the customer's name only where the business allows."""

from dataclasses import dataclass
from datetime import date

from django.utils.translation import gettext as _

from duebook.commissions.models import Accrual, CommissionEntry, PayoutBatch
from duebook.domain.money import Money
from duebook.orders.models import Order
from duebook.portal.words import cause_of, role_of, sum_of, why_of
from duebook.staff.models import Business


@dataclass(frozen=True, slots=True)
class EntryLine:
    """One step of what was earned. ``state`` says where its money is: held, payable, in a payout or paid."""

    day: date
    order: str
    customer: str
    role: str
    cause: str
    why: str
    amount: Money
    state: str
    chip: str
    until: date | None


@dataclass(frozen=True, slots=True)
class OrderLine:
    """One order in one role."""

    order: str
    day: date
    customer: str
    role: str
    sum: str
    total: Money
    earned: Money
    is_dead: bool


def entry_line(entry: CommissionEntry, business: Business, today: date) -> EntryLine:
    """The entry in words; it was read with its accrual, order and customer."""
    order = entry.accrual.invoice.order
    state, chip, until = _state(entry, today)
    return EntryLine(
        day=entry.entered_on,
        order=str(order),
        customer=_customer(order, business),
        role=role_of(entry.accrual),
        cause=cause_of(entry),
        why=why_of(entry, business),
        amount=Money(entry.amount_minor, entry.currency),
        state=state,
        chip=chip,
        until=until,
    )


def order_line(accrual: Accrual, business: Business) -> OrderLine:
    """What an order can bring in one role."""
    order = accrual.invoice.order
    return OrderLine(
        order=str(order),
        day=order.ordered_on,
        customer=_customer(order, business),
        role=role_of(accrual),
        sum=sum_of(accrual, business) or _("Nothing: no commission was agreed for it."),
        total=Money(accrual.total_minor, accrual.currency),
        earned=Money(accrual.earned_minor, accrual.currency),
        is_dead=getattr(accrual.invoice, "void", None) is not None,
    )


def _customer(order: Order, business: Business) -> str:
    return order.contact.name if business.partners_see_names else ""


def _state(entry: CommissionEntry, today: date) -> tuple[str, str, date | None]:
    """Where the money is, the chip that says so, and until when it is held."""
    held_by = next((line.payout.batch for line in getattr(entry, "live_lines", ())), None)
    if held_by is not None and held_by.state == PayoutBatch.States.PAID:
        return _("paid with %(payout)s") % {"payout": held_by}, "paid", None
    if held_by is not None and held_by.state == PayoutBatch.States.APPROVED:
        return _("on its way with %(payout)s") % {"payout": held_by}, "due", None
    if entry.payable_on > today:
        return _("held until"), "plain", entry.payable_on
    return _("in the next payout"), "due", None
