"""Refunds that the customer's bank sends back to the processor, days after they had succeeded."""

from dataclasses import replace

from django.utils import timezone

from duebook.gateways.models import MerchantAccount, WebhookMessage
from duebook.gateways.protocol import GatewayRefundRequest, ObjectKind, RefundOutcome
from duebook.payments.models import Charge, Refund
from duebook.payments.services.process_webhook import process_webhook
from tests.factories import key, usd
from tests.payments.fake_gateway import FakeGateway


def tell_of_refund(refund_id: str) -> WebhookMessage.States:
    """The processor says that something happened to the refund."""
    message = WebhookMessage.objects.create(
        merchant_account=MerchantAccount.objects.get(),
        event_id=key(),
        kind="refund.failed",
        object_kind=ObjectKind.REFUND.value,
        object_id=refund_id,
        occurred_at=timezone.now(),
    )
    return process_webhook(message_id=message.pk)


def refund_at_the_processor(gateway: FakeGateway, charge: Charge, amount: str) -> Refund:
    """Somebody refunds the charge at the processor itself, and the books hear of it."""
    gateway.refund(GatewayRefundRequest(key(), "", charge.gateway_id, usd(amount)))
    tell_of_refund(list(gateway.refunds.values())[-1].id)
    return Refund.objects.latest("id")


def come_back(gateway: FakeGateway) -> None:
    """The customer's bank sends the latest refund back."""
    name, refund = list(gateway.refunds.items())[-1]
    gateway.refunds[name] = replace(refund, outcome=RefundOutcome.FAILED, reason="account closed")
    charge = gateway.charges[refund.charge_id]
    gateway.charges[charge.id] = replace(charge, refunded_minor=charge.refunded_minor - refund.amount.minor)
    tell_of_refund(refund.id)
