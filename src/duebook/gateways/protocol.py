"""What Duebook asks of a card processor, and in which words it gets its answers.

    GatewayError
    ├── NothingHappened    provably no money moved: the request never arrived or was refused as it stood
    │   ├── NoSuchObject   and the gateway has nothing of that id
    │   └── Misconfigured  and will be until someone mends the account: a wrong secret, a currency
    ├── Busy               the same request is being worked on, or too many are: ask again with the same key
    └── OutcomeUnknown     it may have happened: ask, never send anew under another key

A decline is an answer, not an error. An adapter never retries by itself, holds no state but its account's
secrets, and never touches Duebook's database.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any, Protocol

from duebook.domain.money import Money
from duebook.domain.settlements import LineKind


class GatewayError(Exception):
    """The gateway gave no usable answer; ``reason`` is for staff, in English, without secrets."""

    def __init__(self, reason: str, *, code: str = "") -> None:
        self.reason = reason
        self.code = code
        super().__init__(reason)


class NothingHappened(GatewayError):
    """No money moved and none will: the connection was refused, or the request was, as it stood."""


class NoSuchObject(NothingHappened):
    """The gateway says that it has nothing of that id; a refused connection never says so."""


class Misconfigured(NothingHappened):
    """The account must be mended first: a wrong secret, a currency or a right that it lacks."""


class Sealed(Misconfigured):
    """No key opens the account's secrets, so nobody was asked."""


class Busy(GatewayError):
    """Ask again later with the same key: the same request is under way, or too many are."""


class OutcomeUnknown(GatewayError):
    """It may have happened: a time-out after sending, a broken connection, an unreadable answer, a 5xx."""


class WebhookRefused(Exception):
    """The message is not the gateway's: bad signature, too old, from the future, or not readable."""


class Outcome(StrEnum):
    """What a charge came to, as the gateway knows it now."""

    NOT_CONFIRMED = "not confirmed"
    """It exists and nothing moves until it is confirmed."""
    PROCESSING = "processing"
    REQUIRES_ACTION = "requires action"
    """The customer must authenticate at ``action_url``."""
    SUCCEEDED = "succeeded"
    DECLINED = "declined"
    CANCELLED = "cancelled"
    """It will never be carried out."""


class RefundOutcome(StrEnum):
    PROCESSING = "processing"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


class DisputeOutcome(StrEnum):
    OPEN = "open"
    WON = "won"
    LOST = "lost"


class SetupOutcome(StrEnum):
    """What became of saving a card."""

    WAITING = "waiting"
    SAVED = "saved"
    DECLINED = "declined"
    CANCELLED = "cancelled"


class DeclineClass(StrEnum):
    """Why a card was declined, as far as it matters to what may be done next."""

    INSUFFICIENT_FUNDS = "insufficient funds"
    EXPIRED = "expired"
    STOLEN = "stolen"
    NEVER_APPROVE = "never approve"
    AUTHENTICATION_REQUIRED = "authentication required"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Decline:
    """The gateway's refusal: its class, its own code, and its words."""

    kind: DeclineClass
    code: str = ""
    message: str = ""


@dataclass(frozen=True, slots=True)
class SeenCard:
    """A card that the gateway keeps: its token and what may be shown of it."""

    token: str
    customer: str
    brand: str
    last_four: str
    exp_month: int
    exp_year: int
    fingerprint: str = ""


@dataclass(frozen=True, slots=True)
class ChargeRequest:
    """One attempt, frozen before the first call: sent again, it is sent word for word.

    ``key`` makes it safe to repeat; ``reference`` is Duebook's name for the charge, kept in the gateway's
    metadata so that a charge can be found without its id; ``debts``, kept there too, says what it pays of
    which invoice, so that it can be booked where Duebook has lost it. A customer who is present and must
    authenticate comes back to ``return_url``. With ``keeps_card`` they agree to later charges in their
    absence by the same authentication.
    """

    key: str
    reference: str
    amount: Money
    customer: str
    token: str
    description: str = ""
    debts: str = ""
    customer_present: bool = False
    return_url: str = ""
    keeps_card: bool = False


@dataclass(frozen=True, slots=True)
class GatewayRefundRequest:
    """Give back ``amount`` of a charge; frozen and keyed as a charge is."""

    key: str
    reference: str
    charge_id: str
    amount: Money


@dataclass(frozen=True, slots=True)
class SeenCharge:
    """Everything that the gateway says of a charge now; ``raw`` is its answer without anything secret.

    ``debts`` is what the request said. ``answered_at`` is when a new charge was made, by the gateway's clock.
    """

    id: str
    outcome: Outcome
    amount: Money
    reference: str
    created_at: datetime
    captured_minor: int = 0
    refunded_minor: int = 0
    fee_minor: int = 0
    decline: Decline | None = None
    action_url: str = ""
    card: SeenCard | None = None
    live: bool = False
    debts: str = ""
    answered_at: datetime | None = field(default=None, compare=False)
    raw: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SeenRefund:
    """Everything that the gateway says of a refund now."""

    id: str
    charge_id: str
    outcome: RefundOutcome
    amount: Money
    reference: str
    created_at: datetime
    reason: str = ""
    raw: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SeenDispute:
    """A customer's bank asks for the money of a charge back.

    ``taken_minor`` is what the gateway has taken of it as of now, and ``fee_minor`` the fee that it keeps.
    Most take both when the dispute opens and give the amount back when it is won; an inquiry takes nothing.
    """

    id: str
    charge_id: str
    outcome: DisputeOutcome
    amount: Money
    taken_minor: int
    fee_minor: int
    reason: str
    opened_at: datetime
    answer_by: datetime | None = None
    raw: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SetupHandle:
    """A card that is to be saved: the customer types it into the gateway's own fields.

    Either at ``page_url``, or on Duebook's page by the script at ``script_url`` with these two public keys.
    """

    id: str
    customer: str
    page_url: str = ""
    script_url: str = ""
    public_key: str = ""
    client_secret: str = ""


@dataclass(frozen=True, slots=True)
class SeenSetup:
    """What became of saving a card."""

    id: str
    outcome: SetupOutcome
    customer: str
    reference: str
    card: SeenCard | None = None
    decline: Decline | None = None


@dataclass(frozen=True, slots=True)
class SettlementLine:
    """One part of a settlement: ``object_id`` is a charge's, a refund's or a dispute's; amounts signed.

    ``charge_id`` is the charge that it goes back to, where the gateway tells.
    """

    object_id: str
    gross_minor: int
    fee_minor: int
    kind: LineKind = LineKind.OTHER
    charge_id: str = ""


@dataclass(frozen=True, slots=True)
class SeenSettlement:
    """The processor's payment to the business: net is gross less fees, in minor units of one currency.

    Below zero it is the processor that took money from the bank. One that the bank sent back has the day of
    that, and the processor's word for why; it was told as paid before, or was not.
    """

    id: str
    currency: str
    gross_minor: int
    fee_minor: int
    net_minor: int
    paid_on: date
    lines: tuple[SettlementLine, ...] = ()
    returned_on: date | None = None
    return_reason: str = ""


class ObjectKind(StrEnum):
    """What an event is about."""

    CHARGE = "charge"
    REFUND = "refund"
    DISPUTE = "dispute"
    SETUP = "setup"
    SETTLEMENT = "settlement"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class GatewayEvent:
    """Something happened to an object; what, is asked of the gateway, never read from the message."""

    id: str
    kind: str
    object_kind: ObjectKind
    object_id: str
    occurred_at: datetime
    live: bool = False


@dataclass(frozen=True, slots=True)
class SeenAccount:
    """Whose account it is; ``currencies`` is empty where the gateway takes any."""

    id: str
    name: str
    live: bool
    currencies: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Guarantees:
    """What the gateway promises, and so what Duebook may rely on.

    Within ``key_window`` of the first sending, sending again under the same key does it once. Where
    ``lookup_is_consistent``, a charge that ``list_charges`` does not show is not there.
    """

    key_window: timedelta
    lookup_is_consistent: bool
    can_void: bool
    longest_processing: timedelta
    minimum_minor: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Credentials:
    """What an adapter is made of; ``base_url`` is empty for the processor's own address."""

    secret: str = field(repr=False)
    public_key: str = ""
    webhook_secrets: tuple[str, ...] = field(default=(), repr=False)
    base_url: str = ""


class Gateway(Protocol):
    """A card processor as Duebook uses it. Every call may raise a GatewayError."""

    guarantees: Guarantees

    def create(self, request: ChargeRequest) -> SeenCharge:
        """A charge with an id that can be asked for, before any money moves: NOT_CONFIRMED."""

    def confirm(self, charge_id: str, request: ChargeRequest) -> SeenCharge:
        """Carry the charge out. A decline is an answer."""

    def fetch(self, charge_id: str) -> SeenCharge:
        """The charge as it is now. Raises NoSuchObject where there is none of that id."""

    def cancel(self, charge_id: str) -> SeenCharge:
        """See to it that an unfinished charge never happens; one that happened is returned as it is."""

    def refund(self, request: GatewayRefundRequest) -> SeenRefund:
        """Give money back. Raises NothingHappened where the gateway refuses."""

    def fetch_refund(self, refund_id: str) -> SeenRefund: ...

    def list_refunds(self, charge_id: str) -> Iterable[SeenRefund]: ...

    def void(self, request: GatewayRefundRequest) -> SeenRefund:
        """Take a whole charge back before it is settled. Raises NothingHappened where it is too late."""

    def begin_setup(
        self, *, reference: str, customer: str, name: str, email: str, return_url: str, pays_now: bool
    ) -> SetupHandle:
        """Begin to save a card for later; an empty ``customer`` makes a new one at the gateway.

        ``pays_now``: the customer stays and the card is charged at once. Then the gateway need not have the
        bank ask them now and again when it is charged.
        """

    def fetch_setup(self, setup_id: str) -> SeenSetup:
        """What became of it; once SAVED the card can be charged."""

    def forget_card(self, token: str) -> None:
        """The gateway need not keep this card; it is no error if it does not."""

    def verify_webhook(self, body: bytes, headers: Mapping[str, str], *, now: datetime) -> GatewayEvent:
        """The event in a message as it came. Raises WebhookRefused."""

    def list_events(self, *, since: datetime) -> Iterable[GatewayEvent]:
        """The events since then, the oldest first."""

    def list_charges(self, *, since: datetime, until: datetime) -> Iterable[SeenCharge]:
        """The charges created in that time, in any order, with their references."""

    def fetch_dispute(self, dispute_id: str) -> SeenDispute: ...

    def list_settlements(self, *, since: date) -> Iterable[SeenSettlement]:
        """Those paid since that day, with what each consists of; those that the bank sent back, too."""

    def check(self) -> SeenAccount:
        """Whether the secret works. Raises Misconfigured, NothingHappened."""
