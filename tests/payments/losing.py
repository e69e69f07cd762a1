"""A charge that the gateway carried out and that these books, restored from a backup, have lost."""

from typing import Any

from duebook.domain.charge_debts import debts_as_text
from duebook.domain.money import Money
from duebook.domain.recording import Share
from duebook.gateways.protocol import ChargeRequest, SeenCharge
from duebook.invoices.models import Invoice
from duebook.payments.services.prepare_charge import key_of_attempt, reference_of
from duebook.staff.queries import installation_id
from tests.payments.fake_gateway import FakeGateway


def lost_request(invoice: Invoice, minor: int = 4000, **fields: Any) -> ChargeRequest:
    """Word for word what these books would have sent for the first attempt."""
    key = key_of_attempt(installation_id(), "charge", [invoice.pk], 1)
    paid = (Share(invoice.pk, Money(minor, "USD")),)
    asked = {
        "key": key,
        "reference": reference_of(key),
        "amount": Money(minor, "USD"),
        "customer": "cus_1",
        "token": "tok_ok",
        "debts": debts_as_text(paid, attempt=1),
    }
    return ChargeRequest(**{**asked, **fields})


def lose_a_charge(gateway: FakeGateway, invoice: Invoice, minor: int = 4000, **fields: Any) -> SeenCharge:
    """Charged before the books were lost: the gateway has it, and no row is here."""
    request = lost_request(invoice, minor, **fields)
    return gateway.confirm(gateway.create(request).id, request)
