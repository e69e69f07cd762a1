"""What the contract suite needs to know of a gateway's server in order to try its adapter.

A gateway joins the suite with one module, `tests/gateways/<name>/harness.py`, in which a context manager
starts the server on a free port of this machine and yields a Harness, and with one line in `HARNESSES` of
`tests/gateways/conftest.py`. The server is started once for each test module and keeps its book: tests use
references of their own and never count all that is there.

What the server at hand cannot do is said in `cannot`; a test that needs it is left out for that gateway. It
is about the server, not the adapter: localstripe pays nothing out, so it cannot SETTLE, whatever the adapter
can read.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import ClassVar, Protocol

from duebook.gateways.protocol import Credentials, Gateway, SeenCharge, SetupHandle


class Behaviour(Enum):
    """What a test card does; each gateway has numbers of its own for them."""

    APPROVES = "approves"
    INSUFFICIENT_FUNDS = "declines: insufficient funds"
    EXPIRED = "declines: expired"
    STOLEN = "declines: stolen"
    NEVER_APPROVE = "is saved and then declined for good"
    AUTHENTICATION_REQUIRED = "asks for authentication"
    REFUSED_WHEN_SAVED = "is refused when it is saved"


class Ability(Enum):
    """What a server may be unable to do, so that a test of it says nothing about the adapter."""

    KEEP_KEYS = "does once what is sent twice under one key"
    COMPARE_KEYS = "refuses other parameters under a key that it knows"
    REFUSE_OVER_REFUNDS = "refuses to give back more than was captured"
    CANCEL_CHARGES = "cancels a charge that is not confirmed"
    LIST_EVENTS = "keeps its events for asking"
    LIST_BY_TIME = "lists the charges of a span of time"
    FORGET_CARDS = "forgets a card"
    DECLINE_SETUPS = "refuses a card when it is saved"
    CHECK_SECRETS = "refuses a wrong secret"
    REFUSE_CURRENCIES = "refuses a currency that the account lacks"
    REFUSE_SMALL_AMOUNTS = "refuses an amount below its minimum"
    VOID = "takes a whole charge back before it is settled"
    SETTLE = "pays out to the business"
    DISPUTE = "opens disputes"


@dataclass(frozen=True, slots=True)
class Card:
    """A card that is on file: what a charge names."""

    customer: str
    token: str


class Harness(Protocol):
    """A running server of a gateway, and the tester's hands at it."""

    name: str
    cannot: ClassVar[frozenset[Ability]]
    behaviours: ClassVar[frozenset[Behaviour]]
    """The cards that it has."""
    credentials: Credentials
    """Right ones, with one webhook secret; tests replace parts of them."""
    foreign_currency: str
    """One that the account lacks; empty where it cannot REFUSE_CURRENCIES."""

    def build(self, credentials: Credentials, *, read_seconds: float = 10) -> Gateway:
        """An adapter for these credentials, that waits so long for an answer."""

    def now(self) -> datetime:
        """The time by the server's clock."""

    def card(self, behaviour: Behaviour) -> Card:
        """A card on file of a customer of its own."""

    def type_card(self, setup: SetupHandle, behaviour: Behaviour) -> None:
        """As the customer: type a card of that behaviour into the gateway's fields and save it."""

    def authenticate(self, charge: SeenCharge) -> None:
        """As the customer: pass the authentication that a charge asks for at its action_url."""

    def message(self, charge: SeenCharge, *, at: datetime) -> bytes:
        """The body of a webhook about a charge, as the gateway words it."""

    def sign(self, body: bytes, *, secret: str, at: datetime) -> Mapping[str, str]:
        """The headers under which the gateway would send a body at that time."""

    def settle(self) -> None:
        """Let the gateway pay out what it holds. Called only where it can SETTLE."""

    def open_dispute(self, charge_id: str) -> str:
        """Let the customer's bank dispute a charge; returns the dispute's id. Called only where it can."""
