"""A thousand charges while the web server and the worker are killed at random: the books still are equal.

The sandbox misbehaves meanwhile, the programs run as `duebook serve` runs them, clients repeat what got no
answer under the same request key, and the worker alone brings every charge to its end.
"""

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
import requests
from django.conf import settings
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from duebook.domain.charging import OPEN_STATES, ChargeInput
from duebook.domain.recording import Share
from duebook.gateways.accounts import PURPOSE
from duebook.gateways.models import MerchantAccount, WebhookMessage
from duebook.invoices.models import Invoice
from duebook.jobs import programs
from duebook.jobs.programs import Program
from duebook.jobs.tasks import retry_stalled_jobs
from duebook.jobs.web_server import wait_until_healthy, web_program
from duebook.payments.models import Charge, Payment, PaymentMethod
from duebook.payments.services.prepare_charge import prepare_charge
from duebook.staff.sealing import seal
from tests.factories import SYSTEM, day, key, make_contact, make_invoice, usd
from tests.gateways.sandbox.server import SECRET, Sandbox, running_sandbox
from tests.jobs.serving import free_port
from tests.past_the_guards import past_the_guards
from tests.payments.fake_gateway import make_card, make_merchant_account
from tests.web.charge_form import choose_charge, sent_by
from tests.web.pages import sign_in

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(900)]

CHARGES = 1000
CLIENTS = 8
INVOICES_OF_EACH = 30
WEBHOOK_SECRET = "whsec_under_fire"
CARDS = ("approves", "approves", "approves", "insufficient funds", "stolen")
CHAOS = {
    "seed": 4,
    "drop_before": 0.04,
    "drop_after": 0.04,
    "error_after": 0.04,
    "busy": 0.03,
    "garbled": 0.03,
}
OPEN = sorted(state.value for state in OPEN_STATES)


@dataclass
class Servers:
    """The programs of one installation; ``kill_one`` ends one as a system without memory does."""

    url: str
    programs: list[Program]
    processes: list[subprocess.Popen[bytes]]
    kills: list[str] = field(default_factory=list)

    def kill_one(self, chance: random.Random) -> None:
        """SIGKILL for a program and all that it started, or for one process of the web server alone."""
        at = chance.randrange(len(self.programs))
        children = _children_of(self.processes[at].pid)
        if children and chance.random() < 0.5:
            with suppress(ProcessLookupError):
                os.kill(chance.choice(children), signal.SIGKILL)
            self.kills.append(f"one process of the {self.programs[at].name}")
            return
        programs.kill(self.processes[at])
        self.kills.append(f"the {self.programs[at].name}")

    def start_again(self) -> None:
        """What the supervisor does, but at once: its pauses grow with each early end."""
        for at, process in enumerate(self.processes):
            if process.poll() is not None:
                programs.kill(process)
                self.processes[at] = programs.start(self.programs[at])


def _children_of(pid: int) -> list[int]:
    found = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [int(child) for child in found.split()]


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    with running_sandbox(tmp_path / "book.sqlite3") as running:
        yield running


@contextmanager
def running_servers(home: Path) -> Iterator[Servers]:
    """The web server and the worker on the database of this test."""
    database = connection.settings_dict
    url = (
        f"postgresql://{database['USER']}@/{database['NAME']}?host={database['HOST']}&port={database['PORT']}"
    )
    env = {
        **{name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"},
        "DATABASE_URL": url,
        "DUEBOOK_HOME": str(home),
        "DUEBOOK_SECRET_KEY": settings.SECRET_KEY,
        "DUEBOOK_INSECURE_LOOPBACK": "1",
    }
    subprocess.run([sys.executable, "manage.py", "collectstatic", "--noinput", "-v0"], env=env, check=True)
    port = free_port()
    web = web_program(bind="127.0.0.1", port=port, workers=2, log=home / "web.log")
    worker = [sys.executable, "-m", "duebook.jobs.command_line", "worker"]
    both = [
        Program(name=web.name, argv=web.argv, env=env, log=web.log),
        Program(name="worker", argv=worker, env=env, orphan_signal=signal.SIGKILL, log=home / "worker.log"),
    ]
    with ExitStack() as stack:
        servers = Servers(f"http://127.0.0.1:{port}", both, [programs.start(one) for one in both])
        stack.callback(lambda: [programs.kill(one) for one in servers.processes])
        wait_until_healthy(
            program=both[0], bind="127.0.0.1", port=port, host_name="127.0.0.1", look_after=lambda: None
        )
        yield servers


@dataclass
class Customers:
    """What the clients send: a payment form as a browser would send it, with other values each time."""

    servers: Servers
    form: dict[str, str]
    cookies: dict[str, str]
    path: str
    sent: int = 0
    answered: int = 0
    unanswered: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def next_one(self) -> bool:
        """Whether one more is to be sent."""
        with self._lock:
            self.sent += 1
            return self.sent <= CHARGES

    def wait_for_answers(self, number: int) -> None:
        """Wait until so many more were answered, or all have been sent."""
        wanted = self.answered + number
        while self.answered < wanted and self.sent <= CHARGES:
            self.servers.start_again()
            time.sleep(0.05)

    def pay(self, chance: random.Random, invoice_id: int, card_id: int) -> None:
        """Confirm one charge, and send the same again until there is an answer."""
        due = Invoice.objects.values_list("balance_due_minor", flat=True).get(pk=invoice_id)
        minor = min(due, chance.randint(50, 20000))
        body = {
            **self.form,
            "request_key": str(uuid4()),
            "invoice": str(invoice_id),
            "seen": f"{invoice_id}:{due}",
            "amount": f"{minor // 100}.{minor % 100:02d}",
            "payment_method": str(card_id),
            "confirmed": f"{card_id}:{invoice_id}={minor}USD",
        }
        for _ in range(100):
            try:
                answer = requests.post(
                    self.servers.url + self.path,
                    data=body,
                    cookies=self.cookies,
                    timeout=20,
                    allow_redirects=False,
                )
            except requests.RequestException:
                with self._lock:
                    self.unanswered += 1
                time.sleep(0.2)
            else:
                assert answer.status_code in (302, 409, 422), answer.text
                with self._lock:
                    self.answered += 1
                return


def a_shop(sandbox: Sandbox) -> tuple[list[list[Invoice]], list[PaymentMethod]]:
    """For each client its own invoices, and the cards of the one customer."""
    account = make_merchant_account(
        sealed_secret=seal(SECRET, purpose=PURPOSE),
        sealed_webhook_secrets=[seal(WEBHOOK_SECRET, purpose=PURPOSE)],
        base_url=sandbox.url,
    )
    acme = make_contact("Acme")
    cards = []
    for behaviour in CARDS:
        saved = sandbox.card(behaviour)
        cards.append(make_card(acme, saved["token"], customer=saved["customer"], merchant_account=account))
    return [
        [make_invoice("5000.00", contact=acme) for _ in range(INVOICES_OF_EACH)] for _ in range(CLIENTS)
    ], cards


def one_left_behind(card: PaymentMethod) -> int:
    """A charge whose process ended after it was written down: the kills hit this moment only sometimes."""
    invoice = make_invoice("5000.00", contact=card.contact)
    wanted = ChargeInput(card.contact_id, card.pk, (Share(invoice.pk, usd("10.00")),))
    return prepare_charge(wanted=wanted, request_key=key(), actor=SYSTEM, on=day()).charge_id


def a_client(customers: Customers, number: int, invoices: list[Invoice], cards: list[PaymentMethod]) -> None:
    chance = random.Random(number)
    try:
        while customers.next_one():
            customers.pay(chance, chance.choice(invoices).pk, chance.choice(cards).pk)
    finally:
        connection.close()


def let_the_worker_end_all(servers: Servers) -> None:
    """As if the wait of each charge were over again and again; asking is the running worker's."""
    deadline = time.monotonic() + 180
    while _is_something_open():
        assert time.monotonic() < deadline, list(Charge.objects.filter(state__in=OPEN).values())
        past = timezone.now() - timedelta(minutes=5)
        Charge.objects.filter(state__in=OPEN, ask_at__isnull=False).update(ask_at=past)
        with past_the_guards():
            Charge.objects.filter(state="created").update(prepared_at=past)
        with connection.cursor() as cursor:
            cursor.execute("UPDATE procrastinate_jobs SET scheduled_at = now() WHERE status = 'todo'")
        retry_stalled_jobs.configure(queueing_lock=str(uuid4())).defer(timestamp=0)
        servers.start_again()
        time.sleep(2)


def _is_something_open() -> bool:
    waiting = WebhookMessage.objects.filter(state=WebhookMessage.States.WAITING.value)
    return Charge.objects.filter(state__in=OPEN).exists() or waiting.exists()


def test_a_thousand_charges_with_killed_servers_end_with_equal_books(
    client: Client, sandbox: Sandbox, tmp_path: Path
) -> None:
    sign_in(client)
    invoices, cards = a_shop(sandbox)
    first = invoices[0][0]
    step = choose_charge(client, first.contact_id, f"invoice={first.pk}", payment_method=cards[0].pk)
    chance = random.Random(1)
    tmp_path.chmod(0o711)

    with running_servers(tmp_path) as servers:
        address = servers.url + reverse("web:webhook", args=[MerchantAccount.objects.get().webhook_token])
        sandbox.ask("POST", "/control/webhooks", {"url": address, "secret": WEBHOOK_SECRET})
        sandbox.ask("POST", "/control/chaos", CHAOS)
        customers = Customers(
            servers,
            sent_by(step),
            {name: morsel.value for name, morsel in client.cookies.items()},
            step.context["purpose"].url,
        )
        threads = [
            threading.Thread(target=a_client, args=(customers, number, own, cards))
            for number, own in enumerate(invoices)
        ]
        for thread in threads:
            thread.start()
        while any(thread.is_alive() for thread in threads):
            customers.wait_for_answers(chance.randint(5, 50))
            servers.kill_one(chance)
            servers.start_again()
        servers.start_again()
        sandbox.ask("DELETE", "/control/faults")
        left_behind = one_left_behind(cards[0])
        let_the_worker_end_all(servers)

    book = sandbox.book()
    taken = {
        one["reference"]: one["amount_minor"] for one in book["charges"] if one["outcome"] == "succeeded"
    }
    ours = {
        Charge.objects.get(pk=payment.charge_id).reference: payment.amount_minor
        for payment in Payment.objects.all()
    }
    assert ours == taken
    assert Charge.objects.get(pk=left_behind).state == "not_performed"
    assert sum(one["amount_minor"] for one in book["movements"]) == sum(taken.values())
    assert sum(invoice.total_minor - invoice.balance_due_minor for invoice in Invoice.objects.all()) == sum(
        Payment.objects.values_list("allocated_minor", flat=True)
    )
    assert len(taken) > CHARGES // 4
    assert customers.unanswered
    assert {"the web server", "the worker", "one process of the web server"} <= set(servers.kills)
