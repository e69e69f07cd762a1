"""Write down again a charge that the processor carried out and these books have lost.

Books that were restored from a backup know nothing of what was charged after it. What a charge pays stands in
the processor's metadata, and its name there follows from that: one that fits was made by these very books.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models.functions import Now

from duebook.domain.card_brands import brand_name
from duebook.domain.charge_debts import ChargeDebts, debts_in
from duebook.domain.charging import ChargeState
from duebook.domain.money import total
from duebook.domain.permissions import Actor, Source
from duebook.events.requests import input_hash
from duebook.events.services.record_event import record_event
from duebook.gateways.models import MerchantAccount
from duebook.gateways.protocol import Outcome, SeenCard, SeenCharge
from duebook.invoices.models import Invoice
from duebook.payments import write_path
from duebook.payments.models import Charge, ChargeLine, PaymentMethod
from duebook.payments.points import Point, reach
from duebook.payments.services.prepare_charge import key_of_attempt, reference_of
from duebook.staff.queries import installation_id

_SYSTEM = Actor.system(Source.JOB)
_CLOCKS_DIFFER = timedelta(minutes=1)
"""A server whose clock is further off charges no card."""


@transaction.atomic(durable=True)
def recover_charge(*, account: MerchantAccount, answer: SeenCharge) -> int | None:
    """Write the answer's charge down as sent, for its success to be settled; None where it is not ours.

    It is ours if it succeeded, its name follows from its debts, every invoice of them is older than it and
    all are of one contact, who has the card or nobody. Anything else is for a person to look at. A card that
    is not known is kept, but is not on file. Safe to call again. Locks the contact and the invoices. Records
    ``charge.recovered``.
    """
    debts = debts_in(answer.debts)
    if answer.outcome is not Outcome.SUCCEEDED or answer.card is None or debts is None:
        return None
    key = key_of_attempt(installation_id(), "charge", sorted(debts.minor_of), debts.attempt)
    if answer.reference != reference_of(key):
        return None
    invoices = _invoices(debts, answer.created_at)
    contacts = {invoice.contact_id for invoice in invoices.values()}
    if len(invoices) != len(debts.minor_of) or len(contacts) != 1:
        return None
    contact_id = contacts.pop()
    write_path.lock_contacts([contact_id])
    write_path.lock_invoices(invoices)
    reach(Point.RECOVER_LOCKED)
    known = Charge.objects.filter(key=key).first()
    if known is not None:
        # The same attempt at another account is another taking of the money.
        return known.pk if known.merchant_account_id == account.pk else None
    if not _fits(answer, debts, invoices):
        return None
    method = _card(account, contact_id, answer.card)
    return None if method is None else _write(answer, debts, method, key, invoices)


def _invoices(debts: ChargeDebts, charged_at: datetime) -> Mapping[int, Invoice]:
    """Those that were there already: after a restore, numbers are given anew to other orders."""
    older = Invoice.objects.filter(pk__in=debts.minor_of, order__created_at__lte=charged_at + _CLOCKS_DIFFER)
    return {invoice.pk: invoice for invoice in older.order_by("pk")}


def _fits(answer: SeenCharge, debts: ChargeDebts, invoices: Mapping[int, Invoice]) -> bool:
    currency = answer.amount.currency
    if any(invoice.currency != currency for invoice in invoices.values()):
        return False
    return total((share.amount for share in debts.shares(currency)), currency) == answer.amount


def _card(account: MerchantAccount, contact_id: int, seen: SeenCard) -> PaymentMethod | None:
    """The card that was charged; None where it is another contact's."""
    here = PaymentMethod.objects.filter(merchant_account=account)
    others = here.filter(customer=seen.customer).exclude(contact=contact_id)
    if seen.customer and others.exists():
        return None
    card = here.filter(token=seen.token).first()
    if card is None:
        card = PaymentMethod.objects.create(
            contact_id=contact_id,
            merchant_account=account,
            token=seen.token,
            customer=seen.customer,
            brand=brand_name(seen.brand),
            last_four=seen.last_four,
            exp_month=seen.exp_month,
            exp_year=seen.exp_year,
            fingerprint=seen.fingerprint,
            on_file=False,
        )
        reach(Point.RECOVER_CARD_WRITTEN)
    return card if card.contact_id == contact_id else None


def _write(
    answer: SeenCharge,
    debts: ChargeDebts,
    method: PaymentMethod,
    key: str,
    invoices: Mapping[int, Invoice],
) -> int:
    shares = debts.shares(answer.amount.currency)
    charge = Charge.objects.create(
        contact_id=method.contact_id,
        merchant_account=method.merchant_account,
        payment_method=method,
        amount_minor=answer.amount.minor,
        currency=answer.amount.currency,
        key=key,
        reference=answer.reference,
        attempt=debts.attempt,
        token=method.token,
        customer=method.customer,
        debts=answer.debts,
        prepared_by_id=_SYSTEM.user_id,
        source=_SYSTEM.source.value,
        state=ChargeState.SENT.value,
        gateway_id=answer.id,
        sent_at=Now(),
        ask_at=Now(),
    )
    reach(Point.RECOVER_CHARGE_WRITTEN)
    taken = set(
        ChargeLine.objects.filter(invoice__in=invoices, is_open=True).values_list("invoice_id", flat=True)
    )
    ChargeLine.objects.bulk_create(
        ChargeLine(
            charge=charge,
            invoice_id=share.invoice_id,
            amount_minor=share.amount.minor,
            # Its success closes it in a moment, and another charge may be open until then.
            is_open=share.invoice_id not in taken,
        )
        for share in shares
    )
    reach(Point.RECOVER_LINES_WRITTEN)
    record_event(
        name="charge.recovered",
        actor=_SYSTEM,
        request_key=f"charge:{charge.pk}:recovered",
        hashed=input_hash([charge.pk]),
        contact_id=charge.contact_id,
        payload={
            "charge_id": charge.pk,
            "number": str(charge),
            "amount_minor": charge.amount_minor,
            "currency": charge.currency,
            "card": str(method),
            "invoices": sorted(invoices),
        },
    )
    reach(Point.RECOVER_EVENT_WRITTEN)
    return charge.pk
