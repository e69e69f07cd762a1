"""The words in which tests set a scene. Everything is made through the services, so the books add up.

The cast: Acme pays, Dana refers, Olga owns, Mia manages, Carl is a clerk, Vera may only look.
"""

import uuid
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from duebook.contacts.models import Contact
from duebook.domain.accounts import SystemAccount
from duebook.domain.money import Money
from duebook.domain.order_lines import ItemKind, LineInput
from duebook.domain.permissions import RIGHTS_OF, Actor, Role, Source
from duebook.domain.recording import PaymentInput, Share, Surplus
from duebook.domain.refunding import RefundDecision, RefundInput
from duebook.invoices.models import Invoice
from duebook.ledger.currencies import exponent, parse_amount
from duebook.partners.models import Partner, Program, Rule
from duebook.payments.models import Payment, PaymentType
from duebook.payments.services.record_payment import record_payment
from duebook.payments.services.refund_payment import refund_payment
from duebook.sales.services.place_order import place_order
from duebook.staff.models import User
from duebook.staff.queries import today

PASSWORD = "correct horse battery"
SYSTEM = Actor.system(Source.COMMAND)
NAMES = {
    Role.OWNER: "Olga",
    Role.MANAGER: "Mia",
    Role.CLERK: "Carl",
    Role.PARTNER_MANAGER: "Paul",
    Role.VIEWER: "Vera",
}


def key() -> str:
    """A new request key."""
    return str(uuid.uuid4())


def usd(text: str) -> Money:
    return parse_amount(text, "USD")


def day(days_from_today: int = 0) -> date:
    """The business's day, or one so many days later (earlier when negative)."""
    return today() + timedelta(days=days_from_today)


def make_user(*, role: Role = Role.OWNER, email: str | None = None, **fields: Any) -> User:
    name = NAMES[role]
    return User.objects.create_user(
        email=email or f"{name.lower()}@example.com",
        password=PASSWORD,
        **{"name": name, "role": role.value, **fields},
    )


def actor(
    role: Role = Role.MANAGER, *, user_id: int = 900, limits: Any = None, day_limits: Any = None
) -> Actor:
    return Actor(
        user_id=user_id,
        rights=RIGHTS_OF[role],
        source=Source.WEB,
        limits=limits or {},
        day_limits=day_limits or {},
    )


def make_contact(name: str = "Acme", **fields: Any) -> Contact:
    contact = Contact.objects.create(**{"company": name, "email": f"{name.lower()}@example.com", **fields})
    contact.refresh_from_db()
    return contact


def make_partner(name: str = "Dana", *, code: str = "DANA1", **fields: Any) -> Partner:
    return Partner.objects.create(contact=make_contact(name), name=name, code=code, **fields)


def line(
    price: str = "100.00",
    *,
    kind: ItemKind = ItemKind.PRODUCT,
    quantity: str = "1",
    description: str = "Website",
) -> LineInput:
    return LineInput(
        kind=kind, description=description, quantity=Decimal(quantity), unit_price=Decimal(price)
    )


def make_invoice(
    total: str = "100.00",
    *,
    contact: Contact | None = None,
    ordered_on: date | None = None,
    currency: str = "USD",
    lines: list[LineInput] | None = None,
    title: str = "Website",
    **fields: Any,
) -> Invoice:
    """An order with one item of that total, or with the lines given, and its invoice."""
    placed = place_order(
        contact_id=(contact or make_contact()).pk,
        title=title,
        ordered_on=ordered_on or day(),
        currency=currency,
        lines=lines or [line(total, description=title)],
        request_key=key(),
        actor=SYSTEM,
        on=day(),
        **fields,
    )
    return Invoice.objects.get(pk=placed.invoice_id)


def payment_type(label: str = "Check") -> PaymentType:
    return PaymentType.objects.get(label=label)


def payment_input(
    amount: str = "40.00",
    *,
    invoice: Invoice | None = None,
    contact: Contact | None = None,
    type_label: str = "Check",
    received_on: date | None = None,
    shares: dict[int, str] | None = None,
    **fields: Any,
) -> PaymentInput:
    """What a clerk types: the amount for one invoice, or for several by ``shares``, or on account."""
    currency = invoice.currency if invoice else fields.pop("currency", "USD")
    contact_id = contact.pk if contact else invoice.contact_id if invoice else None
    assert contact_id is not None
    assert exponent(currency) >= 0
    parts = shares if shares is not None else ({invoice.pk: amount} if invoice else {})
    if not parts:
        fields.setdefault("surplus", Surplus.KEEP_AS_CREDIT)
    return PaymentInput(
        contact_id=contact_id,
        amount=parse_amount(amount, currency),
        payment_type_id=payment_type(type_label).pk,
        received_on=received_on or day(),
        shares=tuple(Share(pk, parse_amount(part, currency)) for pk, part in parts.items()),
        **fields,
    )


def make_payment(amount: str = "40.00", *, by: Actor = SYSTEM, **wanted: Any) -> Payment:
    recorded = record_payment(wanted=payment_input(amount, **wanted), request_key=key(), actor=by, on=day())
    return Payment.objects.get(pk=recorded.payment_id)


def refund_input(
    amount: str = "40.00", *, owes: str | None = "0.00", currency: str = "USD", **fields: Any
) -> RefundInput:
    """What a manager types: nothing is owed afterwards unless it says so; None owes all that is re-opened."""
    return RefundInput(
        amount=parse_amount(amount, currency),
        owes_afterwards=None if owes is None else parse_amount(owes, currency),
        **{
            "refunded_on": day(),
            "account_id": int(SystemAccount.BANK),
            "reason": "Not satisfied",
            **fields,
        },
    )


def make_refund(
    payment: Payment, amount: str = "40.00", *, by: Actor = SYSTEM, **wanted: Any
) -> RefundDecision:
    decision = refund_payment(
        payment_id=payment.pk,
        wanted=refund_input(amount, **{"currency": payment.currency, **wanted}),
        request_key=key(),
        actor=by,
        on=day(),
    )
    assert decision is not None
    return decision


def make_program(
    *partners: Partner,
    rates: dict[tuple[str, int], int] | None = None,
    name: str = "Standard",
    **fields: Any,
) -> Program:
    """A program with a default rule for each (role, level): rate in basis points; 10 % for the lead alone."""
    program = Program.objects.create(**{"name": name, "priority": 10, "levels": 3, "hold_days": 30, **fields})
    program.members.set(partners)
    for (role, level), bps in (rates or {("lead", 1): 1000}).items():
        Rule.objects.create(program=program, role=role, level=level, percent_bps=bps)
    return program
