"""Refusals around people, products, settings and receipts."""

from duebook.domain.errors.base import Conflict, Invalid, NotAllowed


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


class NoEmailAddress(Invalid):
    code = "no_email_address"
    field = "address"
    message = "Enter the e-mail address that the receipt goes to."


class MailNotSent(NotAllowed):
    code = "mail_not_sent"
    message = "The mail server did not take the message. Try again later, or print the receipt."
