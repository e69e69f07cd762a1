"""The processor itself: its book, what is to go wrong, and its webhooks; without HTTP."""

import secrets
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from duebook.gateways.sandbox.processor import idempotency
from duebook.gateways.sandbox.processor.book import Book, virtual_now
from duebook.gateways.sandbox.processor.call import Call
from duebook.gateways.sandbox.processor.events import contradict, deliver_twice
from duebook.gateways.sandbox.processor.faults import FaultKind, Faults
from duebook.gateways.sandbox.processor.operations import Run
from duebook.gateways.sandbox.processor.webhooks import Sender

Result = TypeVar("Result")

CURRENCIES = frozenset({"AUD", "CAD", "CHF", "EUR", "GBP", "JPY", "NZD", "USD"})


class Processor:
    """One account with one secret."""

    def __init__(self, *, book: Path, secret: str, currencies: frozenset[str] = CURRENCIES) -> None:
        self.book = Book(book)
        self.faults = Faults()
        self.in_flight = idempotency.InFlight()
        self.sender = Sender(self.book)
        self._secret = secret.encode()
        self._currencies = currencies

    def knows(self, authorization: str) -> bool:
        """Whether a request's authorization header carries the secret."""
        given = authorization.encode("utf-8", "surrogateescape")
        return secrets.compare_digest(given, b"Bearer " + self._secret)

    def run(
        self, work: Callable[[Call], Result], *, values: Mapping[str, Any], origin: str = "", key: str = ""
    ) -> Result:
        """Work in one transaction, then see to the webhooks."""
        with self.book.transaction() as db:
            result = work(
                Call(
                    db=db,
                    now=virtual_now(db),
                    values=values,
                    origin=origin,
                    currencies=self._currencies,
                    key=key,
                )
            )
        self.sender.wake()
        return result


def once_for_its_key(
    run: Run, ids: tuple[str, ...], fingerprint: str, struck: Mapping[FaultKind, float]
) -> Callable[[Call], tuple[dict[str, Any], bool]]:
    """The work of an operation: its answer and whether that was given before."""

    def work(call: Call) -> tuple[dict[str, Any], bool]:
        if call.key and (kept := idempotency.kept_answer(call, fingerprint)) is not None:
            return kept, True
        answer = run(call, *ids)
        if call.key:
            idempotency.keep_answer(call, fingerprint, answer)
        if FaultKind.DUPLICATE_WEBHOOK in struck:
            deliver_twice(call)
        if FaultKind.LATE_CONTRADICTING_WEBHOOK in struck:
            contradict(call)
        return answer, False

    return work
