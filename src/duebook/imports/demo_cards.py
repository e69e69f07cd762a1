"""The demo's card processor, a sandbox beside the server: its account in Duebook and a few cards on file.

The cards are typed into the sandbox's own page, as a customer would: Duebook gets their tokens only.
"""

import requests

from duebook.contacts.models import Contact
from duebook.domain.permissions import Actor, Source
from duebook.gateways.account_details import MerchantAccountDetails
from duebook.gateways.models import MerchantAccount
from duebook.gateways.services.add_merchant_account import add_merchant_account
from duebook.gateways.services.edit_merchant_account import edit_merchant_account
from duebook.imports.demo_story import CONTACTS
from duebook.payments.services.begin_card_setup import begin_card_setup
from duebook.payments.services.finish_card_setup import finish_card_setup
from duebook.payments.services.offer_card_setup import offer_card_setup

NAME = "Sandbox"
CARDS = (
    ("marta", "4242424242424242"),
    ("marta", "4000000000009995"),
    ("ruiz", "4242424242424242"),
    ("lindqvist", "4000002500003155"),
    ("okafor", "4000000000000341"),
)
"""Whose cards they are: approved, without funds, approved, with authentication, declined for good."""

_SYSTEM = Actor.system(Source.COMMAND)
_SECONDS = 10


def join_sandbox(*, url: str, secret: str, webhook_secret: str) -> MerchantAccount:
    """Enter the sandbox as a merchant account, or where it is found now; the first time with cards on file.

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
