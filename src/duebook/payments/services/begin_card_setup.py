"""Begin to save a card: the customer opened the link, and the gateway says where the card is typed."""

import json
from dataclasses import asdict
from functools import partial

from django.db import transaction
from django.db.models.functions import Now

from duebook.gateways.accounts import gateway_of
from duebook.gateways.protocol import Misconfigured, NothingHappened, SetupHandle
from duebook.payments.card_links import check_open
from duebook.payments.card_reading import setup_by_id
from duebook.payments.models import CardSetup, PaymentMethod
from duebook.staff.sealing import seal, unseal

_PURPOSE = "duebook card setups"


def begin_card_setup(*, setup_id: int, return_url: str) -> SetupHandle:
    """Where the card of an open offer is typed; asked of the gateway once, the same whenever it is opened.

    The contact's customer at that account is used again. Must not be called inside a transaction. Raises
    NotFound, CardLinkOver and GatewayError; then the link may be opened again.
    """
    setup = _read(setup_id)
    if setup.gateway_id:
        return _opened(setup)
    handle = _begin(setup, return_url)
    return handle if _note(setup, handle) else _opened(_read(setup_id))


@transaction.atomic(durable=True)
def _read(setup_id: int) -> CardSetup:
    setup = setup_by_id(setup_id)
    check_open(setup)
    return setup


def _begin(setup: CardSetup, return_url: str) -> SetupHandle:
    """Begin for the customer known there, or for a new one where the gateway has none of that id any more."""
    begin = partial(
        gateway_of(setup.merchant_account).begin_setup,
        reference=setup.reference,
        name=str(setup.contact),
        email=setup.contact.email,
        return_url=return_url,
        pays_now=not setup.puts_on_file,
    )
    customer = _customer(setup)
    try:
        return begin(customer=customer)
    except Misconfigured:
        raise
    except NothingHappened:
        if not customer:
            raise
        return begin(customer="")


def _customer(setup: CardSetup) -> str:
    """Who the contact is at the account's gateway; empty when it does not know them yet."""
    here = {"contact": setup.contact_id, "merchant_account": setup.merchant_account_id}
    for rows in (PaymentMethod.objects.filter(**here), CardSetup.objects.filter(**here)):
        known = rows.exclude(customer="").order_by("-pk").values_list("customer", flat=True).first()
        if known:
            return known
    return ""


@transaction.atomic(durable=True)
def _note(setup: CardSetup, handle: SetupHandle) -> bool:
    """Keep the handle; False when the link was opened twice at once and the other came first."""
    noted = CardSetup.objects.filter(pk=setup.pk, gateway_id="").update(
        gateway_id=handle.id,
        customer=handle.customer,
        sealed_handle=seal(json.dumps(asdict(handle)), purpose=_PURPOSE),
        begun_at=Now(),
    )
    return bool(noted)


def _opened(setup: CardSetup) -> SetupHandle:
    return SetupHandle(**json.loads(unseal(setup.sealed_handle, purpose=_PURPOSE)))
