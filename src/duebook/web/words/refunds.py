"""What became of a refund to a card, in words: the same after saving and when the outcome comes later."""

from django.utils.translation import gettext as _

from duebook.domain.errors import RefundRefused
from duebook.domain.gateway_refunds import RefundState
from duebook.domain.money import Money
from duebook.events.models import Event
from duebook.payments.models import GatewayRefund
from duebook.staff.models import Business
from duebook.web.errors import text_of
from duebook.web.formats import figure


def refusal_of(attempt: GatewayRefund) -> RefundRefused:
    """Why the gateway did not give the money back."""
    return RefundRefused(reason=attempt.problem or _("no reason given"))


def outcome_of(attempt: GatewayRefund, business: Business) -> str:
    """Given back, with the balances that it left, or refused; empty while that is to come.

    Reads the attempt's payment and card, and the event that booked it.
    """
    if attempt.is_open:
        return ""
    if attempt.state == RefundState.FAILED.value:
        return text_of(refusal_of(attempt), business)
    went_back = _("%(amount)s of %(payment)s went back to %(card)s.") % {
        "amount": figure(Money(attempt.amount_minor, attempt.currency), business),
        "payment": attempt.payment,
        "card": attempt.charge.payment_method,
    }
    return " ".join([went_back, *_balances_after(attempt, business)])


def _balances_after(attempt: GatewayRefund, business: Business) -> list[str]:
    event = Event.objects.filter(
        payment_id=attempt.payment_id, name="payment.refunded", payload__gateway_refund_id=attempt.pk
    ).first()
    if event is None:
        return []
    return [
        _("Balance due of INV-%(number)s: %(amount)s.")
        % {
            "number": row["number"],
            "amount": figure(Money(row["balance_minor"], attempt.currency), business),
        }
        for row in event.payload["invoices"]
    ]
