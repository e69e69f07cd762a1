"""Sixty-four clients at once, on one invoice or on many: no error, and never more applied than is due."""

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from uuid import uuid4

from django.db import connection

from bench.scene import ACTOR, AMOUNT, CHECK_TYPE_ID, OpenOne, Scene
from duebook.domain.errors import InvoicePaid
from duebook.domain.money import Money
from duebook.domain.order_lines import ItemKind, LineInput
from duebook.domain.recording import PaymentInput, Share
from duebook.invoices.models import Invoice
from duebook.payments.services.record_payment import record_payment
from duebook.sales.services.place_order import place_order

CLIENTS = 64
PAYMENTS_OF_EACH = 10
FITTING = 500
"""So many of the 640 payments fit on the one invoice; the rest must be refused."""


@dataclass(frozen=True)
class CrowdResult:
    """Payments a second on one invoice and on many, and how the crowd on one ended."""

    one_rate: float
    many_rate: float
    recorded: int
    refused: int
    applied_minor: int
    total_minor: int

    @property
    def is_right(self) -> bool:
        return (
            self.recorded == FITTING
            and self.refused == CLIENTS * PAYMENTS_OF_EACH - FITTING
            and self.applied_minor == self.total_minor == FITTING * AMOUNT.minor
        )


def crowd(scene: Scene) -> CrowdResult:
    """Let the clients pay one invoice that takes 500 of their 640 payments, then one each."""
    one = _new_invoice(scene)
    seconds, answers = _pay([one] * CLIENTS, scene.today)
    many_seconds, many = _pay([scene.any() for _ in range(CLIENTS)], scene.today)
    if sum(many) != CLIENTS * PAYMENTS_OF_EACH:
        raise AssertionError("a payment of its own invoice was refused")
    invoice = Invoice.objects.get(pk=one.invoice_id)
    return CrowdResult(
        one_rate=sum(answers) / seconds,
        many_rate=sum(many) / many_seconds,
        recorded=sum(answers),
        refused=CLIENTS * PAYMENTS_OF_EACH - sum(answers),
        applied_minor=invoice.applied_minor,
        total_minor=invoice.total_minor,
    )


def _new_invoice(scene: Scene) -> OpenOne:
    contact_id = scene.any().contact_id
    line = LineInput(ItemKind.PRODUCT, "Crowd", line_minor=FITTING * AMOUNT.minor)
    placed = place_order(
        contact_id=contact_id,
        title="Crowd",
        ordered_on=scene.today,
        currency=AMOUNT.currency,
        lines=[line],
        request_key=str(uuid4()),
        actor=ACTOR,
        on=scene.today,
    )
    return OpenOne(placed.invoice_id, contact_id)


def _pay(invoices: list[OpenOne], today: date) -> tuple[float, list[int]]:
    """How long it took, and how many payments each client recorded."""

    def client(one: OpenOne) -> int:
        recorded = 0
        try:
            for _ in range(PAYMENTS_OF_EACH):
                try:
                    record_payment(
                        wanted=_wanted(one, today), request_key=str(uuid4()), actor=ACTOR, on=today
                    )
                except InvoicePaid:
                    continue
                recorded += 1
        finally:
            connection.close()
        return recorded

    with ThreadPoolExecutor(CLIENTS) as pool:
        started = time.perf_counter()
        answers = list(pool.map(client, invoices))
        return time.perf_counter() - started, answers


def _wanted(one: OpenOne, today: date) -> PaymentInput:
    amount = Money(AMOUNT.minor, AMOUNT.currency)
    return PaymentInput(
        contact_id=one.contact_id,
        amount=amount,
        payment_type_id=CHECK_TYPE_ID,
        received_on=today,
        shares=(Share(one.invoice_id, amount),),
    )
