"""Reading what a receipt says of a payment."""

from duebook.contacts.models import Contact
from duebook.domain.money import Money
from duebook.domain.payment_kinds import PaymentKind
from duebook.events.models import Event
from duebook.payments.models import Payment
from duebook.payments.queries import applied_by, charge_of, payment_by_id
from duebook.reports.receipt import Receipt, ReceiptLine
from duebook.staff.queries import today

# correct_payment derives the key of its first half, the undoing, from that of the whole.
_UNDOING = ":undo"


def receipt_of(payment_id: int) -> Receipt:
    """The receipt of a payment as it stands now. Raises NotFound."""
    payment = payment_by_id(payment_id)
    contact = payment.contact
    charge = charge_of(payment)
    reversal, bank_return = getattr(payment, "reversal", None), getattr(payment, "bank_return", None)
    return Receipt(
        payment_id=payment.pk,
        number=str(payment),
        contact_id=contact.pk,
        name=contact.name,
        address=address_lines(contact),
        email=contact.email,
        received_on=payment.received_on,
        amount=Money(payment.amount_minor, payment.currency),
        type_label=payment.payment_type.label,
        reference=payment.reference,
        card=str(charge.payment_method) if charge else "",
        is_money=payment.kind != PaymentKind.ADJUSTMENT.value,
        lines=_lines(payment),
        credit=Money(payment.credit_minor, payment.currency),
        replaces=_replaced(payment),
        replaced_by=_replacement(payment),
        undone_on=reversal.reversed_on if reversal else None,
        returned_on=bank_return.returned_on if bank_return else None,
        disputed=Money(
            payment.returned_minor - (bank_return.amount_minor if bank_return else 0), payment.currency
        ),
        refunded=Money(payment.refunded_minor, payment.currency),
        as_of=today(),
    )


def address_lines(contact: Contact) -> tuple[str, ...]:
    """The contact's name and address as the lines of a letter, without empty ones."""
    town = f"{contact.postal_code} {contact.city}".strip()
    lines = (
        contact.name,
        contact.company if contact.company != contact.name else "",
        contact.line1,
        contact.line2,
        ", ".join(part for part in (town, contact.region) if part),
        contact.country,
    )
    return tuple(line for line in lines if line)


def _lines(payment: Payment) -> tuple[ReceiptLine, ...]:
    return tuple(
        ReceiptLine(
            invoice=str(part.invoice),
            title=part.invoice.order.title,
            applied=part.amount,
            balance_due=Money(part.invoice.balance_due_minor, part.invoice.currency),
        )
        for part in applied_by(payment)
    )


def _replaced(payment: Payment) -> str:
    """The number of the payment that this one corrects."""
    recorded = Event.objects.filter(payment_id=payment.pk, name="payment.recorded").first()
    if recorded is None or recorded.request_key is None:
        return ""
    return _number_in("payment.reversed", recorded.actor_id, recorded.request_key + _UNDOING)


def _replacement(payment: Payment) -> str:
    """The number of the payment that corrects this one."""
    undone = Event.objects.filter(payment_id=payment.pk, name="payment.reversed").first()
    if undone is None or not (undone.request_key or "").endswith(_UNDOING):
        return ""
    return _number_in("payment.recorded", undone.actor_id, str(undone.request_key).removesuffix(_UNDOING))


def _number_in(name: str, actor_id: int, request_key: str) -> str:
    event = Event.objects.filter(name=name, actor_id=actor_id, request_key=request_key).first()
    return f"P-{event.payload['number']}" if event else ""
