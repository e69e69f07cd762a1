"""A payment of contact 7 and the invoices it may be applied to, for the decisions about payments."""

from datetime import date

from duebook.domain.accounts import SystemAccount as Sys
from duebook.domain.money import Money
from duebook.domain.payment_kinds import PaymentKind
from duebook.domain.payment_state import AllocationRow, PaymentState
from duebook.domain.recording import OpenInvoice

TODAY = date(2026, 11, 23)
EARLIER = date(2026, 11, 2)


def usd(minor: int) -> Money:
    return Money(minor, "USD")


def a_payment(amount: int, allocated: int, *, counts: bool = True) -> PaymentState:
    return PaymentState(
        id=1,
        number=1,
        contact_id=7,
        kind=PaymentKind.MONEY,
        currency="USD",
        amount_minor=amount,
        allocated_minor=allocated,
        refunded_minor=0,
        returned_minor=0,
        reversed_minor=0,
        received_on=EARLIER,
        account_id=int(Sys.UNDEPOSITED_FUNDS),
        counts=counts,
        from_gateway=False,
    )


def invoices(applied: int = 0, count: int = 2) -> dict[int, OpenInvoice]:
    return {
        pk: OpenInvoice(
            id=pk,
            number=1000 + pk,
            contact_id=7,
            order_id=pk,
            currency="USD",
            total_minor=10000,
            applied_minor=applied if pk == 1 else 0,
            issued_on=EARLIER,
            is_void=False,
        )
        for pk in range(1, count + 1)
    }


MIXED = [
    AllocationRow(1, 3000, counts=True, applied_on=EARLIER),
    AllocationRow(1, 2000, counts=False, applied_on=TODAY),
]
