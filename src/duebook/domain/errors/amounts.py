"""Refusals of amounts and dates."""

from duebook.domain.errors.base import Invalid, NotAllowed


class CurrencyMismatch(Invalid):
    code = "currency_mismatch"
    field = "amount"
    message = "This is in {given}, but {expected} is needed. Choose something in {expected}."


class AmountFormat(Invalid):
    code = "amount_format"
    field = "amount"
    message = "Enter an amount in figures, such as {example}."


class AmountNotPositive(Invalid):
    code = "amount_not_positive"
    field = "amount"
    message = "Enter an amount above zero. To give money back, refund the payment."


class TooManyDecimals(Invalid):
    code = "too_many_decimals"
    field = "amount"
    message = "This currency has {decimals} decimals. Round the amount."


class AmountOutOfRange(Invalid):
    code = "amount_out_of_range"
    field = "amount"
    message = "This amount is larger than Duebook can keep. Check the figures."


class FutureDate(Invalid):
    code = "future_date"
    field = "received_on"
    message = (
        "{date} is in the future. A payment is recorded when the money is here: use today or an earlier day."
    )


class FutureReturn(FutureDate):
    code = "future_return"
    field = "returned_on"
    message = "{date} is in the future. Enter the day on which the bank took the money back."


class FutureRefund(FutureDate):
    code = "future_refund"
    field = "refunded_on"
    message = "{date} is in the future. Record a refund when the money has been given back."


class FuturePayout(FutureDate):
    code = "future_payout"
    field = "paid_on"
    message = "{date} is in the future. Mark the payout as paid when the money has left the bank."


class PeriodClosed(NotAllowed):
    code = "period_closed"
    field = "received_on"
    message = (
        "The books are closed until {closed_until}. Use a later date, or ask an owner to reopen the period."
    )


class BeforeOrigin(Invalid):
    code = "before_origin"
    field = "on"
    message = "{date} is before {earliest}, when it was received. Use that day or a later one."
