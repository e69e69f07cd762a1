"""Every refusal of a rule, one small class per cause.

    DomainError
    ├── Invalid     the input can never be right: mend the field
    ├── NotAllowed  the state or the person's rights forbid it now
    ├── NotFound    there is no such row
    └── Conflict    someone else was faster, or the request key was used for something else

An error carries values, not text; ``message`` is a template that a face fills, translates and formats.
``field`` names the form field beside which the message belongs; empty means the whole form.
"""

from typing import Any, ClassVar


class DomainError(Exception):
    """The root: a code for machines, a message template for people, the values that fill it."""

    code: ClassVar[str] = "refused"
    message: ClassVar[str] = "This is not possible."
    field: str = ""

    def __init__(self, *, field: str | None = None, **values: Any) -> None:
        if field is not None:
            self.field = field
        self.values = values
        super().__init__(self.code, values)

    def __str__(self) -> str:
        return self.message.format(**self.values)


class Invalid(DomainError):
    code = "invalid"


class NotAllowed(DomainError):
    code = "not_allowed"


class NotFound(DomainError):
    code = "not_found"
    message = "{what} {id} was not found."


class Conflict(DomainError):
    code = "conflict"


# Amounts


class CurrencyMismatch(Invalid):
    code = "currency_mismatch"
    field = "amount"
    message = "This is in {given}, but {expected} is needed. Choose something in {expected}."


class AmountFormat(Invalid):
    code = "amount_format"
    field = "amount"
    message = "Enter an amount in figures, such as 1,234.50."


class AmountRequired(Invalid):
    code = "amount_required"
    field = "amount"
    message = "Enter an amount."


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


# Dates


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


# Rights


class Forbidden(NotAllowed):
    code = "forbidden"
    message = "Your role does not allow this ({right}). Ask a manager or an owner."


class AboveLimit(NotAllowed):
    code = "above_limit"
    field = "amount"
    message = "{amount} is above your limit of {limit}. Ask someone with a higher limit."


# Requests


class KeyReused(Conflict):
    code = "key_reused"
    message = (
        "{number} was already recorded from this form. What you typed is kept: save again to record it too."
    )


class RequestKeyMissing(Invalid):
    code = "request_key_missing"
    message = "The form has no request key. Reload the page."


# Invoices and payments


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
    message = "The parts add up to {total}, more than the payment of {amount}."


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
    message = "{label} can be at most the balance due of {balance}, and leaves no credit."


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


class AlreadyRefunded(NotAllowed):
    code = "already_refunded"
    message = "{number} has been refunded in full."


class RefundedInPart(NotAllowed):
    code = "refunded_in_part"
    message = "{refunded} of {number} has been refunded, so it cannot be undone. Refund the rest instead."


class AboveRefundable(NotAllowed):
    code = "above_refundable"
    field = "amount"
    message = "{left} of {number} can still be refunded. Lower the amount."


class NotFromGateway(NotAllowed):
    code = "not_from_gateway"
    field = "means"
    message = "{number} was not charged through a gateway. Refund it by hand."


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
    message = "{number} was charged through a gateway: refund it instead of undoing it."


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


# Cards


class CardNumberTyped(Invalid):
    code = "card_number_typed"
    message = (
        "This looks like a card number. Never write card numbers here: send the customer a link to add the"
        " card."
    )


class NoMerchantAccount(NotAllowed):
    code = "no_merchant_account"
    field = "merchant_account"
    message = "There is no merchant account in use. Add one first, or choose another."


class ContactWithoutEmail(NotAllowed):
    code = "contact_without_email"
    message = "{name} has no e-mail address. Add one, or copy the link and send it yourself."


class CardLinkOver(NotAllowed):
    code = "card_link_over"
    message = "This link was used already, or it is older than {days} days. Send a new one."


class CardNotSaved(NotAllowed):
    code = "card_not_saved"
    message = "The card processor tells of a saved card, but not of this contact's. Look at the processor."


class CardBeingCharged(Conflict):
    code = "card_being_charged"
    message = "{number} is charging this card, and its outcome is not known yet. Wait until it is."


class NothingToCharge(Invalid):
    code = "nothing_to_charge"
    field = "invoice"
    message = "Choose the invoice that the card pays."


class CardOfOtherContact(Invalid):
    code = "card_of_other_contact"
    field = "payment_method"
    message = "This card belongs to another contact. Choose one of this contact's cards."


class CardOfOtherAccount(Invalid):
    code = "card_of_other_account"
    field = "payment_method"
    message = "This card is not kept at {name}. Choose a card that is, or send a pay link."


class CardInactive(NotAllowed):
    code = "card_inactive"
    field = "payment_method"
    message = "This card was deactivated. Choose another one, or send a pay link."


class CardExpired(NotAllowed):
    code = "card_expired"
    field = "payment_method"
    message = "This card expired at the end of {month}. Choose another one, or send a pay link."


class MerchantAccountInactive(NotAllowed):
    code = "merchant_account_inactive"
    field = "payment_method"
    message = "{name} is not in use. Choose a card of another merchant account."


class CurrencyNotTaken(NotAllowed):
    code = "currency_not_taken"
    field = "amount"
    message = "{name} takes no {currency}. Use another merchant account, or record a payment taken elsewhere."


class BelowMinimum(Invalid):
    code = "below_minimum"
    field = "amount"
    message = "The card processor charges no less than {minimum}. Enter more."


class ChargeNotWaiting(NotAllowed):
    code = "charge_not_waiting"
    message = "{number} does not wait for the customer any more. Look at it again."


class GatewayUnreachable(NotAllowed):
    code = "gateway_unreachable"
    message = "The card processor did not carry this out: {reason}. Try again in a moment."


class RefundUnderWay(Conflict):
    code = "refund_under_way"
    message = "Money of {number} is being given back, and the outcome is not known yet. Wait until it is."


class AboveCaptured(Conflict):
    code = "above_captured"
    field = "amount"
    message = "The card processor holds only {left} of this charge. Lower the amount, or refund it by hand."


class RefundRefused(NotAllowed):
    code = "refund_refused"
    message = "Nothing went back, and nothing is recorded. The card processor says: “{reason}”"


class MessageNotFailed(Conflict):
    code = "message_not_failed"
    message = "This message of the card processor needs nothing any more: it is {state}."


class ChargeUnderWay(Conflict):
    code = "charge_under_way"
    field = "invoice"
    message = (
        "A card is being charged for {number}, and its outcome is not known yet. Wait until it is: the page"
        " of the charge shows it."
    )


# Partners and commissions


class CodeMalformed(Invalid):
    code = "code_malformed"
    field = "code"
    message = "A code starts with a letter, has at least 4 characters and no spaces."


class CodeTaken(Conflict):
    code = "code_taken"
    field = "code"
    message = "The code {taken} belongs to {name}. Choose another one."


class ParentLoop(Invalid):
    code = "parent_loop"
    field = "parent"
    message = "{name} is this partner itself or stands below it. Choose another parent."


class NameTaken(Conflict):
    code = "name_taken"
    field = "name"
    message = "There is a {what} named {name} already. Choose another name."


class PartnerHasEntries(NotAllowed):
    code = "partner_has_entries"
    message = "{name} has earned commissions and cannot be deleted. Set the status to inactive instead."


class PercentOutOfRange(Invalid):
    code = "percent_out_of_range"
    field = "percent"
    message = "A percentage lies between 0 and 100."


class RatesAboveWhole(Invalid):
    code = "rates_above_whole"
    field = "rules"
    message = "All roles and levels together come to {percent} % for {what}. Keep them at 100 % or less."


class ProgramNeedsRules(Invalid):
    code = "program_needs_rules"
    field = "rules"
    message = "Add at least one rule: a role, a level and a rate."


class RuleTwice(Invalid):
    code = "rule_twice"
    field = "rules"
    message = "There are two rules for {what}. Keep one."


class LevelAboveProgram(Invalid):
    code = "level_above_program"
    field = "rules"
    message = "The program has {levels} levels. Raise them, or remove the rule for level {level}."


class FixedAmountNeedsCurrency(Invalid):
    code = "fixed_amount_needs_currency"
    field = "currency"
    message = "Fixed amounts are in {expected}, the business's currency."


class RateMissing(Invalid):
    code = "rate_missing"
    field = "rules"
    message = "Give a percentage, a fixed amount, or both."


class CommissionPaidOut(NotAllowed):
    code = "commission_paid_out"
    message = "Commission of this order is in payout {batch}. Its partners and rules stay as they are."


class FutureCutOff(Invalid):
    code = "future_cut_off"
    field = "cut_off_on"
    message = "{date} is in the future. The cut-off is today or an earlier day."


class NothingPayable(NotAllowed):
    code = "nothing_payable"
    field = "cut_off_on"
    message = "Nothing is payable up to {date}. Choose a later cut-off, or wait until the holds are over."


class AbovePayable(NotAllowed):
    code = "above_payable"
    field = "amount"
    message = "{name} has {payable} payable. A payout cannot be more."


class OwnBatch(NotAllowed):
    code = "own_batch"
    message = "You built this payout yourself. Ask another person to approve it."


class BatchState(NotAllowed):
    code = "batch_state"
    message = "Payout {number} is {state}. Reload the page."


# Orders


class OrderNeedsItems(Invalid):
    code = "order_needs_items"
    field = "items"
    message = "Add at least one item."


class QuantityNotPositive(Invalid):
    code = "quantity_not_positive"
    field = "quantity"
    message = "Enter a quantity above zero."


class PriceNegative(Invalid):
    code = "price_negative"
    field = "unit_price"
    message = "A price is zero or more. To lower the total, add a discount."


class ItemNeedsDescription(Invalid):
    code = "item_needs_description"
    field = "description"
    message = "Say what this item is."


class FutureOrderDate(Invalid):
    code = "future_order_date"
    field = "ordered_on"
    message = "{date} is in the future. An order is dated on the day it was placed, at the latest today."


class DueBeforeOrder(Invalid):
    code = "due_before_order"
    field = "due_on"
    message = "An order of {date} cannot be due before that day."


class OrderTotalNegative(Invalid):
    code = "order_total_negative"
    field = "items"
    message = "The order's total would be {total}. Lower the discount."


class OrderBelowApplied(NotAllowed):
    code = "order_below_applied"
    field = "items"
    message = (
        "{applied} has been applied already; the new total would be {total}. Release or undo a payment first."
    )


class StillApplied(NotAllowed):
    code = "still_applied"
    message = (
        "{applied} is applied to {number}. Undo the payments, or release them to credit on account first."
    )


class AlreadyVoid(NotAllowed):
    code = "already_void"
    message = "{number} is void already."


class AlreadyCancelled(NotAllowed):
    code = "already_cancelled"
    message = "Order {number} is cancelled already."


# Imports


class FileUnreadable(Invalid):
    code = "file_unreadable"
    field = "file"
    message = "The file cannot be read at line {line}: {problem}."


class ColumnUnknown(Invalid):
    code = "column_unknown"
    field = "file"
    message = "{name} is not a column that Duebook knows. It knows: {known}."


class ColumnMissing(Invalid):
    code = "column_missing"
    field = "file"
    message = "The file has no column {name}. It has: {found}."


class ColumnTwice(Invalid):
    code = "column_twice"
    field = "file"
    message = "The file has two columns that are read as {name}. Rename one, or leave it out."


class ValueMissing(Invalid):
    code = "value_missing"
    message = "{name} is empty."


class ValueTooLong(Invalid):
    code = "value_too_long"
    message = "{name} has {length} characters; {most} fit."


class ValueUnprintable(Invalid):
    code = "value_unprintable"
    message = "The row holds a control character that cannot be stored."


class TooManyValues(Invalid):
    code = "too_many_values"
    message = (
        "The row has {count} values for {expected} columns. Put quotes around those that hold a separator."
    )


class DateUnreadable(Invalid):
    code = "date_unreadable"
    message = "{text} is not a date. Write it as 2026-11-23."


class EmailUnreadable(Invalid):
    code = "email_unreadable"
    field = "customer_email"
    message = "{text} is not an e-mail address."


class AmountNegative(Invalid):
    code = "amount_negative"
    field = "amount"
    message = "An amount is zero or more. Record what was given back on the payment."


class AmountsDisagree(Invalid):
    code = "amounts_disagree"
    field = "amount"
    message = "Quantity times unit price is {computed}, but the amount says {amount}."


class RowsDisagree(Invalid):
    code = "rows_disagree"
    message = "{name} differs from that of line {first_line}, but both rows are items of one order."


class PaidUnclear(Invalid):
    code = "paid_unclear"
    field = "paid"
    message = "{text} does not say how much is paid. Write yes, no, or an amount such as 1.00."


class PaidAboveTotal(Invalid):
    code = "paid_above_total"
    field = "paid"
    message = "{paid} is paid, but the order comes to {total}. Record the rest as a payment on account."


class PaymentTypeUnknown(Invalid):
    code = "payment_type_unknown"
    field = "payment_type"
    message = "There is no payment type {label}. There are: {known}."


class PartnerCodeUnknown(Invalid):
    code = "partner_code_unknown"
    field = "lead_partner"
    message = "There is no referral partner with the code {code}. Add the partner first, or mend the code."


class SeveralMatch(Conflict):
    code = "several_match"
    message = "{count} {what} match {text}. Give each a customer_id or a name of its own."


class ImportRunning(Conflict):
    code = "import_running"
    message = "Another import is running. Wait until it has ended, then start this one again."


class OrderDiffers(Conflict):
    code = "order_differs"
    field = "order_number"
    message = (
        "This order was imported before as {before} of {date}; the file now says {now}. Change it in Duebook."
    )


# People, products and settings


class ContactNeedsName(Invalid):
    code = "contact_needs_name"
    field = "family_name"
    message = "Enter a first name, a last name or a company."


class SkuTaken(Conflict):
    code = "sku_taken"
    field = "sku"
    message = "{sku} is the SKU of {name} already. Choose another one."


class LabelTaken(Conflict):
    code = "label_taken"
    field = "label"
    message = "There is a payment type {label} already. Choose another label."


class EmailTaken(Conflict):
    code = "email_taken"
    field = "email"
    message = "{email} is the address of another user already."


class NameRequired(Invalid):
    code = "name_required"
    field = "name"
    message = "Enter a name."


class UnknownCurrency(Invalid):
    code = "unknown_currency"
    field = "currency"
    message = "{currency} is not the code of a currency. Enter three letters, such as USD."


class LinkWithoutCode(Invalid):
    code = "link_without_code"
    field = "partner_link"
    message = "Enter an address that begins with https:// and has {{code}} where the partner's code goes."


class UnknownTimeZone(Invalid):
    code = "unknown_time_zone"
    field = "time_zone"
    message = "There is no time zone {time_zone}. Choose one from the list."


class UnknownLocale(Invalid):
    code = "unknown_locale"
    field = "locale"
    message = "There is no locale {locale}. Choose one from the list."


class AccountNotFitting(Invalid):
    code = "account_not_fitting"
    field = "account"
    message = "{account} cannot take this kind of payment. Choose another account."


class LastOwner(NotAllowed):
    code = "last_owner"
    field = "role"
    message = "{name} is the only active owner. Make someone else an owner first."


class NotYourself(NotAllowed):
    code = "not_yourself"
    field = "active"
    message = "You cannot deactivate yourself. Ask another owner."


class ClosedInFuture(Invalid):
    code = "closed_in_future"
    field = "closed_until"
    message = "{date} is not over yet. Books can be closed up to yesterday."


class AlreadyClosedSo(NotAllowed):
    code = "already_closed_so"
    field = "closed_until"
    message = "The books stand exactly so already."


class LogoNotUsable(Invalid):
    code = "logo_not_usable"
    field = "logo"
    message = "Choose a PNG or JPEG picture of at most {kilobytes} kB."


# Receipts


class NoEmailAddress(Invalid):
    code = "no_email_address"
    field = "address"
    message = "Enter the e-mail address that the receipt goes to."


class MailNotSent(NotAllowed):
    code = "mail_not_sent"
    message = "The mail server did not take the message. Try again later, or print the receipt."


# Merchant accounts


class SecretRequired(Invalid):
    code = "secret_required"
    field = "secret"
    message = "Enter the secret key."


class SecretMalformed(Invalid):
    code = "secret_malformed"
    field = "secret"
    message = "A secret has no spaces and only plain letters, figures and signs. Copy it again as a whole."


class SecretRefused(Invalid):
    code = "secret_refused"
    field = "secret"
    message = (
        "The card processor refused the secret key. It says: {reason} Copy the key again from its pages."
    )


class SecretUnreadable(NotAllowed):
    code = "secret_unreadable"
    field = "secret"
    message = (
        "The secret key cannot be opened any more: it was sealed while DUEBOOK_SECRET_KEY was another one. "
        "Enter the secret key again."
    )


class ProcessorNotReached(NotAllowed):
    code = "processor_not_reached"
    message = "The connection could not be tested. {reason} Nothing was changed. Try again in a moment."


class OtherProcessorAccount(NotAllowed):
    code = "other_processor_account"
    field = "secret"
    message = (
        "This key belongs to another account at the card processor, or to its other mode. "
        "Add that one as a merchant account of its own."
    )


class AddressOnlyForSandbox(Invalid):
    code = "address_only_for_sandbox"
    field = "base_url"
    message = "Only the sandbox has an address that can be chosen. Leave this empty."


class AddressMalformed(Invalid):
    code = "address_malformed"
    field = "base_url"
    message = "Write the address from http:// or https:// on, such as http://127.0.0.1:8100."


class TooManySigningSecrets(Invalid):
    code = "too_many_signing_secrets"
    field = "webhook_secret"
    message = "{most} signing secrets can be kept at once. Forget the older ones."


class DefaultNotFitting(Invalid):
    code = "default_not_fitting"
    field = "next_default"
    message = "Choose another active account as the default, or none."


class DefaultInactive(NotAllowed):
    code = "default_inactive"
    message = "{name} is not active. Activate it before you make it the default."
