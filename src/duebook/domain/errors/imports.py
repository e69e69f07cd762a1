"""Refusals of a file and its rows."""

from duebook.domain.errors.base import Conflict, Invalid


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
    message = "{name} is empty. Fill it in."


class ValueTooLong(Invalid):
    code = "value_too_long"
    message = "{name} has {length} characters; {most} fit. Shorten it."


class ValueUnprintable(Invalid):
    code = "value_unprintable"
    message = "The row holds a control character that cannot be stored. Remove it."


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
    message = "Quantity times unit price is {computed}, but the amount says {amount}. Correct what is wrong."


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
