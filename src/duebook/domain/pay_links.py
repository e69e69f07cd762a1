"""A pay link: what a customer may pay with it, over which of its invoices, and how far it is.

Invariants: a part goes to the invoice that is due longest, then to the next; never more is asked for than is
due now, and nothing for an invoice that is void or has a charge under way.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from duebook.domain.charging import AccountTerms
from duebook.domain.errors import (
    AboveLinkBalance,
    AmountNotPositive,
    BelowMinimum,
    CurrencyMismatch,
    CurrencyNotTaken,
    InvoiceOfOtherContact,
    InvoicePaid,
    InvoiceVoid,
    MerchantAccountInactive,
    NotFound,
    NothingToCharge,
    PayLinkOver,
)
from duebook.domain.money import Money, total
from duebook.domain.recording import OpenInvoice, Share
from duebook.domain.splitting import fill_in_order

LIFETIME = timedelta(days=30)
"""How long a link takes payments."""

PATIENCE = timedelta(hours=1)
"""How long after choosing the amount a card may be entered; later it is charged no more."""


class LinkState(StrEnum):
    OPEN = "open"
    UNDER_WAY = "under way"
    """Everything that is due is being paid by card."""
    PAID = "paid"
    """Nothing is due on its invoices any more, however it was paid."""
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class LinkDue:
    """What is due on one invoice of a link now; nothing on a void one."""

    invoice_id: int
    due_on: date
    balance: Money
    is_under_way: bool = False


def link_state(
    dues: Collection[LinkDue], *, is_withdrawn: bool, is_past: bool, account_active: bool
) -> LinkState:
    """How far the link is. That everything is paid is told as long as its days last."""
    if is_withdrawn:
        return LinkState.WITHDRAWN
    if is_past:
        return LinkState.EXPIRED
    owed = [due for due in dues if due.balance]
    if not owed:
        return LinkState.PAID
    if all(due.is_under_way for due in owed):
        return LinkState.UNDER_WAY
    return LinkState.OPEN if account_active else LinkState.EXPIRED


def check_usable(state: LinkState) -> None:
    """Raise PayLinkOver for a link that was withdrawn or has run out."""
    if state in (LinkState.WITHDRAWN, LinkState.EXPIRED):
        raise PayLinkOver


def payable(dues: Collection[LinkDue]) -> list[LinkDue]:
    """The invoices that can be paid now, the longest due first."""
    open_dues = [due for due in dues if due.balance and not due.is_under_way]
    return sorted(open_dues, key=lambda due: (due.due_on, due.invoice_id))


def payable_total(dues: Collection[LinkDue], currency: str) -> Money:
    """The most that can be paid now."""
    return total((due.balance for due in payable(dues)), currency)


def decide_link_payment(
    dues: Collection[LinkDue], *, currency: str, amount: Money | None, minimum_minor: int = 0
) -> tuple[Share, ...]:
    """What is charged for each invoice, none with nothing; no ``amount`` is everything that is due.

    70.00 on invoices of 60.00 and 40.00 → 60.00, 10.00. Raises NothingToCharge, CurrencyMismatch,
    AmountNotPositive, AboveLinkBalance, BelowMinimum.
    """
    rooms = payable(dues)
    most = payable_total(dues, currency)
    if not most:
        raise NothingToCharge
    wanted = most if amount is None else amount
    if wanted.currency != currency:
        raise CurrencyMismatch(given=wanted.currency, expected=currency)
    if wanted.minor <= 0:
        raise AmountNotPositive
    if wanted > most:
        raise AboveLinkBalance(balance=most)
    if wanted.minor < minimum_minor:
        raise BelowMinimum(minimum=Money(minimum_minor, currency))
    parts = fill_in_order(wanted.minor, [due.balance.minor for due in rooms])
    return tuple(
        Share(due.invoice_id, Money(part, currency), due.balance)
        for due, part in zip(rooms, parts, strict=True)
        if part
    )


def decide_link(
    contact_id: int,
    invoice_ids: Sequence[int],
    *,
    account: AccountTerms,
    invoices: Mapping[int, OpenInvoice],
) -> str:
    """The currency of a link for these invoices of the contact.

    Raises NothingToCharge, NotFound, InvoiceOfOtherContact, InvoiceVoid, InvoicePaid, CurrencyMismatch,
    MerchantAccountInactive, CurrencyNotTaken.
    """
    if not invoice_ids:
        raise NothingToCharge
    if not account.active:
        raise MerchantAccountInactive(name=account.name)
    currency = ""
    for invoice_id in invoice_ids:
        invoice = invoices.get(invoice_id)
        if invoice is None:
            raise NotFound(field="invoice", what="Invoice", id=invoice_id)
        if invoice.contact_id != contact_id:
            raise InvoiceOfOtherContact(number=invoice.label)
        if invoice.is_void:
            raise InvoiceVoid(number=invoice.label)
        if not invoice.balance:
            raise InvoicePaid(number=invoice.label)
        currency = currency or invoice.currency
        if invoice.currency != currency:
            raise CurrencyMismatch(field="invoice", given=invoice.currency, expected=currency)
    if account.currencies and currency not in account.currencies:
        raise CurrencyNotTaken(field="invoice", name=account.name, currency=currency)
    return currency
