"""Refusals of who asks, and of how a request is repeated."""

from duebook.domain.errors.base import Conflict, Invalid, NotAllowed


class Forbidden(NotAllowed):
    code = "forbidden"
    message = "Your role does not allow this ({right}). Ask a manager or an owner."


class AboveLimit(NotAllowed):
    code = "above_limit"
    field = "amount"
    message = "{amount} is above your limit of {limit}. Ask someone with a higher limit."


class AboveDayLimit(AboveLimit):
    code = "above_day_limit"
    message = (
        "{amount} is above what is left of your limit of {limit} a day: {used} of it is used, {left} is left."
        " Ask someone with a higher limit."
    )


class KeyReused(Conflict):
    code = "key_reused"
    message = (
        "{number} was already recorded from this form. What you typed is kept: save again to record it too."
    )


class RequestKeyMissing(Invalid):
    code = "request_key_missing"
    message = "The form has no request key. Reload the page."
