"""Ask a processor for its settlements at once, for a person who does not wait for the job's turn."""

from duebook.domain.errors import GatewayUnreachable, SecretUnreadable
from duebook.domain.permissions import Actor
from duebook.gateways.protocol import GatewayError, Sealed
from duebook.payments.services.import_settlements import ImportedSettlements, import_settlements


def fetch_settlements_now(*, merchant_account_id: int, actor: Actor) -> ImportedSettlements:
    """Import what is new. Must not be called inside a transaction.

    Raises Forbidden, NotFound, GatewayUnreachable, SecretUnreadable.
    """
    try:
        return import_settlements(merchant_account_id=merchant_account_id, actor=actor)
    except Sealed as error:
        raise SecretUnreadable from error
    except GatewayError as error:
        raise GatewayUnreachable(reason=error.reason.rstrip(".")) from error
