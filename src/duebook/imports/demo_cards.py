"""The demo's card processor, a sandbox beside the server: its account in Duebook, cards on file, and what its
story tells of charges, settlements, refunds and a dispute.

The cards are typed into the sandbox's own page, as a customer would: Duebook gets their tokens only. What
happened weeks ago happens in the sandbox with its clock set back.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import requests
from django.utils import timezone

from duebook.catalog.models import Product
from duebook.contacts.models import Contact
from duebook.domain.charging import ChargeInput
from duebook.domain.money import Money
from duebook.domain.permissions import Actor, Source
from duebook.domain.recording import Share
from duebook.domain.refunding import RefundInput, RefundMeans
from duebook.gateways.account_details import MerchantAccountDetails
from duebook.gateways.accounts import gateway_of
from duebook.gateways.models import MerchantAccount
from duebook.gateways.protocol import SeenCharge
from duebook.gateways.services.add_merchant_account import add_merchant_account
from duebook.gateways.services.edit_merchant_account import edit_merchant_account
from duebook.imports import demo_card_story as story
from duebook.imports.demo_card_story import CardRefund, CardSale
from duebook.imports.demo_story import CONTACTS
from duebook.imports.services.load_demo import CURRENCY, USERS
from duebook.invoices.models import Invoice
from duebook.ledger.currencies import parse_amount
from duebook.payments.charge_reading import request_of, seen_of
from duebook.payments.models import Charge, Observation, Payment, PaymentMethod
from duebook.payments.services.begin_card_setup import begin_card_setup
from duebook.payments.services.finish_card_setup import finish_card_setup
from duebook.payments.services.import_settlements import import_settlements
from duebook.payments.services.offer_card_setup import offer_card_setup
from duebook.payments.services.offer_pay_link import offer_pay_link
from duebook.payments.services.prepare_charge import prepare_charge
from duebook.payments.services.refund_through_gateway import refund_through_gateway
from duebook.payments.services.request_refund import request_refund
from duebook.payments.services.settle_charge import settle_charge
from duebook.payments.services.settle_dispute import settle_dispute
from duebook.sales.services.place_order import place_order
from duebook.staff.models import User
from duebook.staff.queries import actor_for, today as business_today

NAME = "Sandbox"
_SYSTEM = Actor.system(Source.COMMAND)
_SECONDS = 10
_DAY_SECONDS = 86400


def join_sandbox(*, url: str, secret: str, webhook_secret: str) -> MerchantAccount:
    """Enter the sandbox as a merchant account, or where it is found now; the first time with its story.

    Raises what adding or editing a merchant account raises, and in a business that has changed since what the
    acts of the story raise.
    """
    account = MerchantAccount.objects.filter(adapter=MerchantAccount.Adapters.SANDBOX.value).first()
    details = MerchantAccountDetails(name=NAME, secret=secret, base_url=url)
    if account is None:
        account = add_merchant_account(
            details=replace(details, webhook_secrets=(webhook_secret,)),
            adapter=MerchantAccount.Adapters.SANDBOX,
            request_key="demo:sandbox",
            actor=_SYSTEM,
        )
        _CardStory(account, _Sandbox(url, secret)).tell()
    elif account.base_url != url:
        account = edit_merchant_account(
            merchant_account_id=account.pk,
            details=details,
            next_default_id=None,
            request_key=f"demo:sandbox:{url}",
            actor=_SYSTEM,
        )
    return account


class _Sandbox:
    """The tester's hands. The clock begins in the past, unless something stands in the book already."""

    def __init__(self, url: str, secret: str) -> None:
        self._url = url
        self._headers = {"Authorization": f"Bearer {secret}"}
        back = {"advance_seconds": -story.BEGUN_DAYS_AGO * _DAY_SECONDS}
        self._days_ago = story.BEGUN_DAYS_AGO if self._post("clock", back).ok else 0

    def stand_at(self, days_ago: int) -> None:
        """Let time pass until that day."""
        if days_ago < self._days_ago:
            self.control("clock", {"advance_seconds": (self._days_ago - days_ago) * _DAY_SECONDS})
            self._days_ago = days_ago

    def control(self, name: str, values: dict[str, Any]) -> dict[str, Any]:
        """The answer to a control call."""
        response = self._post(name, values)
        response.raise_for_status()
        answer: dict[str, Any] = response.json()
        return answer

    def _post(self, name: str, values: dict[str, Any]) -> requests.Response:
        return requests.post(
            f"{self._url}/control/{name}", json=values, headers=self._headers, timeout=_SECONDS
        )


class _CardStory:
    """What its steps hand on: charges by the keys of their sales. A contact that is gone has no part."""

    def __init__(self, account: MerchantAccount, sandbox: _Sandbox) -> None:
        self._account = account
        self._gateway = gateway_of(account)
        self._sandbox = sandbox
        self._today = business_today()
        self._charges: dict[str, Charge] = {}
        manager = User.objects.filter(email=USERS["manager"][0], is_active=True).first()
        self._manager = actor_for(manager, source=Source.COMMAND) if manager else _SYSTEM

    def tell(self) -> None:
        """All of it, day by day."""
        begun = timezone.now() - timedelta(days=story.BEGUN_DAYS_AGO)
        # Of what was before that, the processor is never asked.
        MerchantAccount.objects.filter(pk=self._account.pk).update(created_at=begun)
        try:
            for number, (key, card) in enumerate(story.CARDS):
                self._put_on_file(key, card, f"demo:card:{number}")
            for days_ago in range(story.BEGUN_DAYS_AGO, -1, -1):
                self._live_through(days_ago)
        finally:
            self._sandbox.stand_at(0)
        import_settlements(merchant_account_id=self._account.pk, actor=_SYSTEM)
        for refund in story.REFUNDS:
            self._give_back(refund, refund_through_gateway)
        self._give_back(story.REFUND_TO_APPROVE, request_refund)
        for contact, title in story.PAY_LINKS:
            self._offer_link(contact, title)

    def _live_through(self, days_ago: int) -> None:
        sales = [sale for sale in story.CARD_SALES if sale.days_ago == days_ago]
        is_dispute_day = days_ago == story.DISPUTED_DAYS_AGO
        is_payout_day = days_ago in story.PAID_OUT_DAYS_AGO
        if sales or is_dispute_day or is_payout_day:
            self._sandbox.stand_at(days_ago)
        for sale in sales:
            self._sell(sale)
        if is_dispute_day:
            self._dispute(story.DISPUTED)
        if is_payout_day:
            self._sandbox.control("settlements", {})

    def _put_on_file(self, key: str, card: str, request_key: str) -> None:
        contact = _contact(key)
        if contact is None:
            return
        offered = offer_card_setup(
            contact_id=contact.pk,
            merchant_account_id=self._account.pk,
            request_key=request_key,
            actor=self._manager,
        )
        handle = begin_card_setup(setup_id=offered.setup_id, return_url="")
        typed = {"number": card, "expiry": "12/49", "code": "123"}
        requests.post(handle.page_url, data=typed, timeout=_SECONDS, allow_redirects=False)
        finish_card_setup(setup_id=offered.setup_id)

    def _sell(self, sale: CardSale) -> None:
        contact = _contact(sale.contact)
        if contact is None:
            return
        card = PaymentMethod.objects.filter(contact=contact, merchant_account=self._account).earliest("pk")
        on = self._today - timedelta(days=sale.days_ago)
        products = dict(Product.objects.values_list("name", "pk"))
        placed = place_order(
            contact_id=contact.pk,
            title=sale.title,
            ordered_on=on,
            currency=CURRENCY,
            lines=[line.as_input(products) for line in sale.lines],
            request_key=f"demo:card-sale:{sale.key}:order",
            actor=self._manager,
            on=on,
        )
        due = Money(Invoice.objects.get(pk=placed.invoice_id).balance_due_minor, CURRENCY)
        self._charges[sale.key] = self._charge(
            ChargeInput(contact.pk, card.pk, (Share(placed.invoice_id, due),)),
            f"demo:card-sale:{sale.key}",
            on,
        )

    def _charge(self, wanted: ChargeInput, request_key: str, on: date) -> Charge:
        """A charge of that day: as a charge is sent, but for the day on which its success is booked."""
        prepared = prepare_charge(wanted=wanted, request_key=request_key, actor=self._manager, on=on)
        charge = Charge.objects.select_related("merchant_account").get(pk=prepared.charge_id)
        request = request_of(charge)
        created = self._gateway.create(request)
        self._settle(charge, created, on)
        self._settle(charge, self._gateway.confirm(created.id, request), on)
        return Charge.objects.get(pk=charge.pk)

    def _settle(self, charge: Charge, answer: SeenCharge, on: date) -> None:
        seen = replace(seen_of(charge, answer), happened_on=on)
        settle_charge(charge_id=charge.pk, seen=seen, channel=Observation.Channels.REPLY)

    def _dispute(self, key: str) -> None:
        if (charge := self._charges.get(key)) is None:
            return
        wanted = {"charge": charge.gateway_id, "reason": story.DISPUTE_REASON}
        opened = self._sandbox.control("disputes", wanted)
        answer = self._gateway.fetch_dispute(opened["id"])
        settle_dispute(charge_id=charge.pk, answer=answer, channel=Observation.Channels.POLL)

    def _give_back(self, refund: CardRefund, act: Callable[..., object]) -> None:
        """By ``act``: at once, or when another person has approved it."""
        payment = self._payment(refund)
        if payment is not None:
            act(
                payment_id=payment.pk,
                wanted=self._wanted(refund),
                request_key=f"demo:card-refund:{refund.sale}",
                actor=self._manager,
                on=self._today,
            )

    def _payment(self, refund: CardRefund) -> Payment | None:
        charge = self._charges.get(refund.sale)
        return Payment.objects.filter(charge_id=charge.pk).first() if charge else None

    def _wanted(self, refund: CardRefund) -> RefundInput:
        return RefundInput(
            amount=parse_amount(refund.amount, CURRENCY),
            refunded_on=self._today,
            account_id=self._account.clearing_account_id,
            reason=refund.reason,
            owes_afterwards=Money(0, CURRENCY),
            means=RefundMeans.GATEWAY,
        )

    def _offer_link(self, key: str, title: str) -> None:
        invoice = Invoice.objects.filter(contact=_contact(key), order__title=title).first()
        if invoice is not None:
            offer_pay_link(
                contact_id=invoice.contact_id,
                invoice_ids=[invoice.pk],
                request_key=f"demo:pay-link:{invoice.pk}",
                actor=self._manager,
                merchant_account_id=self._account.pk,
            )


def _contact(key: str) -> Contact | None:
    return Contact.objects.filter(email=CONTACTS[key].email).order_by("id").first()
