"""Giving money of a payment back through the gateway that took it."""

from typing import Any

from duebook.domain.refunding import RefundInput, RefundMeans
from duebook.payments.models import Charge, GatewayRefund, Payment
from duebook.payments.services.refund_through_gateway import refund_through_gateway
from tests.factories import SYSTEM, day, key, usd


def wanted(payment: Payment, amount: str = "100.00", **fields: Any) -> RefundInput:
    charge = Charge.objects.select_related("merchant_account").get(pk=payment.charge_id)
    return RefundInput(
        **{
            "amount": usd(amount),
            "refunded_on": day(),
            "account_id": charge.merchant_account.clearing_account_id,
            "reason": "Sent back",
            "owes_afterwards": None,
            "means": RefundMeans.GATEWAY,
            **fields,
        }
    )


def refund(payment: Payment, amount: str = "100.00", **fields: Any) -> GatewayRefund:
    who = {name: fields.pop(name) for name in ("actor", "request_key") if name in fields}
    return refund_through_gateway(
        **{
            "payment_id": payment.pk,
            "wanted": wanted(payment, amount, **fields),
            "request_key": key(),
            "actor": SYSTEM,
            "on": day(),
            **who,
        }
    )
