"""Whose payments are recorded: open invoices, each large enough for thousands of them."""

import itertools
import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from uuid import uuid4

import psycopg
from django.db import connection

from duebook.domain.money import Money
from duebook.domain.permissions import Actor, Source
from duebook.domain.recording import PaymentInput, Share
from duebook.payments.services.record_payment import (
    PaymentRequest,
    preview_payment,
    record_payment,
    record_payments,
)

AMOUNT = Money(100, "USD")
CHECK_TYPE_ID = 3
BATCH = 500
ACTOR = Actor.system(Source.API)

WITH_PARTNERS = "o.lead_partner_id IS NOT NULL AND o.sale_partner_id IS NOT NULL"
WITHOUT_PARTNERS = "o.lead_partner_id IS NULL AND o.sale_partner_id IS NULL"

_OPEN = """
SELECT i.id, i.contact_id FROM invoices_invoice i JOIN orders_order o ON o.id = i.order_id
 WHERE i.balance_due_minor > 1000000 AND {orders}
 ORDER BY i.id LIMIT 100000
"""


@dataclass(frozen=True)
class OpenOne:
    """An invoice to be paid a little."""

    invoice_id: int
    contact_id: int


class Scene:
    """The open invoices of one database, picked evenly and the same in every run."""

    def __init__(self, rows: psycopg.Connection, today: date, *, orders: str = WITH_PARTNERS) -> None:
        self.today = today
        found = rows.execute(_OPEN.format(orders=orders)).fetchall()
        self.invoices = [OpenOne(*row) for row in found]
        self._pick = random.Random(1)

    def any(self) -> OpenOne:
        return self._pick.choice(self.invoices)

    def wanted(self, one: OpenOne, amount: Money = AMOUNT) -> PaymentInput:
        return PaymentInput(
            contact_id=one.contact_id,
            amount=amount,
            payment_type_id=CHECK_TYPE_ID,
            received_on=self.today,
            shares=(Share(one.invoice_id, amount),),
        )

    def record(self) -> None:
        record_payment(wanted=self.wanted(self.any()), request_key=str(uuid4()), actor=ACTOR, on=self.today)

    def preview(self) -> None:
        preview_payment(wanted=self.wanted(self.any()), actor=ACTOR, on=self.today)

    def record_batch(self) -> None:
        requests = [PaymentRequest(self.wanted(self.any()), str(uuid4())) for _ in range(BATCH)]
        results = record_payments(requests=requests, actor=ACTOR, on=self.today)
        refused = [result for result in results if isinstance(result, Exception)]
        if refused:
            raise refused[0]

    def floor(self, rows: psycopg.Connection, name: str) -> Callable[[], None]:
        """Calling the floor's function for one of the invoices."""
        statement = f"SELECT {name}(%s, %s)"
        keys = (f"floor-{uuid4()}-{n}" for n in itertools.count())

        def once() -> None:
            rows.execute(statement, [self.any().invoice_id, next(keys)]).fetchone()

        return once


def use_database(name: str) -> None:
    """Let Django talk to another database of the same server from now on."""
    if connection.settings_dict["NAME"] != name:
        connection.close()
        connection.settings_dict["NAME"] = name
