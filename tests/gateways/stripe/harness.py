"""Stripe for the contract suite: localstripe behind the proxy of `stand_in.py`.

The proxy does what localstripe leaves out and Stripe does: it keeps keys and compares what is sent under
them, lists by time, refuses a wrong secret, names the account. What still cannot be tried here:

- FORGET_CARDS: localstripe charges a card that was detached; Stripe refuses.
- DECLINE_SETUPS: it cancels a setup whose card is refused; Stripe leaves it open and says why.
- REFUSE_CURRENCIES, REFUSE_SMALL_AMOUNTS: it takes any currency and any amount above zero.
- VOID: Stripe itself has nothing of the kind.
- SETTLE, DISPUTE: it has no disputes, and its payouts consist of nothing.
- Cards that are declined for a reason: it never says one, so it has none of INSUFFICIENT_FUNDS, EXPIRED,
  STOLEN and NEVER_APPROVE. Cards of AUTHENTICATION_REQUIRED: it gives no address to authenticate at.

The tests beside this file try the adapter's part in each of these with answers as Stripe words them.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import requests
import stripe

from duebook.gateways.protocol import Credentials, Gateway, SeenCharge, SetupHandle
from duebook.gateways.stripe.adapter import StripeGateway
from tests.gateways.harness import Ability, Behaviour, Card
from tests.gateways.stripe.on_file import APPROVED, REFUSED_WHEN_SAVED, make_card
from tests.gateways.stripe.stand_in import SECRET, StandIn, stand_in

NUMBERS = {Behaviour.APPROVES: APPROVED, Behaviour.REFUSED_WHEN_SAVED: REFUSED_WHEN_SAVED}


class StripeHarness:
    """A running stand-in and the tester's hands at it."""

    name = "stripe"
    cannot = frozenset(
        [
            Ability.FORGET_CARDS,
            Ability.DECLINE_SETUPS,
            Ability.REFUSE_CURRENCIES,
            Ability.REFUSE_SMALL_AMOUNTS,
            Ability.VOID,
            Ability.SETTLE,
            Ability.DISPUTE,
        ]
    )
    behaviours = frozenset(NUMBERS)
    foreign_currency = ""

    def __init__(self, server: StandIn) -> None:
        self.server = server
        self.credentials = Credentials(
            SECRET, public_key="pk_test_12345", webhook_secrets=("whsec_now",), base_url=server.url
        )

    def build(self, credentials: Credentials, *, read_seconds: float = 10) -> Gateway:
        return StripeGateway(credentials, read_seconds=read_seconds)

    def now(self) -> datetime:
        """In whole seconds, in which Stripe counts."""
        return datetime.now(UTC).replace(microsecond=0)

    def card(self, behaviour: Behaviour) -> Card:
        card = make_card(self.server.url, NUMBERS[behaviour])
        return Card(card.customer, card.token)

    def type_card(self, setup: SetupHandle, behaviour: Behaviour) -> None:
        """What Stripe's script sends; a browser runs that script in `test_cards.py`."""
        assert setup.script_url == f"{self.server.url}/js.stripe.com/v3/"
        card = {"number": NUMBERS[behaviour], "exp_month": "12", "exp_year": "2031", "cvc": "123"}
        sent = {
            "key": setup.public_key,
            "client_secret": setup.client_secret,
            "payment_method_data": {"type": "card", "card": card},
        }
        url = f"{self.server.url}/v1/setup_intents/{setup.id}/confirm"
        requests.post(url, data=json.dumps(sent), timeout=10).raise_for_status()

    def authenticate(self, charge: SeenCharge) -> None:
        raise NotImplementedError("localstripe has no page for it")

    def message(self, charge: SeenCharge, *, at: datetime) -> bytes:
        event = {
            "id": "evt_1",
            "object": "event",
            "type": "payment_intent.succeeded",
            "created": int(at.timestamp()),
            "livemode": False,
            "data": {"object": {"object": "payment_intent", "id": charge.id}},
        }
        return json.dumps(event).encode()

    def sign(self, body: bytes, *, secret: str, at: datetime) -> Mapping[str, str]:
        # As Latin-1, so that any bytes can be signed; messages are ASCII.
        text, seconds = body.decode("latin-1"), int(at.timestamp())
        return {
            "Stripe-Signature": stripe.WebhookSignature.generate_signature_header(text, secret, seconds),
        }

    def settle(self) -> None:
        raise NotImplementedError("localstripe pays nothing out")

    def open_dispute(self, charge_id: str) -> str:
        raise NotImplementedError("localstripe has no disputes")


@contextmanager
def stripe_harness(folder: Path) -> Iterator[StripeHarness]:
    """A stand-in with an empty book."""
    with stand_in(folder) as server:
        yield StripeHarness(server)
