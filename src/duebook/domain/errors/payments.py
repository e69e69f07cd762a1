"""Refusals around invoices and payments."""

from duebook.domain.errors.base import Conflict, Invalid, NotAllowed


class InvoiceOfOtherContact(Invalid):
    code = "invoice_of_other_contact"
    field = "invoice"
    message = "{number} belongs to another contact. Choose one of this contact's invoices."


class InvoiceVoid(NotAllowed):
    code = "invoice_void"
    field = "invoice"
    message = "{number} is void. Choose another invoice."


class InvoicePaid(Conflict):
    code = "invoice_paid"
    field = "invoice"
    message = "{number} has been paid meanwhile. Nothing is due on it. Choose another invoice."


class BalanceChanged(Conflict):
    code = "balance_changed"
    field = "amount"
    message = (
        "The balance due of {number} is now {balance}: someone else recorded a payment. Check the amount."
    )


class AboveBalance(Invalid):
    code = "above_balance"
    field = "amount"
    message = (
        "The balance due is {balance}. Lower the amount, or say that the rest is kept as credit on account."
    )


class SharesExceedAmount(Invalid):
    code = "shares_exceed_amount"
    field = "amount"
    message = "The parts add up to {total}, more than the payment of {amount}. Lower a part."


class SharesBelowAmount(Invalid):
    code = "shares_below_amount"
    field = "amount"
    message = "{rest} is not applied to any invoice. Apply it, or say that it is kept as credit on account."


class InvoiceTwice(Invalid):
    code = "invoice_twice"
    field = "invoice"
    message = "{number} is named twice. Enter one amount for each invoice."


class NothingDue(NotAllowed):
    code = "nothing_due"
    field = "contact"
    message = "Nothing is due from {name}. You can record a payment on account."


class PaymentTypeInactive(NotAllowed):
    code = "payment_type_inactive"
    field = "payment_type"
    message = "{label} is no longer in use. Choose another payment type."


class ChargeNeedsGateway(NotAllowed):
    code = "charge_needs_gateway"
    field = "payment_type"
    message = "No card can be charged: there is no merchant account. Choose another payment type."


class AdjustmentNeedsInvoice(Invalid):
    code = "adjustment_needs_invoice"
    field = "invoice"
    message = "{label} brings no money: choose the invoice that it lowers."


class AdjustmentAboveBalance(Invalid):
    code = "adjustment_above_balance"
    field = "amount"
    message = "{label} can be at most the balance due of {balance}, and leaves no credit. Lower the amount."


class AdjustmentIsFixed(NotAllowed):
    code = "adjustment_is_fixed"
    message = "{number} is an adjustment: it cannot be moved, returned or refunded, only undone."


class LooksLikeDuplicate(Conflict):
    code = "looks_like_duplicate"
    message = (
        "{number} of {amount} was recorded {when} with the same contact, type and date. Record another one?"
    )


class AlreadyReversed(NotAllowed):
    code = "already_reversed"
    message = "{number} has already been undone."


class AlreadyReturned(NotAllowed):
    code = "already_returned"
    message = "{number} was returned by the bank on {date}."


class AlreadyDisputed(NotAllowed):
    code = "already_disputed"
    message = "{number} is disputed: the card processor has taken back what was left of it."


class AlreadyRefunded(NotAllowed):
    code = "already_refunded"
    message = "{number} has been refunded in full. Nothing of it is left to give back."


class RefundedInPart(NotAllowed):
    code = "refunded_in_part"
    message = (
        "{refunded} of {number} has been refunded, so it cannot be undone. Refund the rest instead, or undo"
        " the refund first if that was the mistake."
    )


class GatewayRefundFixed(NotAllowed):
    code = "gateway_refund_fixed"
    message = (
        "The card processor gave this money of {number} back, so the refund cannot be undone. If the customer"
        " owes it, charge the card again."
    )


class RefundAlreadyReversed(NotAllowed):
    code = "refund_already_reversed"
    message = "This refund of {number} has already been undone."


class RefundUsedSince(NotAllowed):
    code = "refund_used_since"
    message = (
        "The refund took {needed} off {number}, and only {balance} can be applied to it again: it was paid"
        " with other money since, or its order was changed or cancelled. Take that back first."
    )


class AboveRefundable(NotAllowed):
    code = "above_refundable"
    field = "amount"
    message = "{left} of {number} can still be refunded. Lower the amount."


class NotFromGateway(NotAllowed):
    code = "not_from_gateway"
    field = "means"
    message = "No card was charged for {number} here. Refund it by hand."


class NotAppliedThere(Invalid):
    code = "not_applied_there"
    field = "from_invoice"
    message = "{number} is not applied to this invoice. Choose another one."


class OwesOutOfRange(Invalid):
    code = "owes_out_of_range"
    field = "owes_afterwards"
    message = "The refund re-opens {reopened}. Enter an amount from zero to that."


class NoAdjustmentType(NotAllowed):
    code = "no_adjustment_type"
    field = "owes_afterwards"
    message = "There is no payment type that books to {account}. Add one under Settings, Payment Types."


class GatewayPaymentFixed(NotAllowed):
    code = "gateway_payment_fixed"
    message = "A card was charged for {number}: refund it instead of undoing it."


class NotEnoughCredit(NotAllowed):
    code = "not_enough_credit"
    field = "amount"
    message = "The credit on account is {credit}. Lower the amount."


class NotEnoughApplied(NotAllowed):
    code = "not_enough_applied"
    field = "amount"
    message = "{number} has {applied} applied to this invoice. Lower the amount."


class ReasonRequired(Invalid):
    code = "reason_required"
    field = "reason"
    message = "Say why: the reason is kept with the record."
