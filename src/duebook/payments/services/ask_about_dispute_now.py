"""Ask the gateway about a dispute at once, for a person who does not wait until it tells."""

from duebook.domain.errors import GatewayUnreachable
from duebook.domain.permissions import Actor, Right
from duebook.events.rows import row_by_id
from duebook.gateways.accounts import gateway_of
from duebook.gateways.protocol import GatewayError
from duebook.payments.models import Dispute, Observation
from duebook.payments.services.settle_dispute import settle_dispute


def ask_about_dispute_now(*, dispute_id: int, actor: Actor) -> Dispute:
    """Ask, and settle what is seen: what could not be booked before is tried again.

    Must not be called inside a transaction. Raises NotFound, Forbidden, GatewayUnreachable.
    """
    actor.require(Right.RESOLVE_MESSAGES)
    dispute = row_by_id(Dispute.objects.select_related("merchant_account"), dispute_id, "Dispute")
    try:
        answer = gateway_of(dispute.merchant_account).fetch_dispute(dispute.gateway_id)
    except GatewayError as error:
        raise GatewayUnreachable(reason=error.reason) from error
    channel = Observation.Channels.POLL
    return settle_dispute(charge_id=dispute.charge_id, answer=answer, channel=channel)
