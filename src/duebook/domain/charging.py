"""The life of a charge, one attempt to take money from a card, and what may follow what.

Invariants: a known state never becomes unknown; a success is never undone, whatever is seen afterwards (money
that goes back is a refund or a dispute); a success is booked even where another end was seen before.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from duebook.domain.errors import (
    AmountNotPositive,
    BelowMinimum,
    CardExpired,
    CardInactive,
    CardOfOtherAccount,
    CardOfOtherContact,
    ChargeUnderWay,
    CurrencyNotTaken,
    InvoiceTwice,
    MerchantAccountFenced,
    MerchantAccountInactive,
    NothingToCharge,
)
from duebook.domain.money import Money, total
from duebook.domain.payment_kinds import PaymentKind
from duebook.domain.payment_state import check_open
from duebook.domain.recording import (
    OpenInvoice,
    PaymentDecision,
    PaymentInput,
    Share,
    Surplus,
    TypeTerms,
    decide_payment,
)


class ChargeState(StrEnum):
    CREATED = "created"
    """Written down; nothing has been sent."""
    SENT = "sent"
    """It may be on its way."""
    SUCCEEDED = "succeeded"
    DECLINED = "declined"
    NOT_PERFORMED = "not_performed"
    """Provably no money moved, and none will."""
    REQUIRES_ACTION = "requires_action"
    """The customer must authenticate."""
    PENDING = "pending"
    """The gateway is working on it."""
    UNKNOWN = "unknown"
    """It may have happened; the gateway is asked until it says."""


OPEN_STATES = frozenset(
    {
        ChargeState.CREATED,
        ChargeState.SENT,
        ChargeState.REQUIRES_ACTION,
        ChargeState.PENDING,
        ChargeState.UNKNOWN,
    }
)
"""While a charge is in one of these, its invoices take no other."""

_ENDS = frozenset({ChargeState.SUCCEEDED, ChargeState.DECLINED, ChargeState.NOT_PERFORMED})
_SEEN = _ENDS | {ChargeState.REQUIRES_ACTION, ChargeState.PENDING}

TRANSITIONS: Mapping[ChargeState, frozenset[ChargeState]] = {
    ChargeState.CREATED: frozenset({ChargeState.SENT, ChargeState.NOT_PERFORMED}),
    ChargeState.SENT: _SEEN | {ChargeState.UNKNOWN},
    ChargeState.UNKNOWN: _SEEN,
    ChargeState.REQUIRES_ACTION: _SEEN - {ChargeState.REQUIRES_ACTION},
    ChargeState.PENDING: _SEEN - {ChargeState.PENDING},
    # The gateway's book counts: a success that was called something else is booked all the same.
    ChargeState.DECLINED: frozenset({ChargeState.SUCCEEDED}),
    ChargeState.NOT_PERFORMED: frozenset({ChargeState.SUCCEEDED}),
    ChargeState.SUCCEEDED: frozenset(),
}
"""Which state may follow which; a trigger of the database keeps to the same table."""


def after_seeing(state: ChargeState, seen: ChargeState) -> ChargeState:
    """The state after an observation; one that may not follow changes nothing.

    Applied in any order and any number of times, the same observations end in the same state.
    """
    return seen if seen in TRANSITIONS[state] else state


_MINUTES = timedelta(minutes=1)
_HOURS = timedelta(hours=1)
_DAYS = timedelta(days=1)
ASK_AFTER = (
    timedelta(seconds=10),
    1 * _MINUTES,
    5 * _MINUTES,
    30 * _MINUTES,
    2 * _HOURS,
    6 * _HOURS,
    12 * _HOURS,
    *[_DAYS] * 7,
)
"""After how long the gateway is asked again, each time; then a person decides."""


def ask_again_after(asked: int) -> timedelta | None:
    """How long to wait when the gateway has been asked so many times; None when a person must decide."""
    return ASK_AFTER[asked] if asked < len(ASK_AFTER) else None


@dataclass(frozen=True, slots=True)
class CardOnFile:
    """A card as the decision sees it; one not on file may be charged while its customer is present alone."""

    id: int
    contact_id: int
    merchant_account_id: int
    exp_month: int
    exp_year: int
    active: bool
    on_file: bool = True

    def is_expired(self, on: date) -> bool:
        """Whether the last day of its month is over: a card of 11/26 is good until 30 November 2026."""
        return (on.year, on.month) > (self.exp_year, self.exp_month)


@dataclass(frozen=True, slots=True)
class AccountTerms:
    """What the decision needs of a merchant account; no currencies named takes any.

    While it is ``fenced``, the books may lack what was charged there.
    """

    id: int
    name: str
    active: bool
    currencies: frozenset[str]
    minimum_minor: Mapping[str, int]
    fenced: bool = False


@dataclass(frozen=True, slots=True)
class ChargeInput:
    """What the caller asks for: so much from this card for each invoice.

    ``email_receipt`` sends the receipt once the charge is approved, however late that is known.
    """

    contact_id: int
    payment_method_id: int
    shares: tuple[Share, ...]
    apply_to_commissions: bool = True
    notes: str = ""
    customer_present: bool = False
    email_receipt: bool = False


@dataclass(frozen=True, slots=True)
class ChargeDecision:
    """What is to be charged."""

    input: ChargeInput
    amount: Money


def decide_charge(
    wanted: ChargeInput,
    *,
    on: date,
    card: CardOnFile,
    account: AccountTerms,
    invoices: Mapping[int, OpenInvoice],
    under_way: Mapping[int, int],
) -> ChargeDecision:
    """Whether this card may be charged for these invoices now; ``under_way`` has the open charge of each.

    Raises NothingToCharge, CardOfOtherContact, CardInactive, CardExpired, CardOfOtherAccount,
    MerchantAccountInactive, MerchantAccountFenced, InvoiceTwice, AmountNotPositive, ChargeUnderWay,
    CurrencyNotTaken, BelowMinimum and what applying to an invoice raises.
    """
    if not wanted.shares:
        raise NothingToCharge
    _check_card(wanted, card, account, on)
    seen: set[int] = set()
    for share in wanted.shares:
        if share.amount.minor <= 0:
            raise AmountNotPositive
        if share.invoice_id in under_way:
            raise ChargeUnderWay(number=_label(invoices, share.invoice_id))
        invoice = check_open(invoices.get(share.invoice_id), share, wanted.contact_id)
        if invoice.id in seen:
            raise InvoiceTwice(number=invoice.label)
        seen.add(invoice.id)
    amount = total((share.amount for share in wanted.shares), wanted.shares[0].amount.currency)
    if account.currencies and amount.currency not in account.currencies:
        raise CurrencyNotTaken(name=account.name, currency=amount.currency)
    minimum = account.minimum_minor.get(amount.currency, 0)
    if amount.minor < minimum:
        raise BelowMinimum(minimum=Money(minimum, amount.currency))
    return ChargeDecision(wanted, amount)


def _check_card(wanted: ChargeInput, card: CardOnFile, account: AccountTerms, on: date) -> None:
    if card.contact_id != wanted.contact_id:
        raise CardOfOtherContact
    if not card.active or not (card.on_file or wanted.customer_present):
        raise CardInactive
    if card.is_expired(on):
        raise CardExpired(month=f"{card.exp_month:02d}/{card.exp_year}")
    if card.merchant_account_id != account.id:
        raise CardOfOtherAccount(name=account.name)
    if not account.active:
        raise MerchantAccountInactive(name=account.name)
    if account.fenced:
        raise MerchantAccountFenced(name=account.name)


def _label(invoices: Mapping[int, OpenInvoice], invoice_id: int) -> str:
    invoice = invoices.get(invoice_id)
    return invoice.label if invoice else str(invoice_id)


def decide_success(
    *,
    contact_id: int,
    amount: Money,
    lines: Sequence[Share],
    type_terms: TypeTerms,
    apply_to_commissions: bool,
    reference: str,
    notes: str,
    on: date,
    invoices: Mapping[int, OpenInvoice],
    closed_until: date | None,
) -> PaymentDecision:
    """The payment that a success books, always: what an invoice no longer takes is credit on account.

    Dated ``on``, or the first open day where the books are closed beyond it.
    """
    received_on = on
    if closed_until is not None and closed_until >= on:
        received_on = closed_until + timedelta(days=1)
    shares = []
    left = amount
    for line in lines:
        invoice = invoices[line.invoice_id]
        fits = Money(0, amount.currency) if invoice.is_void else invoice.balance
        taken = min(line.amount, fits, left)
        if taken.minor > 0:
            shares.append(Share(line.invoice_id, taken))
            left -= taken
    return decide_payment(
        PaymentInput(
            contact_id=contact_id,
            amount=amount,
            payment_type_id=type_terms.id,
            received_on=received_on,
            shares=tuple(shares),
            surplus=Surplus.KEEP_AS_CREDIT,
            reference=reference,
            notes=notes,
            apply_to_commissions=apply_to_commissions,
        ),
        on=max(on, received_on),
        types={type_terms.id: type_terms},
        invoices=invoices,
        closed_until=closed_until,
    )


def is_settled_otherwise(lines: Iterable[tuple[Money, Money]]) -> bool:
    """Whether an invoice owes less by now than the charge is to pay of it; each line with what is due.

    Of a charge of 40.00 and 60.00 for two invoices, the second of which owes only 50.00, nothing fits.
    """
    return any(amount.minor > due.minor for amount, due in lines)


def charged_type(type_id: int, label: str, clearing_account_id: int) -> TypeTerms:
    """The terms of *charge now* once the money has moved: money, on the account's card clearing."""
    return TypeTerms(type_id, label, PaymentKind.MONEY, clearing_account_id, active=True)
