"""See to what follows from the end of a payment by link: whether its card is kept or forgotten."""

from datetime import timedelta

from django.db import transaction
from django.db.models.functions import Now
from procrastinate.contrib.django import app

from duebook.domain.charging import ChargeState
from duebook.events.services.record_event import record_event
from duebook.payments import write_path
from duebook.payments.card_reading import has_default_card, lock_card
from duebook.payments.models import ChargeLine, LinkPayment, Payment, PaymentMethod
from duebook.payments.pay_links import (
    is_card_lost,
    is_left,
    link_payment_by_id,
    lock_link_payment,
    same_cards_on_file,
)
from duebook.payments.services.begin_link_payment import CUSTOMER
from duebook.payments.services.charge_link_payment import charge_begun_by

LATE_SUCCESS = timedelta(days=1)
"""How long the gateway still has a card whose customer wished to keep it, when its charge came to nothing: it
may turn out that it paid."""


@transaction.atomic
def close_link_payment(*, payment_id: int) -> bool:
    """Whether it is over and seen to; safe to call again, by the customer's page and by the worker.

    Paid, however late that is known: the card goes on file if the customer wished and the gateway was not
    told to forget it yet. Else, and where the customer did not: the card is taken out of use and the gateway
    asked to forget it. Locks the contact, the cards and the payment by link. Records ``pay_link.paid`` or
    ``link_payment.ended``. Raises NotFound.
    """
    payment = _lock(payment_id)
    charge_id = charge_begun_by(payment)
    if charge_id != payment.charge_id:
        LinkPayment.objects.filter(pk=payment_id).update(charge_id=charge_id, refusal="")
        payment = link_payment_by_id(payment_id)
    if not _is_over(payment):
        return False
    paid = payment.charge is not None and payment.charge.state == ChargeState.SUCCEEDED.value
    if payment.ended_at is None:
        _see_to_card(payment, keep=paid and payment.keeps_card)
        _end(payment, paid=paid)
    else:
        _see_to_card(payment, keep=False)
    return True


def _lock(payment_id: int) -> LinkPayment:
    """Lock the contact, then the cards, which nobody changes meanwhile, then the payment; and read it.

    Settling its charge, which locks that first, waits for the payment as well: no success goes unseen.
    """
    contact_id = LinkPayment.objects.values_list("link__contact_id", flat=True).filter(pk=payment_id).first()
    write_path.lock_contacts([contact_id] if contact_id is not None else [])
    card = link_payment_by_id(payment_id).setup.payment_method
    cards = [card, *same_cards_on_file(card)] if card is not None else []
    for pk in sorted(one.pk for one in cards):
        lock_card(pk)
    lock_link_payment(payment_id)
    return link_payment_by_id(payment_id)


def _is_over(payment: LinkPayment) -> bool:
    """Nothing more can come of it, as far as anybody knows."""
    if payment.charge is not None:
        return not payment.charge.is_open
    return bool(payment.refusal) or is_left(payment)


def _end(payment: LinkPayment, *, paid: bool) -> None:
    LinkPayment.objects.filter(pk=payment.pk).update(ended_at=Now())
    booked = Payment.objects.filter(charge_id=payment.charge_id).first() if paid else None
    record_event(
        name="pay_link.paid" if booked else "link_payment.ended",
        actor=CUSTOMER,
        contact_id=payment.link.contact_id,
        payment_id=booked.pk if booked else None,
        payload={
            "link_payment_id": payment.pk,
            "charge_id": payment.charge_id,
            "number": booked.number if booked else str(payment),
            "amount_minor": payment.amount_minor,
            "currency": payment.link.currency,
            "card_was_forgotten": paid and is_card_lost(payment),
        },
    )


def _see_to_card(payment: LinkPayment, *, keep: bool) -> None:
    """Keep the card on file, in the place of the same card entered before, or take it out of use."""
    card = payment.setup.payment_method
    if card is None or card.on_file:
        return
    same = same_cards_on_file(card)
    is_needed = not any(_is_being_charged(one) or one.pk > card.pk for one in same)
    if keep and is_needed and card.forgotten_at is None:
        _put_on_file(card, same)
    elif card.active:
        may_have_paid = payment.keeps_card and payment.charge is not None and not keep
        _forget(card, after=LATE_SUCCESS if may_have_paid else timedelta())


def _put_on_file(card: PaymentMethod, same: list[PaymentMethod]) -> None:
    was_default = any(one.is_default for one in same)
    for one in same:
        _forget(one)
    PaymentMethod.objects.filter(pk=card.pk).update(
        on_file=True, active=True, is_default=was_default or not has_default_card(card.contact_id)
    )


def _is_being_charged(card: PaymentMethod) -> bool:
    return ChargeLine.objects.filter(charge__payment_method=card, is_open=True).exists()


def _forget(card: PaymentMethod, *, after: timedelta = timedelta()) -> None:
    if _is_being_charged(card):
        return
    PaymentMethod.objects.filter(pk=card.pk).update(active=False, is_default=False)
    job = app.configure_task("forget_card", schedule_in={"days": after.days} if after else None)
    job.defer(payment_method_id=card.pk, token=card.token)
