"""What the staff do with a payment that exists, or with what it left on account."""

from typing import Any

from duebook.domain.recording import Share
from duebook.invoices.models import Invoice
from duebook.payments.models import Payment
from duebook.payments.services.apply_credit import apply_credit
from duebook.payments.services.move_allocation import move_allocation
from duebook.payments.services.return_payment import return_payment
from tests.factories import SYSTEM, day, key, usd


def bounce(payment: Payment, **fields: Any) -> Any:
    """The bank took the payment back today."""
    return return_payment(
        **{
            "payment_id": payment.pk,
            "returned_on": day(),
            "reason": "Bounced",
            "request_key": key(),
            "actor": SYSTEM,
            "on": day(),
            **fields,
        }
    )


def move(payment: Payment, source: Invoice, target: Invoice | None, amount: str, **fields: Any) -> Any:
    """So much of the payment from one invoice to another, or to credit on account."""
    return move_allocation(
        **{
            "payment_id": payment.pk,
            "from_invoice_id": source.pk,
            "to_invoice_id": target.pk if target else None,
            "amount": usd(amount),
            "request_key": key(),
            "actor": SYSTEM,
            "on": day(),
            **fields,
        }
    )


def use_credit(invoice: Invoice, amount: str, *, counts: bool = True) -> Any:
    """So much of the contact's credit on account on the invoice."""
    return apply_credit(
        contact_id=invoice.contact_id,
        shares=(Share(invoice.pk, usd(amount)),),
        apply_to_commissions=counts,
        request_key=key(),
        actor=SYSTEM,
        on=day(),
    )
