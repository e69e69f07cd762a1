"""A charged payment that a customer's bank disputes, as the gateway tells it."""

from typing import Any

from django.utils import timezone

from duebook.gateways.models import MerchantAccount, WebhookMessage
from duebook.gateways.protocol import ObjectKind
from duebook.ledger.models import Transfer
from duebook.payments.models import Charge, Dispute
from duebook.payments.services.process_webhook import process_webhook
from tests.factories import key
from tests.payments.fake_gateway import FakeGateway


def told(dispute_id: str = "dp_1", **fields: Any) -> WebhookMessage:
    """The message that something happened to the dispute."""
    return WebhookMessage.objects.create(
        **{
            "merchant_account": MerchantAccount.objects.get(),
            "event_id": key(),
            "kind": "dispute.updated",
            "object_kind": ObjectKind.DISPUTE.value,
            "object_id": dispute_id,
            "occurred_at": timezone.now(),
            **fields,
        }
    )


def tell(dispute_id: str = "dp_1") -> WebhookMessage.States:
    """The gateway tells of the dispute, and what it says now is settled."""
    return process_webhook(message_id=told(dispute_id).pk)


def open_dispute(gateway: FakeGateway, minor: int | None = None, **fields: Any) -> Dispute:
    """The bank disputes the charge, and the gateway tells."""
    pk = gateway.open_dispute(minor=minor, **fields)
    tell(pk)
    return Dispute.objects.get(gateway_id=pk)


def decide_dispute(gateway: FakeGateway, outcome: str, dispute_id: str = "dp_1", **fields: Any) -> Dispute:
    """The bank decides, and the gateway tells."""
    gateway.decide_dispute(dispute_id, outcome, **fields)
    tell(dispute_id)
    return Dispute.objects.get(gateway_id=dispute_id)


def clearing_minor() -> int:
    """What the books say that the processor still owes us."""
    account = Charge.objects.select_related("merchant_account").latest("id").merchant_account
    rows = Transfer.objects.values_list("debit_account_id", "credit_account_id", "amount_minor")
    return sum(
        minor * ((debit == account.clearing_account_id) - (credit == account.clearing_account_id))
        for debit, credit, minor in rows
    )
