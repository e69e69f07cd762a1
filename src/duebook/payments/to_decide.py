"""Money that waits for a person: what no job will bring to its end by itself.

Each part is one query by an index of its own; all parts together are counted in one statement.
"""

from datetime import timedelta
from functools import cache
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Now

from duebook.domain.charging import OPEN_STATES, ChargeState
from duebook.domain.gateway_refunds import RefundState
from duebook.domain.second_person import RequestState
from duebook.gateways.models import WebhookMessage
from duebook.payments.charge_models import OPEN_REFUND_STATES_IN_ORDER
from duebook.payments.models import (
    Charge,
    Dispute,
    GatewayRefund,
    OutcomeProposal,
    Payment,
    Refund,
    RefundRequest,
    SettlementReturn,
)
from duebook.payments.statements import run

LONG = timedelta(minutes=15)
"""After so long a person should know of a charge whose outcome is still to come."""

_OPEN = sorted(state.value for state in OPEN_STATES)


def open_charges_to_decide() -> QuerySet[Charge]:
    """Charges without an outcome that have a problem, wait for long, or about which nobody asks any more."""
    nobody_asks = Q(ask_at=None) & ~Q(state=ChargeState.CREATED.value)
    stuck = nobody_asks | Q(prepared_at__lt=Now() - LONG) | ~Q(problem="")
    return Charge.objects.filter(stuck, state__in=_OPEN)


def disputed_charges() -> QuerySet[Charge]:
    """Charges with an outcome of which the gateway has said something else since."""
    ended = [ChargeState.SUCCEEDED.value, ChargeState.DECLINED.value]
    return Charge.objects.filter(~Q(problem=""), state__in=ended)


def charged_credit() -> QuerySet[Payment]:
    """Payments of charges of which something is credit on account: an invoice no longer took all of it."""
    return Payment.objects.filter(charge_id__isnull=False, credit_minor__gt=0)


def open_refunds_to_decide() -> QuerySet[GatewayRefund]:
    """Refunds at a gateway without an outcome, by the rule of the charges."""
    nobody_asks = Q(ask_at=None) & ~Q(state=RefundState.CREATED.value)
    stuck = nobody_asks | Q(prepared_at__lt=Now() - LONG) | ~Q(problem="")
    return GatewayRefund.objects.filter(stuck, state__in=OPEN_REFUND_STATES_IN_ORDER)


def disputes_to_see() -> QuerySet[Dispute]:
    """Disputes that the bank has not decided, and those that ended badly and that nobody has seen."""
    return Dispute.objects.filter(waits_since__isnull=False)


def settlement_returns_to_see() -> QuerySet[SettlementReturn]:
    """Settlements that the bank sent back, that were not paid again and that nobody has seen."""
    return SettlementReturn.objects.filter(waits_since__isnull=False)


def refused_refunds() -> QuerySet[GatewayRefund]:
    """Refunds that the gateway refused and with which nobody has dealt, by a later refund or by saying so."""
    later = Refund.objects.filter(
        payment=OuterRef("payment"), recorded_at__gt=OuterRef("settled_at"), reversal=None
    )
    again = GatewayRefund.objects.filter(payment=OuterRef("payment"), pk__gt=OuterRef("pk"))
    return GatewayRefund.objects.filter(
        ~Exists(later), ~Exists(again), state=RefundState.FAILED.value, resolution=None
    )


def gateway_refunds_that_came_back() -> QuerySet[GatewayRefund]:
    """What the gateway says failed after it had succeeded, booked back or not."""
    return GatewayRefund.objects.filter(came_back_at__isnull=False)


def refunds_that_came_back() -> QuerySet[Refund]:
    """Refunds that the gateway says failed after they had succeeded, and that nobody has booked back."""
    back = gateway_refunds_that_came_back()
    return Refund.objects.filter(gateway_refund_id__in=back.values("pk"), reversal=None)


def refund_requests_to_decide() -> QuerySet[RefundRequest]:
    """Refunds above somebody's limit, which wait for another person."""
    return RefundRequest.objects.filter(state=RequestState.WAITING.value)


def outcomes_to_decide() -> QuerySet[OutcomeProposal]:
    """Outcomes that one person has proposed; not counted, since their charges and refunds are."""
    still_open = Q(charge__state__in=_OPEN) | Q(gateway_refund__state__in=OPEN_REFUND_STATES_IN_ORDER)
    return OutcomeProposal.objects.filter(still_open, state=RequestState.WAITING.value)


def failed_messages() -> QuerySet[WebhookMessage]:
    """Messages of gateways that could not be processed, or that are not booked by themselves."""
    return WebhookMessage.objects.filter(state=WebhookMessage.States.FAILED.value)


def count_to_decide() -> int:
    """How much there is to decide; one statement."""
    return int(run(*_counting()).fetchone()[0])


@cache
def _counting() -> tuple[str, tuple[Any, ...]]:
    """The statement and its parameters, none of which ever changes.

    Each page counts, and putting the text together takes longer than counting.
    """
    parts = (
        disputed_charges(),
        disputes_to_see(),
        settlement_returns_to_see(),
        open_refunds_to_decide(),
        refused_refunds(),
        refunds_that_came_back(),
        refund_requests_to_decide(),
        charged_credit(),
        failed_messages(),
    )
    rows = open_charges_to_decide().order_by().values_list("pk")
    all_of_them = rows.union(*(part.order_by().values_list("pk") for part in parts), all=True)
    sql, parameters = all_of_them.query.sql_with_params()
    return f"SELECT count(*) FROM ({sql}) AS waiting", parameters  # noqa: S608 - Django's own text
