"""The demo's card processor, a sandbox beside the server: its account in Duebook, a few cards on file, and
what was charged to one of them: orders that the processor has paid out, and one that it has not.

The cards are typed into the sandbox's own page, as a customer would: Duebook gets their tokens only.
"""

from decimal import Decimal

import requests

from duebook.contacts.models import Contact
from duebook.domain.charging import ChargeInput
from duebook.domain.money import Money
from duebook.domain.order_lines import ItemKind, LineInput
from duebook.domain.permissions import Actor, Source
from duebook.domain.recording import Share
from duebook.gateways.account_details import MerchantAccountDetails
from duebook.gateways.models import MerchantAccount
from duebook.gateways.services.add_merchant_account import add_merchant_account
from duebook.gateways.services.edit_merchant_account import edit_merchant_account
from duebook.imports.demo_story import CONTACTS
from duebook.invoices.models import Invoice
from duebook.payments.models import PaymentMethod
from duebook.payments.services.begin_card_setup import begin_card_setup
from duebook.payments.services.charge_card import charge_card
from duebook.payments.services.finish_card_setup import finish_card_setup
from duebook.payments.services.import_settlements import import_settlements
from duebook.payments.services.offer_card_setup import offer_card_setup
from duebook.sales.services.place_order import place_order
from duebook.staff.queries import business, today as business_today

NAME = "Sandbox"
CARDS = (
    ("marta", "4242424242424242"),
    ("marta", "4000000000009995"),
    ("ruiz", "4242424242424242"),
    ("lindqvist", "4000002500003155"),
    ("okafor", "4000000000000341"),
)
"""Whose cards they are: approved, without funds, approved, with authentication, declined for good."""

BUYER = "ruiz"
PAID_OUT = (
    (("Framed print", "65.00", "6"),),
    (("Pocket notebook", "12.00", "12"), ("Gift box", "120.00", "1")),
)
WAITING = ((("Poster A2", "22.00", "10"), ("Linen tote bag", "32.00", "4")),)
"""The items of each order that the buyer paid by card: description, price and quantity."""

_SYSTEM = Actor.system(Source.COMMAND)
_SECONDS = 10


def join_sandbox(*, url: str, secret: str, webhook_secret: str) -> MerchantAccount:
    """Enter the sandbox as a merchant account, or where it is found now; the first time with cards on file,
    with orders that were paid out and one that was not.

    Raises what adding or editing a merchant account raises.
    """
    account = MerchantAccount.objects.filter(adapter=MerchantAccount.Adapters.SANDBOX.value).first()
    details = MerchantAccountDetails(name=NAME, secret=secret, base_url=url)
    if account is None:
        account = add_merchant_account(
            details=MerchantAccountDetails(
                name=NAME, secret=secret, base_url=url, webhook_secrets=(webhook_secret,)
            ),
            adapter=MerchantAccount.Adapters.SANDBOX,
            request_key="demo:sandbox",
            actor=_SYSTEM,
        )
        for number, (key, card) in enumerate(CARDS):
            _put_on_file(account, key, card, f"demo:card:{number}")
        for number, items in enumerate(PAID_OUT):
            _sell(items, f"demo:sale:paid-out:{number}")
        headers = {"Authorization": f"Bearer {secret}"}
        requests.post(f"{url}/control/settlements", headers=headers, timeout=_SECONDS).raise_for_status()
        import_settlements(merchant_account_id=account.pk, actor=_SYSTEM)
        for number, items in enumerate(WAITING):
            _sell(items, f"demo:sale:waiting:{number}")
    elif account.base_url != url:
        account = edit_merchant_account(
            merchant_account_id=account.pk,
            details=details,
            next_default_id=None,
            request_key=f"demo:sandbox:{url}",
            actor=_SYSTEM,
        )
    return account


def _put_on_file(account: MerchantAccount, key: str, card: str, request_key: str) -> None:
    contact = Contact.objects.filter(email=CONTACTS[key].email).order_by("id").first()
    if contact is None:
        return
    offered = offer_card_setup(
        contact_id=contact.pk, merchant_account_id=account.pk, request_key=request_key, actor=_SYSTEM
    )
    handle = begin_card_setup(setup_id=offered.setup_id, return_url="")
    typed = {"number": card, "expiry": "12/49", "code": "123"}
    requests.post(handle.page_url, data=typed, timeout=_SECONDS, allow_redirects=False)
    finish_card_setup(setup_id=offered.setup_id)


def _sell(items: tuple[tuple[str, str, str], ...], request_key: str) -> None:
    """An order of today, charged to the buyer's card."""
    card = PaymentMethod.objects.filter(contact__email=CONTACTS[BUYER].email).order_by("id").first()
    if card is None:
        return
    currency, today = business().currency, business_today()
    placed = place_order(
        contact_id=card.contact_id,
        title=items[0][0],
        ordered_on=today,
        currency=currency,
        lines=[
            LineInput(ItemKind.PRODUCT, description, quantity=Decimal(quantity), unit_price=Decimal(price))
            for description, price, quantity in items
        ],
        request_key=f"{request_key}:order",
        actor=_SYSTEM,
        on=today,
    )
    amount = Money(Invoice.objects.get(pk=placed.invoice_id).balance_due_minor, currency)
    charge_card(
        wanted=ChargeInput(card.contact_id, card.pk, (Share(placed.invoice_id, amount),)),
        request_key=request_key,
        actor=_SYSTEM,
        on=today,
    )
