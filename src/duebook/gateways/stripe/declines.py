"""Stripe's decline codes, by what may be done after each: https://docs.stripe.com/declines/codes

What the card network advises (``advice_code``) counts for more than the code: a card that must not be tried
again is not tried again, whatever it was declined for. https://docs.stripe.com/declines/card
"""

from collections.abc import Mapping
from typing import Any

from duebook.gateways.protocol import Decline, DeclineClass

CODES: Mapping[DeclineClass, str] = {
    DeclineClass.INSUFFICIENT_FUNDS: """
        card_velocity_exceeded insufficient_funds withdrawal_count_limit_exceeded
    """,
    DeclineClass.EXPIRED: """
        expired_card invalid_expiry_month invalid_expiry_year
    """,
    DeclineClass.STOLEN: """
        lost_card pickup_card stolen_card
    """,
    DeclineClass.NEVER_APPROVE: """
        card_not_supported currency_not_supported do_not_try_again fraudulent incorrect_number invalid_account
        invalid_number live_mode_test_card merchant_blacklist new_account_information_available not_permitted
        restricted_card revocation_of_all_authorizations revocation_of_authorization security_violation
        service_not_allowed stop_payment_order testmode_decline transaction_not_allowed
    """,
    DeclineClass.AUTHENTICATION_REQUIRED: """
        authentication_not_handled authentication_required mobile_device_authentication_required
        offline_pin_required online_or_offline_pin_required payment_intent_authentication_failure
        setup_intent_authentication_failure
    """,
}
"""Every other code is of class OTHER: it says nothing, or only that another time may do."""

_CLASS_OF = {code: kind for kind, codes in CODES.items() for code in codes.split()}


def decline(error: Mapping[str, Any]) -> Decline:
    """The decline that Stripe reports as the error of a charge or of saving a card."""
    code = error.get("decline_code") or error.get("code") or ""
    kind = _CLASS_OF.get(code) or _CLASS_OF.get(error.get("code") or "") or DeclineClass.OTHER
    if error.get("advice_code") == "do_not_try_again" and kind is not DeclineClass.STOLEN:
        kind = DeclineClass.NEVER_APPROVE
    return Decline(kind, code, error.get("message") or "")
