"""A charge that its customer is to confirm at the bank, and the turns of the janitor."""

from datetime import timedelta

from django.utils import timezone

from duebook.domain.charging import ChargeInput
from duebook.domain.recording import Share
from duebook.invoices.models import Invoice
from duebook.payments.models import Charge
from duebook.payments.services.ask_gateway import ask_gateway, charges_to_ask
from duebook.payments.services.call_off_charges import call_off_charges
from duebook.payments.services.charge_card import charge_card
from tests.factories import SYSTEM, day, key, usd
from tests.payments.fake_gateway import make_card


def a_waiting_charge(invoice: Invoice, amount: str = "100.00", token: str = "tok_action") -> Charge:
    """The bank wants the customer to confirm; the customer has the bank's page open."""
    card = make_card(invoice.contact, token)
    shares = (Share(invoice.pk, usd(amount)),)
    asked = ChargeInput(invoice.contact_id, card.pk, shares)
    return charge_card(wanted=asked, request_key=key(), actor=SYSTEM, on=day())


def the_janitor_takes_a_turn() -> None:
    """As the worker does every ten seconds."""
    call_off_charges(most=100)
    for charge_id in charges_to_ask(most=100):
        ask_gateway(charge_id=charge_id)


def time_passes() -> None:
    Charge.objects.exclude(ask_at=None).update(ask_at=timezone.now() - timedelta(seconds=1))
