"""Stripe as a gateway. A charge is a PaymentIntent: made without moving money, then confirmed, at most once.

Stripe keeps an idempotency key for at least 24 hours and answers a repeated one with what it answered first,
which may be out of date by then. So whatever moves money looks first how things stand.
"""

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, TypeVar

import stripe
from stripe.params import CustomerCreateParams, PaymentIntentConfirmParams, PaymentIntentCreateParams

from duebook.domain.money import Money
from duebook.gateways.clock import date_of
from duebook.gateways.protocol import (
    ChargeRequest,
    Credentials,
    GatewayError,
    GatewayEvent,
    GatewayRefundRequest,
    Guarantees,
    NothingHappened,
    Outcome,
    OutcomeUnknown,
    RefundOutcome,
    SeenAccount,
    SeenCard,
    SeenCharge,
    SeenDispute,
    SeenRefund,
    SeenSettlement,
    SeenSetup,
    SetupHandle,
    SetupOutcome,
)
from duebook.gateways.stripe import events, reading
from duebook.gateways.stripe.amounts import SMALLEST_CHARGE, to_stripe
from duebook.gateways.stripe.declines import decline
from duebook.gateways.stripe.errors import translated

API_VERSION = "2026-10-28.endive"
"""What the objects look like; a newer SDK does not change it, we do."""

CONNECT_SECONDS = 2
READ_SECONDS = 10
PAGE = 100
SCRIPT_URL = "https://js.stripe.com/v3/"

CHARGE_PARTS = ["latest_charge.balance_transaction", "payment_method"]
"""What Stripe writes out in a PaymentIntent instead of an id."""

Seen = TypeVar("Seen", SeenCharge, SeenRefund)

CANCELLABLE = frozenset([Outcome.NOT_CONFIRMED, Outcome.REQUIRES_ACTION])


class StripeGateway:
    """The business's account at Stripe. STRIPE_API_BASE names another server than Stripe's for tests."""

    guarantees = Guarantees(
        key_window=timedelta(hours=24),
        # True of lists; Stripe's search lags, and is not used.
        lookup_is_consistent=True,
        can_void=False,
        longest_processing=timedelta(days=2),
        minimum_minor=SMALLEST_CHARGE,
    )

    def __init__(self, credentials: Credentials, *, read_seconds: float = READ_SECONDS) -> None:
        self._public_key = credentials.public_key
        self._webhook_secrets = credentials.webhook_secrets
        base_url = (credentials.base_url or os.environ.get("STRIPE_API_BASE", "")).rstrip("/")
        self.script_url = f"{base_url}/js.stripe.com/v3/" if base_url else SCRIPT_URL
        client = stripe.StripeClient(
            credentials.secret,
            stripe_version=API_VERSION,
            base_addresses={"api": base_url} if base_url else None,
            max_network_retries=0,
            http_client=stripe.RequestsClient(timeout=(CONNECT_SECONDS, read_seconds)),
        )
        self._v1 = client.v1

    @translated()
    def create(self, request: ChargeRequest) -> SeenCharge:
        """A PaymentIntent that nobody has confirmed: by making it no money moves, whatever goes wrong."""
        params: PaymentIntentCreateParams = {
            "amount": to_stripe(request.amount),
            "currency": request.amount.currency.lower(),
            "customer": request.customer,
            "payment_method": request.token,
            "allowed_payment_method_types": ["card"],
            "metadata": _metadata(request),
            "expand": CHARGE_PARTS,
        }
        if request.description:
            params["description"] = request.description
        try:
            made = self._v1.payment_intents.create(params, {"idempotency_key": f"{request.key}:create"})
        except stripe.IdempotencyError as error:
            raise NothingHappened(error.user_message or "", code="idempotency_error") from error
        seen = self.fetch(made.id) if _is_replayed(made) else reading.charge(made.to_dict())
        return replace(_of_amount(seen, request.amount), answered_at=_answered_at(made))

    @translated()
    def confirm(self, charge_id: str, request: ChargeRequest) -> SeenCharge:
        """Carry the charge out, unless that was done or tried before: then what came of it."""
        before = _of_amount(self.fetch(charge_id), request.amount)
        if before.outcome is not Outcome.NOT_CONFIRMED:
            return before
        params: PaymentIntentConfirmParams = {
            "off_session": not request.customer_present,
            "expand": CHARGE_PARTS,
        }
        if request.customer_present and request.return_url:
            params["return_url"] = request.return_url
        if request.customer_present and request.keeps_card:
            # The one confirmation at the bank is then good for later charges as well.
            params["setup_future_usage"] = "off_session"
        try:
            confirmed = self._v1.payment_intents.confirm(
                charge_id, params, {"idempotency_key": f"{request.key}:confirm"}
            )
        except stripe.CardError as error:
            return self._declined(before, error)
        except stripe.InvalidRequestError:
            # Another sending of the same request may have been the faster one.
            seen = self._seen_after_refusal(charge_id)
            if seen.outcome is Outcome.NOT_CONFIRMED:
                raise
            return seen
        return _of_amount(reading.charge(confirmed.to_dict()), request.amount)

    def _declined(self, before: SeenCharge, error: stripe.CardError) -> SeenCharge:
        """The charge after its decline, which is known even when the charge cannot be read anew."""
        told = replace(before, outcome=Outcome.DECLINED, decline=decline(_body(error)))
        try:
            seen = self.fetch(before.id)
        except GatewayError:
            return told
        return told if seen.outcome is Outcome.NOT_CONFIRMED else seen

    @translated()
    def fetch(self, charge_id: str) -> SeenCharge:
        """The charge as it is now. Raises NoSuchObject."""
        found = self._v1.payment_intents.retrieve(charge_id, {"expand": CHARGE_PARTS})
        return reading.charge(found.to_dict())

    @translated()
    def cancel(self, charge_id: str) -> SeenCharge:
        """Cancel the PaymentIntent, unless it has come to its end; one in progress Stripe may not give up."""
        before = self.fetch(charge_id)
        if before.outcome not in {*CANCELLABLE, Outcome.PROCESSING}:
            return before
        try:
            cancelled = self._v1.payment_intents.cancel(charge_id, {"expand": CHARGE_PARTS})
        except stripe.InvalidRequestError:
            seen = self._seen_after_refusal(charge_id)
            if seen.outcome in CANCELLABLE:
                raise
            return seen
        return reading.charge(cancelled.to_dict())

    def _seen_after_refusal(self, charge_id: str) -> SeenCharge:
        """How the charge stands; if that cannot be learnt, the refusal alone proves nothing."""
        try:
            return self.fetch(charge_id)
        except GatewayError as error:
            raise OutcomeUnknown(error.reason, code=error.code) from error

    @translated()
    def refund(self, request: GatewayRefundRequest) -> SeenRefund:
        """Give back what is left to give back; a refund of that reference is there only once."""
        charge = self.fetch(request.charge_id)
        if charge.captured_minor == 0:
            raise NothingHappened("Nothing was captured, so nothing can be given back.", code="not_captured")
        made = self.list_refunds(request.charge_id)
        for refund in made:
            if request.reference and refund.reference == request.reference:
                return _of_amount(refund, request.amount)
        given = sum(refund.amount.minor for refund in made if refund.outcome is not RefundOutcome.FAILED)
        if request.amount.currency != charge.amount.currency:
            raise NothingHappened("The charge is in another currency.", code="other_currency")
        if request.amount.minor > charge.captured_minor - given:
            raise NothingHappened("It is more than is left of the charge.", code="above_what_is_left")
        refunded = self._v1.refunds.create(
            {
                "payment_intent": request.charge_id,
                "amount": to_stripe(request.amount),
                "metadata": {reading.REFERENCE: request.reference},
            },
            {"idempotency_key": request.key},
        )
        return _of_amount(reading.refund(refunded.to_dict()), request.amount)

    @translated()
    def fetch_refund(self, refund_id: str) -> SeenRefund:
        """The refund as it is now: one that succeeded can still fail, when the bank sends it back."""
        return reading.refund(self._v1.refunds.retrieve(refund_id).to_dict())

    @translated()
    def list_refunds(self, charge_id: str) -> list[SeenRefund]:
        """All refunds of a charge."""
        found = self._v1.refunds.list({"payment_intent": charge_id, "limit": PAGE})
        return [reading.refund(one.to_dict()) for one in found.auto_paging_iter()]

    def void(self, request: GatewayRefundRequest) -> SeenRefund:
        """Stripe settles with the capture: a captured charge is refunded, an uncaptured one cancelled."""
        raise NothingHappened("Stripe takes a charge back by a refund only.", code="cannot_void")

    @translated()
    def begin_setup(
        self, *, reference: str, customer: str, name: str, email: str, return_url: str, pays_now: bool
    ) -> SetupHandle:
        """A SetupIntent for Stripe's own fields, which come back by themselves: no return_url is needed.

        For a card that is charged at once Stripe puts the bank's question off until then. Without a key, as
        no money moves: sent twice it leaves a customer without cards behind.
        """
        owner = customer or self._new_customer(name, email)
        intent = self._v1.setup_intents.create(
            {
                "customer": owner,
                "usage": "on_session" if pays_now else "off_session",
                "allowed_payment_method_types": ["card"],
                "metadata": {reading.REFERENCE: reference},
            }
        )
        return SetupHandle(
            id=intent.id,
            customer=owner,
            script_url=self.script_url,
            public_key=self._public_key,
            client_secret=intent.client_secret or "",
        )

    def _new_customer(self, name: str, email: str) -> str:
        params: CustomerCreateParams = {}
        if name:
            params["name"] = name
        if email:
            params["email"] = email
        return self._v1.customers.create(params).id

    @translated()
    def fetch_setup(self, setup_id: str) -> SeenSetup:
        """What became of it. A saved card becomes its customer's; NothingHappened where another has it."""
        intent = self._v1.setup_intents.retrieve(setup_id, {"expand": ["payment_method"]}).to_dict()
        seen = SeenSetup(
            id=intent["id"],
            outcome=reading.setup_outcome(intent),
            customer=reading.identifier(intent.get("customer")),
            reference=reading.reference(intent),
        )
        if seen.outcome is SetupOutcome.DECLINED:
            return replace(seen, decline=decline(intent["last_setup_error"]))
        if seen.outcome is not SetupOutcome.SAVED:
            return seen
        try:
            return replace(seen, card=self._attached(intent["payment_method"], seen.customer))
        except stripe.CardError as error:
            return replace(seen, outcome=SetupOutcome.DECLINED, decline=decline(_body(error)))

    def _attached(self, method: Mapping[str, Any], customer: str) -> SeenCard:
        """The card as the customer's own. Stripe attaches it by itself; where that was not done it is now."""
        owner = reading.identifier(method.get("customer"))
        if not owner:
            method = self._v1.payment_methods.attach(method["id"], {"customer": customer}).to_dict()
        elif owner != customer:
            raise NothingHappened("The card belongs to another customer.", code="another_customers_card")
        return reading.card(method, customer=customer)

    @translated()
    def forget_card(self, token: str) -> None:
        """Detach it, after which Stripe never charges it again."""
        try:
            self._v1.payment_methods.detach(token)
        except stripe.InvalidRequestError as error:
            if not _is_missing(error) and self._is_attached(token):
                raise

    def _is_attached(self, token: str) -> bool:
        try:
            return self._v1.payment_methods.retrieve(token).customer is not None
        except stripe.InvalidRequestError as error:
            if _is_missing(error):
                return False
            raise

    def verify_webhook(self, body: bytes, headers: Mapping[str, str], *, now: datetime) -> GatewayEvent:
        """The event in a message as it came. Raises WebhookRefused."""
        return events.verified(body, headers, secrets=self._webhook_secrets, now=now)

    @translated()
    def list_events(self, *, since: datetime) -> list[GatewayEvent]:
        """The events since then, the oldest first; Stripe keeps them for 30 days."""
        found = self._v1.events.list(
            {"created": {"gte": int(since.timestamp())}, "types": list(events.EVENT_TYPES), "limit": PAGE}
        )
        newest_first = [events.event(one.to_dict()) for one in found.auto_paging_iter()]
        return newest_first[::-1]

    def list_charges(self, *, since: datetime, until: datetime) -> Iterator[SeenCharge]:
        """The charges created in that time, in Stripe's whole seconds, page by page."""
        first, last = int(since.timestamp()), int(until.timestamp())
        with translated():
            found = self._v1.payment_intents.list(
                {
                    "created": {"gte": first, "lte": last},
                    "limit": PAGE,
                    "expand": [f"data.{part}" for part in CHARGE_PARTS],
                }
            )
            for intent in found.auto_paging_iter():
                yield reading.charge(intent.to_dict())

    @translated()
    def fetch_dispute(self, dispute_id: str) -> SeenDispute:
        """The dispute as it is now, with the fees booked for it."""
        return reading.dispute(self._v1.disputes.retrieve(dispute_id).to_dict())

    def list_settlements(self, *, since: date) -> Iterator[SeenSettlement]:
        """The payouts that arrived since that day, or failed to, with what each consists of.

        One of which Stripe does not know all of that yet is told later: a settlement is imported once.
        """
        first = int(datetime.combine(since, time(), UTC).timestamp())
        with translated():
            found = self._v1.payouts.list(
                {
                    "arrival_date": {"gte": first},
                    "limit": PAGE,
                    "expand": ["data.failure_balance_transaction"],
                }
            )
            for payout in found.auto_paging_iter():
                told = payout.to_dict()
                if reading.is_settled(told):
                    yield reading.settlement(told, self._entries(payout))

    def _entries(self, payout: stripe.Payout) -> Iterable[reading.Object]:
        if not payout.automatic:
            # Stripe does not say what a payout consists of that somebody ordered by hand.
            return []
        found = self._v1.balance_transactions.list(
            {"payout": payout.id, "limit": PAGE, "expand": ["data.source"]}
        )
        return [one.to_dict() for one in found.auto_paging_iter()]

    @translated()
    def check(self) -> SeenAccount:
        """Whose account it is; a restricted key may charge and yet not be told."""
        live = bool(self._v1.balance.retrieve().livemode)
        try:
            account = self._v1.accounts.retrieve_current().to_dict()
        except (stripe.InvalidRequestError, stripe.PermissionError):
            return SeenAccount(id="", name="", live=live)
        profile, settings = account.get("business_profile") or {}, account.get("settings") or {}
        name = (settings.get("dashboard") or {}).get("display_name") or profile.get("name") or ""
        return SeenAccount(id=account["id"], name=name, live=live)


def _body(error: stripe.StripeError) -> Mapping[str, Any]:
    """What Stripe says of an error; its own class in the SDK hides fields that are missing."""
    return error.error.to_dict() if error.error is not None else {}


def _is_missing(error: stripe.InvalidRequestError) -> bool:
    return error.http_status == 404 or error.code == "resource_missing"


def _is_replayed(made: stripe.PaymentIntent) -> bool:
    """Whether Stripe gave its first answer again, which may be out of date."""
    answer = made.last_response
    return answer is not None and answer.headers.get("Idempotent-Replayed") == "true"


def _metadata(request: ChargeRequest) -> dict[str, str]:
    """An empty value would unset its key."""
    debts = {reading.DEBTS: request.debts} if request.debts else {}
    return {reading.REFERENCE: request.reference, **debts}


def _answered_at(made: stripe.PaymentIntent) -> datetime | None:
    """Now, by Stripe's clock."""
    answer = made.last_response
    return date_of(answer.headers) if answer is not None else None


def _of_amount(seen: Seen, amount: Money) -> Seen:
    """What was seen, if it is about the amount that was asked for."""
    if seen.amount != amount:
        raise OutcomeUnknown("Stripe tells another amount than was asked for.", code="other_amount")
    return seen
