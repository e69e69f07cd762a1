"""What charging a card costs beside the gateway's own time, and many at once while the gateway is slow.

Alone and at once, the gateway stands in this process and answers from memory, so that all that is measured is
Duebook's; over HTTP it is a server that the web server asks.
"""

import itertools
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, cast
from unittest import mock
from urllib.parse import urlencode
from uuid import uuid4

import psycopg
from django.db import connection
from django.test.utils import CaptureQueriesContext

from bench.http_load import load, post
from bench.rounds import Measured, Taken, Work, repeat
from bench.scene import ACTOR, AMOUNT, OpenOne, Scene
from bench.sites import WORKERS, Sites
from bench.slow_gateway import running_gateway
from bench.staff_session import FORMS, fetch_form, sign_in
from bench.table import Line
from duebook.domain.charging import ChargeInput, ChargeState
from duebook.domain.payment_kinds import PaymentKind
from duebook.domain.recording import Share
from duebook.gateways.account_details import MerchantAccountDetails
from duebook.gateways.models import MerchantAccount
from duebook.gateways.protocol import ChargeRequest, Credentials, Guarantees, Outcome, SeenAccount, SeenCharge
from duebook.gateways.services.add_merchant_account import add_merchant_account
from duebook.jobs.web_server import THREADS
from duebook.payments.models import PaymentMethod, PaymentType
from duebook.payments.services.charge_card import charge_card

ACCOUNT = "Bench"
CLIENTS = 32
CONNECTIONS = WORKERS * THREADS
GATEWAY_SECONDS = 0.3
WATCH_SECONDS = 0.05
WARM_SECONDS = 10
"""Until each of the server's threads has carried out so many charges that the database keeps its plans."""

_OPEN_TRANSACTIONS = """
SELECT count(*), coalesce(max(extract(epoch FROM clock_timestamp() - xact_start)), 0)
  FROM pg_stat_activity
 WHERE datname = current_database() AND pid <> pg_backend_pid() AND xact_start IS NOT NULL
   AND backend_type = 'client backend'
"""

Turns = Callable[[Mapping[str, Work]], dict[str, Measured]]


@dataclass
class AnsweringGateway:
    """Approves everything, after ``seconds`` of the call that moves the money."""

    guarantees: Guarantees = field(
        default_factory=lambda: Guarantees(
            key_window=timedelta(hours=24),
            lookup_is_consistent=True,
            can_void=True,
            longest_processing=timedelta(days=1),
        )
    )
    seconds: float = 0.0

    def create(self, request: ChargeRequest) -> SeenCharge:
        now = datetime.now(UTC)
        return SeenCharge(f"bench_{uuid4()}", Outcome.NOT_CONFIRMED, request.amount, request.reference, now)

    def confirm(self, charge_id: str, request: ChargeRequest) -> SeenCharge:
        if self.seconds:
            time.sleep(self.seconds)
        return replace(
            self.create(request),
            id=charge_id,
            outcome=Outcome.SUCCEEDED,
            captured_minor=request.amount.minor,
        )

    def check(self) -> SeenAccount:
        return SeenAccount("bench", ACCOUNT, live=False)

    def __call__(self, credentials: Credentials, /) -> "AnsweringGateway":
        """As an adapter makes its gateway: the same for every account."""
        return self


@dataclass(frozen=True)
class ChargeBench:
    """One run on the books of the other measurements; ``turns`` lets works take their turns."""

    rows: psycopg.Connection
    scene: Scene
    seconds: float
    rounds: int
    turns: Turns
    say: Callable[[str], None]

    def run(self) -> list[Line]:
        """Measure one charge at a time, then many at once."""
        gateway = AnsweringGateway()
        with in_place(gateway):
            cards = _Cards(self.scene)
            lines = self._one(cards)
            self.say(f"{CLIENTS} clients that charge cards at a gateway of {GATEWAY_SECONDS:.1f} s")
            gateway.seconds = GATEWAY_SECONDS
            return lines + self._many(cards)

    def _one(self, cards: "_Cards") -> list[Line]:
        measured = self.turns(
            {
                "charge": repeat(lambda: _charge(self.scene.any(), cards, self.scene.today)),
                "record": repeat(self.scene.record),
            }
        )
        with CaptureQueriesContext(connection) as queries:
            _charge(self.scene.any(), cards, self.scene.today)
        charge = measured["charge"]
        return [
            Line(
                "charge a card, less the gateway's time",
                charge.median_of_rounds_ms(),
                "ms",
                target=15,
                at_most=True,
                note=f"recording the same takes {measured['record'].median_of_rounds_ms():.1f} ms",
            ),
            Line("  its p99", charge.percentile_ms(99), "ms"),
            Line("  its round trips, with BEGIN and COMMIT", len(queries), ""),
        ]

    def over_http(self, sites: Sites) -> list[Line]:
        """Charge by the payment form of a running server, at a gateway that the server asks over HTTP."""
        self.say(f"{CONNECTIONS} connections that charge cards over HTTP")
        with running_gateway(GATEWAY_SECONDS) as gateway:
            cards = _Cards(self.scene)
            MerchantAccount.objects.filter(name=ACCOUNT).update(base_url=gateway.url)
            work = load(
                sites.duebook,
                connections=CONNECTIONS,
                next_request=_posts(sites.duebook, self.scene, cards),
                expected=frozenset({302}),
            )
            work(WARM_SECONDS)
            watched = []
            measured = Measured()
            for number in range(self.rounds):
                with _watching_transactions(self.rows) as seen:
                    measured.taken.append(work(max(3.0, self.seconds)))
                watched.append(seen)
                self.say(f"  round {number + 1} of {self.rounds}")
        return [
            Line(
                f"charges over HTTP with a gateway of {1000 * GATEWAY_SECONDS:.0f} ms",
                measured.rate,
                "/s",
                target=50,
                note=f"{CONNECTIONS} connections; {measured.lowest:,.0f} to {measured.highest:,.0f}",
            ),
            Line("  their p50", measured.percentile_ms(50), "ms"),
            *_transactions(watched),
        ]

    def _many(self, cards: "_Cards") -> list[Line]:
        watched = []
        measured = Measured()
        for number in range(self.rounds):
            with _watching_transactions(self.rows) as seen:
                measured.taken.append(_crowd(self.scene, cards, max(3.0, self.seconds)))
            watched.append(seen)
            self.say(f"  round {number + 1} of {self.rounds}")
        return [
            Line(
                f"charges at once with a gateway of {1000 * GATEWAY_SECONDS:.0f} ms",
                measured.rate,
                "/s",
                target=50,
                note=f"{CLIENTS} clients; {measured.lowest:,.0f} to {measured.highest:,.0f}",
            ),
            *_transactions(watched),
        ]


class _Cards:
    """A card on file for each contact of the scene, made when it is first charged."""

    def __init__(self, scene: Scene) -> None:
        self._account = MerchantAccount.objects.filter(name=ACCOUNT).first() or add_merchant_account(
            details=MerchantAccountDetails(
                name=ACCOUNT, secret=f"sk_test_{uuid4()}", base_url="http://127.0.0.1:9"
            ),
            adapter=MerchantAccount.Adapters.SANDBOX,
            request_key=str(uuid4()),
            actor=ACTOR,
        )
        contacts = {one.contact_id for one in scene.invoices}
        rows = PaymentMethod.objects.filter(merchant_account=self._account)
        missing = contacts - set(rows.values_list("contact_id", flat=True))
        PaymentMethod.objects.bulk_create(
            PaymentMethod(
                contact_id=pk,
                merchant_account=self._account,
                token=f"card-{pk}",
                brand="visa",
                last_four="4242",
                exp_month=12,
                exp_year=2060,
            )
            for pk in sorted(missing)
        )
        self.of_contact = dict(rows.values_list("contact_id", "pk"))


def _charge(one: OpenOne, cards: _Cards, today: date) -> None:
    charge = charge_card(
        wanted=ChargeInput(
            contact_id=one.contact_id,
            payment_method_id=cards.of_contact[one.contact_id],
            shares=(Share(one.invoice_id, AMOUNT),),
        ),
        request_key=str(uuid4()),
        actor=ACTOR,
        on=today,
    )
    if charge.state != ChargeState.SUCCEEDED.value:
        raise AssertionError(f"{charge} is {charge.state}: {charge.problem}")


def _crowd(scene: Scene, cards: _Cards, seconds: float) -> Taken:
    """Each client charges for invoices of its own, one after the other."""
    own = [scene.invoices[n::CLIENTS] for n in range(CLIENTS)]
    each: list[float] = []

    def client(invoices: list[OpenOne]) -> None:
        try:
            for one in itertools.cycle(invoices):
                begun = time.perf_counter()
                if begun >= deadline:
                    return
                _charge(one, cards, scene.today)
                each.append(1000 * (time.perf_counter() - begun))
        finally:
            connection.close()

    with ThreadPoolExecutor(CLIENTS) as pool:
        started = time.perf_counter()
        deadline = started + seconds
        list(pool.map(client, own))
        return Taken(len(each), time.perf_counter() - started, each)


@dataclass
class _Watched:
    """How many transactions were open each time that was looked, and the age in seconds of the oldest."""

    counts: list[int] = field(default_factory=lambda: [0])
    oldest: float = 0.0

    @property
    def early(self) -> float:
        return _mean(self.counts[: len(self.counts) // 2])

    @property
    def late(self) -> float:
        return _mean(self.counts[len(self.counts) // 2 :])


def _mean(counts: list[int]) -> float:
    return sum(counts) / max(1, len(counts))


def _transactions(watched: list[_Watched]) -> list[Line]:
    early = sum(each.early for each in watched) / len(watched)
    late = sum(each.late for each in watched) / len(watched)
    return [
        Line(
            "  the oldest transaction open meanwhile",
            max(1000 * each.oldest for each in watched),
            "ms",
            target=1000 * GATEWAY_SECONDS,
            at_most=True,
            note=f"at most {max(max(each.counts) for each in watched)} open at once",
        ),
        Line(
            "  open transactions, second half of the time",
            late,
            "",
            "first half",
            early,
            late / max(1.0, early),
            target=1.5,
            at_most=True,
        ),
    ]


def _posts(port: int, scene: Scene, cards: _Cards) -> Callable[[], bytes]:
    """Each call gives the request that confirms one more charge, of one invoice after the other."""
    cookies = sign_in()
    own = {one.contact_id: one for one in scene.invoices}
    forms = [(one, *fetch_form(port, cookies, one)) for one in itertools.islice(own.values(), FORMS)]
    turns = itertools.cycle(forms)

    def next_post() -> bytes:
        one, path, kept, values = next(turns)
        card = cards.of_contact[one.contact_id]
        body = {
            **{name: value for name, value in values.items() if not name.startswith("seen")},
            "request_key": str(uuid4()),
            "payment_type": charge_type,
            "payment_method": str(card),
            "amount": f"{AMOUNT.minor // 100}.{AMOUNT.minor % 100:02d}",
            "confirmed": f"{card}:{one.invoice_id}={AMOUNT.minor}{AMOUNT.currency}",
        }
        return post(path, urlencode(body), cookies=kept)

    charge_type = str(PaymentType.objects.get(kind=PaymentKind.CHARGE_NOW.value).pk)
    return next_post


@contextmanager
def _watching_transactions(rows: psycopg.Connection) -> Iterator[_Watched]:
    watched = _Watched()
    ended = threading.Event()

    def watch() -> None:
        while not ended.wait(WATCH_SECONDS):
            count, age = cast(tuple[int, Any], rows.execute(_OPEN_TRANSACTIONS).fetchone())
            watched.counts.append(count)
            watched.oldest = max(watched.oldest, float(age))

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield watched
    finally:
        ended.set()
        watcher.join()


@contextmanager
def in_place(gateway: AnsweringGateway) -> Iterator[None]:
    """Every account of the sandbox's kind speaks with this gateway."""
    adapters = {MerchantAccount.Adapters.SANDBOX: lambda: gateway}
    with mock.patch("duebook.gateways.accounts._ADAPTERS", adapters):
        yield
