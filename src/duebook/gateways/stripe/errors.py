"""What an exception of Stripe's SDK says about the money.

Only what provably never left this machine, or was refused as it stood, is NothingHappened. A connection that
breaks looks the same before the request was read and after the charge was made, so it is OutcomeUnknown, as
are a 5xx and an answer that makes no sense.
"""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager

import requests
import stripe
import urllib3

from duebook.gateways.protocol import (
    Busy,
    GatewayError,
    Misconfigured,
    NoSuchObject,
    NothingHappened,
    OutcomeUnknown,
)

ACCOUNT_CODES = frozenset(
    {
        "account_invalid",
        "api_key_expired",
        "livemode_mismatch",
        "platform_api_key_expired",
        "secret_key_required",
        "testmode_charges_only",
    }
)
"""A request refused with one of these is refused until someone mends the account."""

UNUSABLE = (
    requests.exceptions.InvalidURL,
    requests.exceptions.MissingSchema,
    requests.exceptions.InvalidSchema,
    requests.exceptions.InvalidHeader,
)
"""The address, or the secret that becomes a header, is none, so that nothing was sent."""


@contextmanager
def translated() -> Iterator[None]:
    """Around every call of the SDK and the reading of its answer; also a decorator."""
    try:
        yield
    except stripe.StripeError as error:
        raise gateway_error(error) from error
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        raise OutcomeUnknown("Stripe's answer could not be read.") from error


def gateway_error(error: stripe.StripeError) -> GatewayError:
    """The error of the port that an error of the SDK is."""
    kind = _kind(error)
    return kind(_reason(error), code=code_of(error))


def code_of(error: stripe.StripeError) -> str:
    """Stripe's own code; some classes of the SDK keep it only in the body."""
    return error.code or getattr(error.error, "code", None) or ""


def _kind(error: stripe.StripeError) -> type[GatewayError]:
    match error:
        case stripe.AuthenticationError() | stripe.PermissionError():
            return Misconfigured
        case stripe.RateLimitError():
            return Busy
        case stripe.InvalidRequestError():
            return _refusal(error)
        case stripe.CardError():
            return NothingHappened
        case stripe.APIConnectionError() if isinstance(error.__cause__, UNUSABLE):
            return Misconfigured
        case stripe.APIConnectionError():
            return NothingHappened if never_left(error) else OutcomeUnknown
    # An IdempotencyError comes here: another request was sent under the key, and may have moved money.
    return Busy if error.http_status == 409 else OutcomeUnknown


def _refusal(error: stripe.InvalidRequestError) -> type[NothingHappened]:
    if error.http_status == 404:
        return NoSuchObject
    if error.param == "currency" or code_of(error) in ACCOUNT_CODES:
        return Misconfigured
    return NothingHappened


def _reason(error: stripe.StripeError) -> str:
    """Words for staff. The SDK quotes an unreadable body whole, and a body can hold a client secret."""
    if isinstance(error, stripe.APIConnectionError):
        return f"Stripe could not be reached, or did not answer ({type(error.__cause__).__name__})."
    if error.error is None:
        return f"Stripe answered {error.http_status} and nothing that could be read."
    return error.user_message or f"Stripe answered {error.http_status}."


def never_left(error: stripe.APIConnectionError) -> bool:
    """Whether no connection came about, so that Stripe cannot have read the request."""
    cause = error.__cause__
    if isinstance(cause, requests.exceptions.ConnectTimeout):
        return True
    if not isinstance(cause, requests.exceptions.ConnectionError) or not cause.args:
        return False
    reason = getattr(cause.args[0], "reason", None)
    if isinstance(reason, urllib3.exceptions.SSLError):
        # Only a certificate is checked for certain before anything is sent.
        return any(isinstance(part, ssl.SSLCertVerificationError) for part in reason.args)
    return isinstance(reason, urllib3.exceptions.NewConnectionError)
