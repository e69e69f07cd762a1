"""The sandbox as a Gateway.

Creating and confirming are two requests, so each has a key of its own made from the charge's. A replayed
answer says how things stood when the key was first used; the charge is then asked for as it stands now.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, TypeVar
from urllib.parse import quote

from duebook.domain.money import Money
from duebook.gateways.protocol import (
    ChargeRequest,
    Credentials,
    GatewayEvent,
    GatewayRefundRequest,
    Guarantees,
    NothingHappened,
    OutcomeUnknown,
    SeenAccount,
    SeenCharge,
    SeenDispute,
    SeenRefund,
    SeenSettlement,
    SeenSetup,
    SetupHandle,
    WebhookRefused,
)
from duebook.gateways.sandbox import answers
from duebook.gateways.sandbox.answers import read
from duebook.gateways.sandbox.signatures import signed_values
from duebook.gateways.sandbox.transport import Answer, Transport

DEFAULT_URL = "http://127.0.0.1:8100"
NOT_FOUND = "no_such_card"

Seen = TypeVar("Seen")
SeenMoney = TypeVar("SeenMoney", SeenCharge, SeenRefund)


class SandboxGateway:
    """One account with the sandbox."""

    guarantees = Guarantees(
        key_window=timedelta(hours=24),
        lookup_is_consistent=True,
        can_void=True,
        longest_processing=timedelta(minutes=1),
        minimum_minor={"USD": 50, "EUR": 50},
    )

    def __init__(
        self, credentials: Credentials, *, connect_seconds: float = 2, read_seconds: float = 10
    ) -> None:
        self._webhook_secrets = credentials.webhook_secrets
        self._transport = Transport(credentials, DEFAULT_URL, connect_seconds, read_seconds)

    def create(self, request: ChargeRequest) -> SeenCharge:
        """A charge that nothing moves for yet."""
        body = {
            **_amount(request.amount),
            "customer": request.customer,
            "card": request.token,
            "reference": request.reference,
            "description": request.description,
            "debts": request.debts,
            "customer_present": request.customer_present,
            **({"return_url": request.return_url} if request.customer_present else {}),
        }
        answer = self._transport.send("POST", "/charges", key=f"{request.key}/create", body=body)
        return replace(self._charge(answer, request), answered_at=answer.answered_at)

    def confirm(self, charge_id: str, request: ChargeRequest) -> SeenCharge:
        """Carry it out."""
        path = f"/charges/{quote(charge_id, safe='')}/confirm"
        answer = self._transport.send(
            "POST", path, key=f"{request.key}/confirm", body=_amount(request.amount)
        )
        return self._charge(answer, request)

    def fetch(self, charge_id: str) -> SeenCharge:
        """The charge as it is now."""
        return self._get(answers.charge, f"/charges/{quote(charge_id, safe='')}")

    def cancel(self, charge_id: str) -> SeenCharge:
        """See to it that it never happens, unless it has."""
        path = f"/charges/{quote(charge_id, safe='')}/cancel"
        return read(answers.charge, self._transport.send("POST", path, body={}).values)

    def refund(self, request: GatewayRefundRequest) -> SeenRefund:
        """Give money back."""
        return self._give_back(request, "refunds")

    def void(self, request: GatewayRefundRequest) -> SeenRefund:
        """Take a whole charge back before it is settled."""
        return self._give_back(request, "void")

    def fetch_refund(self, refund_id: str) -> SeenRefund:
        """The refund as it is now."""
        return self._get(answers.refund, f"/refunds/{quote(refund_id, safe='')}")

    def list_refunds(self, charge_id: str) -> Iterable[SeenRefund]:
        """All of a charge."""
        answer = self._transport.send("GET", f"/charges/{quote(charge_id, safe='')}/refunds")
        return _each(answers.refund, answer.values, "refunds")

    def begin_setup(
        self, *, reference: str, customer: str, name: str, email: str, return_url: str, pays_now: bool
    ) -> SetupHandle:
        """Begin to save a card on the sandbox's page, where no bank ever asks."""
        body = {
            "reference": reference,
            "customer": customer,
            "name": name,
            "email": email,
            "return_url": return_url,
        }
        values = self._transport.send("POST", "/setups", body=body).values
        return read(lambda seen: SetupHandle(seen["id"], seen["customer"], seen["page_url"]), values)

    def fetch_setup(self, setup_id: str) -> SeenSetup:
        """What became of it."""
        return self._get(answers.setup, f"/setups/{quote(setup_id, safe='')}")

    def forget_card(self, token: str) -> None:
        """Charge it no more; one that is not there is forgotten already."""
        try:
            self._transport.send("DELETE", f"/cards/{quote(token, safe='')}")
        except NothingHappened as refused:
            if refused.code != NOT_FOUND:
                raise

    def verify_webhook(self, body: bytes, headers: Mapping[str, str], *, now: datetime) -> GatewayEvent:
        """The event in a message. Raises WebhookRefused."""
        values = signed_values(body, headers, secrets=self._webhook_secrets, now=now)
        try:
            return read(answers.event, values)
        except OutcomeUnknown as error:
            raise WebhookRefused("not readable") from error

    def list_events(self, *, since: datetime) -> Iterable[GatewayEvent]:
        """The events since then, the oldest first."""
        return self._pages(answers.event, "/events", "events", {"since": _instant(since)})

    def list_charges(self, *, since: datetime, until: datetime) -> Iterable[SeenCharge]:
        """The charges created in that time, both ends included."""
        query = {"since": _instant(since), "until": _instant(until)}
        return self._pages(answers.charge, "/charges", "charges", query)

    def fetch_dispute(self, dispute_id: str) -> SeenDispute:
        """The dispute as it is now."""
        return self._get(answers.dispute, f"/disputes/{quote(dispute_id, safe='')}")

    def list_settlements(self, *, since: date) -> Iterable[SeenSettlement]:
        """Those paid since that day."""
        answer = self._transport.send("GET", "/settlements", query={"since": since.isoformat()})
        return _each(answers.settlement, answer.values, "settlements")

    def check(self) -> SeenAccount:
        """Whether the secret works."""
        return self._get(answers.account, "/account")

    def _charge(self, answer: Answer, request: ChargeRequest) -> SeenCharge:
        seen = _as_asked(read(answers.charge, answer.values), request.amount)
        return _as_asked(self.fetch(seen.id), request.amount) if answer.replayed else seen

    def _give_back(self, request: GatewayRefundRequest, name: str) -> SeenRefund:
        path = f"/charges/{quote(request.charge_id, safe='')}/{name}"
        body = {**_amount(request.amount), "reference": request.reference}
        answer = self._transport.send("POST", path, key=f"{request.key}/{name}", body=body)
        seen = _as_asked(read(answers.refund, answer.values), request.amount)
        return _as_asked(self.fetch_refund(seen.id), request.amount) if answer.replayed else seen

    def _get(self, view: Callable[[Mapping[str, Any]], Seen], path: str) -> Seen:
        return read(view, self._transport.send("GET", path).values)

    def _pages(
        self, view: Callable[[Mapping[str, Any]], Seen], path: str, name: str, query: dict[str, str]
    ) -> Iterator[Seen]:
        more = True
        while more:
            values = self._transport.send("GET", path, query=query).values
            yield from _each(view, values, name)
            last = read(lambda seen: _last(seen, name), values)
            more, query = bool(last), {**query, "after": last}


def _last(values: Mapping[str, Any], name: str) -> str:
    """The last id of a page that another one follows, else nothing."""
    return str(values[name][-1]["id"]) if values["more"] else ""


def _each(
    view: Callable[[Mapping[str, Any]], Seen], values: Mapping[str, Any], name: str
) -> tuple[Seen, ...]:
    return read(lambda seen: tuple(view(item) for item in seen[name]), values)


def _as_asked(seen: SeenMoney, amount: Money) -> SeenMoney:
    """What was seen, if it is of the amount that was asked for."""
    if seen.amount != amount:
        raise OutcomeUnknown("The card processor's answer is about another amount.", code="amount_differs")
    return seen


def _amount(amount: Money) -> dict[str, Any]:
    return {"amount_minor": amount.minor, "currency": amount.currency}


def _instant(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat()
