"""Begin a payment by link: the customer chose how much to pay, and the entry of the card is made ready."""

from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from duebook.domain.errors import MerchantAccountFenced
from duebook.domain.money import Money
from duebook.domain.pay_links import PATIENCE, check_usable, decide_link_payment
from duebook.domain.permissions import Actor, Source
from duebook.domain.recording import Share
from duebook.events.requests import earlier_event, input_hash
from duebook.events.services.record_event import record_event
from duebook.payments.card_links import hash_of, new_reference, new_token
from duebook.payments.models import CardSetup, LinkPayment, LinkPaymentLine, PayLink
from duebook.payments.pay_links import (
    dues_of,
    invoices_of,
    link_by_id,
    link_payment_by_id,
    lock_link,
    state_of,
)
from duebook.payments.services.prepare_charge import account_terms

CUSTOMER = Actor.system(Source.WEB)
"""The customer who pays by a link is nobody with a login; Duebook itself charges for them."""

_TO_COME_BACK = timedelta(minutes=5)


@transaction.atomic
def begin_link_payment(
    *, link_id: int, amount: Money | None, keeps_card: bool, request_key: str
) -> LinkPayment:
    """Write down what is to be paid for which invoice; no ``amount`` is everything. No gateway is asked.

    The same request again returns the same payment. Locks the link. Records ``link_payment.begun``. Raises
    NotFound, PayLinkOver, MerchantAccountFenced, KeyReused and what ``decide_link_payment`` raises.
    """
    lock_link(link_id)
    hashed = input_hash([link_id, amount, keeps_card])
    key = f"pay-link:{link_id}:{request_key}"
    earlier = earlier_event(actor=CUSTOMER, request_key=key, hashed=hashed)
    if earlier is not None:
        return link_payment_by_id(earlier.payload["link_payment_id"])
    link = link_by_id(link_id)
    dues = dues_of(invoices_of(link))
    check_usable(state_of(link, dues))
    account = account_terms(link.merchant_account)
    if account.fenced:
        raise MerchantAccountFenced(name=account.name)
    minimum = account.minimum_minor.get(link.currency, 0)
    shares = decide_link_payment(dues, currency=link.currency, amount=amount, minimum_minor=minimum)
    payment = _write(link, shares, request_key, keeps_card=keeps_card)
    record_event(
        name="link_payment.begun",
        actor=CUSTOMER,
        request_key=key,
        hashed=hashed,
        contact_id=link.contact_id,
        payload={
            "link_payment_id": payment.pk,
            "number": str(payment),
            "amount_minor": payment.amount_minor,
            "currency": link.currency,
        },
    )
    return link_payment_by_id(payment.pk)


def _write(link: PayLink, shares: tuple[Share, ...], request_key: str, *, keeps_card: bool) -> LinkPayment:
    reference = new_reference()
    setup = CardSetup.objects.create(
        contact=link.contact,
        merchant_account=link.merchant_account,
        reference=reference,
        token_hash=hash_of(new_token(reference)),
        offered_by_id=link.offered_by_id,
        # A card saved in the last minute is still to be charged when its customer comes back.
        expires_at=timezone.now() + PATIENCE - _TO_COME_BACK,
        puts_on_file=False,
    )
    payment = LinkPayment.objects.create(
        link=link,
        number=1 + LinkPayment.objects.filter(link=link).count(),
        request_key=request_key,
        amount_minor=sum(share.amount.minor for share in shares),
        keeps_card=keeps_card,
        setup=setup,
    )
    LinkPaymentLine.objects.bulk_create(
        LinkPaymentLine(
            payment=payment,
            invoice_id=share.invoice_id,
            amount_minor=share.amount.minor,
            balance_seen_minor=(share.balance_seen or share.amount).minor,
        )
        for share in shares
    )
    return payment
