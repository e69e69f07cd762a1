"""See to what follows from the end of a payment by link: the receipt, and the card kept or forgotten."""

from django.db import transaction
from django.db.models.functions import Now
from procrastinate.contrib.django import app

from duebook.domain.charging import ChargeState
from duebook.events.services.record_event import record_event
from duebook.payments import write_path
from duebook.payments.card_reading import has_default_card, lock_card
from duebook.payments.models import ChargeLine, LinkPayment, Payment, PaymentMethod
from duebook.payments.pay_links import is_left, link_payment_by_id
from duebook.payments.services.begin_link_payment import CUSTOMER
from duebook.payments.services.charge_link_payment import charge_begun_by
from duebook.staff.queries import business


@transaction.atomic
def close_link_payment(*, payment_id: int) -> bool:
    """Whether it is over and seen to; safe to call again, by the customer's page and by the worker.

    Paid: the receipt is sent where the business sends receipts, and the card goes on file if the customer
    wished. Else, and where the customer did not: the card is taken out of use and the gateway asked to forget
    it. Locks the contact and the cards. Records ``pay_link.paid`` or ``link_payment.ended``. Raises NotFound.
    """
    contact_id = LinkPayment.objects.values_list("link__contact_id", flat=True).filter(pk=payment_id).first()
    write_path.lock_contacts([contact_id] if contact_id is not None else [])
    payment = link_payment_by_id(payment_id)
    charge_id = charge_begun_by(payment)
    if charge_id != payment.charge_id:
        LinkPayment.objects.filter(pk=payment_id).update(charge_id=charge_id, refusal="")
        payment = link_payment_by_id(payment_id)
    if not _is_over(payment):
        return False
    paid = payment.charge is not None and payment.charge.state == ChargeState.SUCCEEDED.value
    if payment.ended_at is None:
        _end(payment, paid=paid)
        _see_to_card(payment, keep=paid and payment.keeps_card)
    else:
        _see_to_card(payment, keep=False)
    return True


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
        },
    )
    if booked and business().email_receipts and payment.link.contact.email:
        app.configure_task("email_receipt").defer(payment_id=booked.pk)


def _see_to_card(payment: LinkPayment, *, keep: bool) -> None:
    """Keep the card on file, in the place of the same card entered before, or take it out of use."""
    card = payment.setup.payment_method
    if card is None or card.on_file:
        return
    same = _same_card(card)
    for row in sorted([card, *same], key=lambda one: one.pk):
        lock_card(row.pk)
    if not keep or any(_is_being_charged(one) for one in same):
        _forget(card)
        return
    was_default = any(one.is_default for one in same)
    for one in same:
        _forget(one)
    PaymentMethod.objects.filter(pk=card.pk).update(
        on_file=True, is_default=was_default or not has_default_card(card.contact_id)
    )


def _same_card(card: PaymentMethod) -> list[PaymentMethod]:
    """The contact's cards on file with this one's number."""
    on_file = PaymentMethod.objects.filter(contact=card.contact_id, on_file=True, active=True)
    same = on_file.filter(merchant_account=card.merchant_account_id, fingerprint=card.fingerprint)
    return list(same) if card.fingerprint else []


def _is_being_charged(card: PaymentMethod) -> bool:
    return ChargeLine.objects.filter(charge__payment_method=card, is_open=True).exists()


def _forget(card: PaymentMethod) -> None:
    if _is_being_charged(card):
        return
    PaymentMethod.objects.filter(pk=card.pk).update(active=False, is_default=False)
    app.configure_task("forget_card").defer(payment_method_id=card.pk, token=card.token)
