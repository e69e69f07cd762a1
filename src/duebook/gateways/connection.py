"""Whether an account's secret works, asked of its card processor.

The answer takes as long as the network does, so nothing here may run while a transaction is open.
"""

from duebook.domain.errors import (
    OtherProcessorAccount,
    ProcessorNotReached,
    SecretRefused,
    SecretUnreadable,
)
from duebook.gateways.accounts import gateway_of
from duebook.gateways.models import MerchantAccount
from duebook.gateways.protocol import GatewayError, Misconfigured, Sealed, SeenAccount


def ask_whose(account: MerchantAccount) -> SeenAccount:
    """Whose account it is; the row need not be saved.

    Raises SecretUnreadable, SecretRefused, ProcessorNotReached.
    """
    try:
        return gateway_of(account).check()
    except Sealed as error:
        raise SecretUnreadable from error
    except Misconfigured as error:
        raise SecretRefused(reason=error.reason) from error
    except GatewayError as error:
        raise ProcessorNotReached(reason=error.reason) from error


def note_connection(account: MerchantAccount, seen: SeenAccount) -> list[str]:
    """Set on the row what the processor said of it, and return the fields to save.

    What was charged stays with the account and the mode in which it was charged, so an account that was
    tested never becomes another one. Raises OtherProcessorAccount.
    """
    was_tested = account.checked_at is not None
    # A processor may keep its id from a key of few rights.
    is_other = bool(account.gateway_account_id and seen.id) and account.gateway_account_id != seen.id
    if was_tested and (is_other or account.live != seen.live):
        raise OtherProcessorAccount
    account.live = seen.live
    account.gateway_account_id = seen.id or account.gateway_account_id
    account.currencies = sorted(seen.currencies)
    return ["live", "gateway_account_id", "currencies", "checked_at"]
