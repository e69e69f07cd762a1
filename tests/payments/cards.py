"""Putting cards on file as the staff and the customer do."""

from typing import Any

from procrastinate.contrib.django.models import ProcrastinateJob

from duebook.contacts.models import Contact
from duebook.gateways.models import MerchantAccount
from duebook.payments.models import CardSetup, PaymentMethod
from duebook.payments.services.begin_card_setup import begin_card_setup
from duebook.payments.services.finish_card_setup import finish_card_setup
from duebook.payments.services.offer_card_setup import OfferedCard, offer_card_setup
from tests.factories import SYSTEM, key, make_contact
from tests.payments.fake_gateway import FakeGateway, make_merchant_account

RETURN_URL = "https://pay.example.com/back/"


def default_account() -> MerchantAccount:
    """The default merchant account, made when there is none."""
    found = MerchantAccount.objects.filter(is_default=True).first()
    return found or make_merchant_account(is_default=True)


def offer(contact: Contact | None = None, **fields: Any) -> OfferedCard:
    default_account()
    wanted = {"request_key": key(), "actor": SYSTEM, **fields}
    return offer_card_setup(contact_id=(contact or make_contact()).pk, **wanted)


def begin(offered: OfferedCard) -> CardSetup:
    begin_card_setup(setup_id=offered.setup_id, return_url=RETURN_URL)
    return CardSetup.objects.get(pk=offered.setup_id)


def save_card(gateway: FakeGateway, contact: Contact, token: str = "tok_ok", **fields: Any) -> PaymentMethod:
    """From the offer to the card on file."""
    setup = begin(offer(contact))
    gateway.type_card(setup.gateway_id, token, **fields)
    card = finish_card_setup(setup_id=setup.pk).payment_method
    assert card is not None
    return card


def jobs(name: str) -> list[dict[str, Any]]:
    """The arguments of the jobs of that name, the oldest first."""
    rows = ProcrastinateJob.objects.filter(task_name=name).order_by("id")
    return list(rows.values_list("args", flat=True))
