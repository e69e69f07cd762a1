"""Cancel a charge that waits for its customer, so that its invoices can be paid otherwise."""

from duebook.domain.charging import ChargeState
from duebook.domain.errors import ChargeNotWaiting, GatewayUnreachable
from duebook.domain.permissions import Actor, Right
from duebook.events.rows import row_by_id
from duebook.gateways.accounts import gateway_of
from duebook.gateways.protocol import GatewayError
from duebook.payments.charge_reading import seen_of
from duebook.payments.models import Charge, Observation
from duebook.payments.points import Point, reach
from duebook.payments.services.settle_charge import settle_charge


def cancel_charge(*, charge_id: int, actor: Actor) -> ChargeState:
    """See to it at the gateway that the charge never happens, and settle what is seen; returns its state.

    The customer may have been faster: then it succeeded and is booked. Must not be called inside a
    transaction. Raises NotFound, Forbidden, ChargeNotWaiting, GatewayUnreachable.
    """
    actor.require(Right.CHARGE_CARDS)
    charge = row_by_id(Charge.objects.select_related("merchant_account"), charge_id, "Charge")
    if charge.state != ChargeState.REQUIRES_ACTION:
        raise ChargeNotWaiting(number=str(charge))
    reach(Point.ASK_CANCEL_CALLED)
    try:
        answer = gateway_of(charge.merchant_account).cancel(charge.gateway_id)
    except GatewayError as error:
        raise GatewayUnreachable(reason=error.reason) from error
    reach(Point.ASK_CANCEL_ANSWERED)
    return settle_charge(
        charge_id=charge_id, seen=seen_of(charge, answer), channel=Observation.Channels.PERSON
    )
