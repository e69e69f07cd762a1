"""What a receipt says: what was paid, on what, what remains, and whether the payment still stands."""

from dataclasses import dataclass
from datetime import date

from duebook.domain.money import Money


@dataclass(frozen=True, slots=True)
class ReceiptLine:
    """A part of the payment on one invoice, and what is due on that invoice by now."""

    invoice: str
    title: str
    applied: Money
    balance_due: Money


@dataclass(frozen=True, slots=True)
class Receipt:
    """A payment as its payer may see it.

    ``replaces`` is the number of the payment that this one corrects, ``replaced_by`` of the one that corrects
    this one; ``undone_on`` and ``returned_on`` say that the payment does not stand any more, ``refunded`` how
    much of it was given back, ``disputed`` how much a bank took back because the customer disputes it.
    ``card`` is what Duebook charged, empty where the money came otherwise. What is due on the invoices is
    so on the day ``as_of``.
    """

    payment_id: int
    number: str
    contact_id: int
    name: str
    address: tuple[str, ...]
    email: str
    received_on: date
    amount: Money
    type_label: str
    reference: str
    card: str
    is_money: bool
    lines: tuple[ReceiptLine, ...]
    credit: Money
    replaces: str
    replaced_by: str
    undone_on: date | None
    returned_on: date | None
    disputed: Money
    refunded: Money
    as_of: date

    @property
    def stands(self) -> bool:
        """Whether the money is still there."""
        gone = self.refunded + self.disputed
        return self.undone_on is None and self.returned_on is None and gone < self.amount
