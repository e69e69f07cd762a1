"""A gateway in memory with a book of its own: what that book says is the truth that ours must equal.

A script says what goes wrong with which call. It judges the protocol; the contract suite judges adapters.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from duebook.domain.money import Money
from duebook.gateways import accounts
from duebook.gateways.models import MerchantAccount
from duebook.gateways.protocol import (
    ChargeRequest,
    Credentials,
    Decline,
    DeclineClass,
    DisputeOutcome,
    GatewayEvent,
    GatewayRefundRequest,
    Guarantees,
    Misconfigured,
    NothingHappened,
    Outcome,
    RefundOutcome,
    SeenAccount,
    SeenCard,
    SeenCharge,
    SeenDispute,
    SeenRefund,
    SeenSettlement,
    SeenSetup,
    SettlementLine,
    SetupHandle,
    SetupOutcome,
)
from duebook.ledger.models import Account
from duebook.payments.models import PaymentMethod
from duebook.staff.sealing import seal
from tests.factories import day

AT = datetime(2026, 1, 1, tzinfo=UTC)
DECLINES = {
    "tok_no_funds": DeclineClass.INSUFFICIENT_FUNDS,
    "tok_stolen": DeclineClass.STOLEN,
}


@dataclass
class Fault:
    """What goes wrong with the next call of that name: before its effect or after it."""

    call: str
    error: type[Exception]
    after_effect: bool = False


@dataclass
class FakeGateway:
    """Charges by id; ``captures`` counts the money movements of each."""

    guarantees: Guarantees = field(
        default_factory=lambda: Guarantees(
            key_window=timedelta(hours=24),
            lookup_is_consistent=True,
            can_void=True,
            longest_processing=timedelta(days=1),
            minimum_minor={"USD": 50},
        )
    )
    charges: dict[str, SeenCharge] = field(default_factory=dict)
    by_key: dict[str, str] = field(default_factory=dict)
    captures: dict[str, int] = field(default_factory=dict)
    refunds: dict[str, SeenRefund] = field(default_factory=dict)
    disputes: dict[str, SeenDispute] = field(default_factory=dict)
    refund_outcome: RefundOutcome = RefundOutcome.SUCCEEDED
    is_settled: bool = False
    script_url: str = ""
    faults: list[Fault] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    setups: dict[str, SeenSetup] = field(default_factory=dict)
    returns: dict[str, str] = field(default_factory=dict)
    pays_now: dict[str, bool] = field(default_factory=dict)
    requests: list[ChargeRequest] = field(default_factory=list)
    forgotten: list[str] = field(default_factory=list)
    settlements: list[SeenSettlement] = field(default_factory=list)
    events: list[GatewayEvent] = field(default_factory=list)
    listed: list[tuple[datetime, datetime]] = field(default_factory=list)
    asked_since: list[date] = field(default_factory=list)
    clock_is_off_by: timedelta | None = None
    on_call: Callable[[str], None] = field(default=lambda call: None)

    def fail(self, call: str, error: type[Exception], *, after_effect: bool = False) -> None:
        """Script a fault of the next call of that name."""
        self.faults.append(Fault(call, error, after_effect))

    def taken_minor(self) -> int:
        """All money that the book says was taken from cards."""
        return sum(self.charges[pk].captured_minor * times for pk, times in self.captures.items())

    @contextmanager
    def _call(self, name: str) -> Iterator[None]:
        self.calls.append(name)
        self.on_call(name)
        fault = next((one for one in self.faults if one.call == name), None)
        if fault is not None:
            self.faults.remove(fault)
            if not fault.after_effect:
                raise fault.error("scripted")
        yield
        if fault is not None:
            raise fault.error("scripted")

    def create(self, request: ChargeRequest) -> SeenCharge:
        with self._call("create"):
            if request.key not in self.by_key:
                pk = f"ch_{len(self.charges) + 1}"
                self.by_key[request.key] = pk
                self.charges[pk] = SeenCharge(
                    pk,
                    Outcome.NOT_CONFIRMED,
                    request.amount,
                    request.reference,
                    timezone.now(),
                    card=SeenCard(request.token, request.customer, "visa", "4242", 12, 2040),
                    debts=request.debts,
                    raw={"id": pk},
                )
        made = self.charges[self.by_key[request.key]]
        if self.clock_is_off_by is None:
            return made
        return replace(made, answered_at=datetime.now(UTC) + self.clock_is_off_by)

    def confirm(self, charge_id: str, request: ChargeRequest) -> SeenCharge:
        self.requests.append(request)
        with self._call("confirm"):
            self._confirm(charge_id, request.token.partition("/")[0])
        return self.charges[charge_id]

    def _confirm(self, charge_id: str, token: str) -> None:
        charge = self.charges[charge_id]
        if charge.outcome is Outcome.CANCELLED:
            raise NothingHappened("it was cancelled")
        if charge.outcome is not Outcome.NOT_CONFIRMED:
            return
        if token in DECLINES:
            changed: dict[str, Any] = {
                "outcome": Outcome.DECLINED,
                "decline": Decline(DECLINES[token], "scripted", "No."),
            }
        elif token == "tok_action":
            changed = {"outcome": Outcome.REQUIRES_ACTION, "action_url": "https://bank.example/3ds"}
        elif token == "tok_slow":
            changed = {"outcome": Outcome.PROCESSING}
        else:
            self.captures[charge_id] = self.captures.get(charge_id, 0) + 1
            changed = {"outcome": Outcome.SUCCEEDED, "captured_minor": charge.amount.minor}
        self.charges[charge_id] = replace(charge, **changed)

    def succeed(self, charge_id: str) -> None:
        """The customer has authenticated, or the processing has ended."""
        charge = self.charges[charge_id]
        self.captures[charge_id] = self.captures.get(charge_id, 0) + 1
        self.charges[charge_id] = replace(
            charge, outcome=Outcome.SUCCEEDED, captured_minor=charge.amount.minor, action_url=""
        )

    def fetch(self, charge_id: str) -> SeenCharge:
        with self._call("fetch"):
            if charge_id not in self.charges:
                raise NothingHappened("there is no such charge")
        return self.charges[charge_id]

    def cancel(self, charge_id: str) -> SeenCharge:
        with self._call("cancel"):
            charge = self.charges[charge_id]
            if charge.outcome in (Outcome.NOT_CONFIRMED, Outcome.REQUIRES_ACTION):
                self.charges[charge_id] = replace(charge, outcome=Outcome.CANCELLED)
        return self.charges[charge_id]

    def refund(self, request: GatewayRefundRequest) -> SeenRefund:
        with self._call("refund"):
            self._give_back(request)
        return self.refunds[request.key]

    def _give_back(self, request: GatewayRefundRequest) -> None:
        if request.key in self.refunds:
            return
        charge = self.charges[request.charge_id]
        if request.amount.minor > charge.captured_minor - charge.refunded_minor:
            raise NothingHappened("more than was captured")
        self.charges[charge.id] = replace(charge, refunded_minor=charge.refunded_minor + request.amount.minor)
        self.refunds[request.key] = SeenRefund(
            f"re_{len(self.refunds) + 1}",
            charge.id,
            self.refund_outcome,
            request.amount,
            request.reference,
            AT,
        )

    def given_back_minor(self) -> int:
        """All money that the book says went back to cards."""
        return sum(refund.amount.minor for refund in self.refunds.values())

    def fetch_refund(self, refund_id: str) -> SeenRefund:
        with self._call("fetch_refund"):
            return next(refund for refund in self.refunds.values() if refund.id == refund_id)

    def list_refunds(self, charge_id: str) -> Iterable[SeenRefund]:
        with self._call("list_refunds"):
            return [refund for refund in self.refunds.values() if refund.charge_id == charge_id]

    def void(self, request: GatewayRefundRequest) -> SeenRefund:
        with self._call("void"):
            if self.is_settled:
                raise NothingHappened("it is settled")
            self._give_back(request)
        return self.refunds[request.key]

    def begin_setup(
        self, *, reference: str, customer: str, name: str, email: str, return_url: str, pays_now: bool
    ) -> SetupHandle:
        with self._call("begin_setup"):
            pk = f"seti_{len(self.setups) + 1}"
            owner = customer or f"cus_of_{pk}"
            self.setups[pk] = SeenSetup(pk, SetupOutcome.WAITING, owner, reference)
            self.returns[pk] = return_url
            self.pays_now[pk] = pays_now
        return SetupHandle(pk, owner, **self.fields_of(pk))

    def fields_of(self, setup_id: str) -> dict[str, str]:
        """Where the card is typed: a page of the gateway, or fields by a script when ``scripted``."""
        if not self.script_url:
            return {"page_url": f"https://gateway.example/setup/{setup_id}"}
        return {"script_url": self.script_url, "public_key": "pk_1", "client_secret": f"{setup_id}_secret"}

    def type_card(self, setup_id: str = "seti_1", token: str = "tok_ok", **fields: Any) -> None:
        """The customer types a card, and the gateway saves it."""
        setup = self.setups[setup_id]
        card = SeenCard(
            **{
                "token": token,
                "customer": setup.customer,
                "brand": "visa",
                "last_four": "4242",
                "exp_month": 12,
                "exp_year": 2040,
                "fingerprint": "fp_4242",
                **fields,
            }
        )
        self.setups[setup_id] = replace(setup, outcome=SetupOutcome.SAVED, card=card, decline=None)

    def refuse_card(self, setup_id: str = "seti_1", kind: DeclineClass = DeclineClass.STOLEN) -> None:
        """The customer types a card, and the gateway refuses it."""
        decline = Decline(kind, "scripted", "No.")
        self.setups[setup_id] = replace(self.setups[setup_id], outcome=SetupOutcome.DECLINED, decline=decline)

    def fetch_setup(self, setup_id: str) -> SeenSetup:
        with self._call("fetch_setup"):
            if setup_id not in self.setups:
                raise NothingHappened("there is no such setup")
        return self.setups[setup_id]

    def forget_card(self, token: str) -> None:
        with self._call("forget_card"):
            self.forgotten.append(token)

    def verify_webhook(self, body: bytes, headers: Mapping[str, str], *, now: datetime) -> GatewayEvent:
        raise Misconfigured("not in this fake")

    def list_events(self, *, since: datetime) -> Iterable[GatewayEvent]:
        with self._call("list_events"):
            return [event for event in self.events if event.occurred_at >= since]

    def list_charges(self, *, since: datetime, until: datetime) -> Iterable[SeenCharge]:
        with self._call("list_charges"):
            self.listed.append((since, until))
        return [charge for charge in self.charges.values() if since <= charge.created_at <= until]

    def fetch_dispute(self, dispute_id: str) -> SeenDispute:
        with self._call("fetch_dispute"):
            if dispute_id not in self.disputes:
                raise NothingHappened("there is no such dispute")
        return self.disputes[dispute_id]

    def open_dispute(self, charge_id: str = "ch_1", minor: int | None = None, **fields: Any) -> str:
        """The customer's bank asks for money of the charge, which the gateway takes at once, with a fee."""
        pk = f"dp_{len(self.disputes) + 1}"
        amount = Money(minor or self.charges[charge_id].captured_minor, "USD")
        self.disputes[pk] = SeenDispute(
            **{
                "id": pk,
                "charge_id": charge_id,
                "outcome": DisputeOutcome.OPEN,
                "amount": amount,
                "taken_minor": amount.minor,
                "fee_minor": 1500,
                "reason": "product_not_received",
                "opened_at": AT,
                "raw": {"id": pk},
                **fields,
            }
        )
        return pk

    def decide_dispute(self, dispute_id: str = "dp_1", outcome: str = "lost", **fields: Any) -> None:
        """Lost, it stays as it is; won, amount and fee come back."""
        back = {"taken_minor": 0, "fee_minor": 0} if outcome == "won" else {}
        changed = {"outcome": DisputeOutcome(outcome), **back, **fields}
        self.disputes[dispute_id] = replace(self.disputes[dispute_id], **changed)

    def disputed_minor(self) -> int:
        """All money that the book says disputes have taken."""
        return sum(dispute.taken_minor for dispute in self.disputes.values())

    def list_settlements(self, *, since: date) -> Iterable[SeenSettlement]:
        with self._call("list_settlements"):
            self.asked_since.append(since)
        return [one for one in self.settlements if one.paid_on >= since]

    def pay_out(self, *lines: SettlementLine, **fields: Any) -> SeenSettlement:
        """Settle these lines: gross less fees, today."""
        gross, fee = sum(line.gross_minor for line in lines), sum(line.fee_minor for line in lines)
        made = {
            "id": f"st_{len(self.settlements) + 1}",
            "currency": "USD",
            "gross_minor": gross,
            "fee_minor": fee,
            "net_minor": gross - fee,
            "paid_on": day(),
            "lines": lines,
            **fields,
        }
        self.settlements.append(SeenSettlement(**made))
        return self.settlements[-1]

    def send_back(self, settlement_id: str = "st_1", **fields: Any) -> SeenSettlement:
        """The bank does not take a settlement, which the processor tells from then on."""
        back = {"returned_on": day(), "return_reason": "The account is closed.", **fields}
        for number, one in enumerate(self.settlements):
            if one.id == settlement_id:
                self.settlements[number] = replace(one, **back)
                return self.settlements[number]
        raise LookupError(settlement_id)

    def check(self) -> SeenAccount:
        return SeenAccount("acct_1", "Fake", live=False)

    def __call__(self, credentials: Credentials, /) -> "FakeGateway":
        """As an adapter makes its gateway: the same for every account."""
        return self


def install(monkeypatch: pytest.MonkeyPatch) -> FakeGateway:
    """Put one fake in the place of the sandbox's adapter."""
    fake = FakeGateway()
    monkeypatch.setitem(accounts._ADAPTERS, MerchantAccount.Adapters.SANDBOX, lambda: fake)
    return fake


def make_merchant_account(name: str = "Sandbox", **fields: Any) -> MerchantAccount:
    clearing, _ = Account.objects.get_or_create(
        code="1021", defaults={"id": 1001, "name": f"Card clearing {name}", "kind": "asset"}
    )
    return MerchantAccount.objects.create(
        **{
            "name": name,
            "adapter": "sandbox",
            "sealed_secret": seal("sk", purpose=accounts.PURPOSE),
            "clearing_account": clearing,
            **fields,
        }
    )


def make_card(contact: Any, token: str = "tok_ok", **fields: Any) -> PaymentMethod:
    account = fields.pop("merchant_account", None) or (
        MerchantAccount.objects.first() or make_merchant_account()
    )
    return PaymentMethod.objects.create(
        **{
            "contact": contact,
            "merchant_account": account,
            "token": token,
            "customer": "cus_1",
            "brand": "Visa",
            "last_four": "4242",
            "exp_month": 12,
            "exp_year": 2040,
            **fields,
        }
    )
