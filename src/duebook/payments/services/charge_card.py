"""Charge a card on file for invoices, now: prepare, send, settle."""

from datetime import date

from duebook.domain.charging import ChargeInput
from duebook.domain.permissions import Actor
from duebook.domain.recording import PaymentDecision
from duebook.payments import charge_path
from duebook.payments.charge_booking import decide_booking
from duebook.payments.models import Charge
from duebook.payments.points import Point, reach
from duebook.payments.services.prepare_charge import prepare_charge, preview_charge
from duebook.payments.services.send_charge import send_charge


def preview_charged_payment(*, wanted: ChargeInput, actor: Actor, on: date) -> PaymentDecision:
    """The payment that charging the card would book if it is approved; writes and sends nothing.

    By the decisions that preparing and settling run. Raises what ``prepare_charge`` raises but for what is
    about the request key.
    """
    previewed = preview_charge(wanted=wanted, actor=actor, on=on)
    return decide_booking(
        contact_id=wanted.contact_id,
        amount=previewed.decision.amount,
        lines=wanted.shares,
        clearing_account_id=previewed.facts.clearing_account_id,
        apply_to_commissions=wanted.apply_to_commissions,
        reference="",
        notes=wanted.notes,
        on=on,
        situation=previewed.situation,
    )


def charge_card(*, wanted: ChargeInput, request_key: str, actor: Actor, on: date) -> Charge:
    """Charge the card; returns the charge in the state that it has come to, which may be unknown.

    The same request again never charges again: it returns the same charge. Must not be called inside a
    transaction. Raises what ``prepare_charge`` raises; then nothing was sent.
    """
    prepared = prepare_charge(wanted=wanted, request_key=request_key, actor=actor, on=on)
    reach(Point.PREPARED)
    if not prepared.repeated:
        send_charge(charge_id=prepared.charge_id)
    return charge_path.read_end(prepared.charge_id)
