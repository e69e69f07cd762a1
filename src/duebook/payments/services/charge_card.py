"""Charge a card on file for invoices, now: prepare, send, settle."""

from datetime import date

from duebook.domain.charging import ChargeInput
from duebook.domain.permissions import Actor
from duebook.payments.models import Charge
from duebook.payments.points import Point, reach
from duebook.payments.services.prepare_charge import prepare_charge
from duebook.payments.services.send_charge import send_charge


def charge_card(*, wanted: ChargeInput, request_key: str, actor: Actor, on: date) -> Charge:
    """Charge the card; returns the charge in the state that it has come to, which may be unknown.

    The same request again never charges again: it returns the same charge. Must not be called inside a
    transaction. Raises what ``prepare_charge`` raises; then nothing was sent.
    """
    prepared = prepare_charge(wanted=wanted, request_key=request_key, actor=actor, on=on)
    reach(Point.PREPARED)
    if not prepared.repeated:
        send_charge(charge_id=prepared.charge_id)
    return Charge.objects.select_related("merchant_account", "payment_method").get(pk=prepared.charge_id)
