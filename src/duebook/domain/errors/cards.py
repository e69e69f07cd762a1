"""Refusals around cards, charges and the accounts that take them."""

from duebook.domain.errors.base import Conflict, Invalid, NotAllowed


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


class PayLinkOver(NotAllowed):
    code = "pay_link_over"
    message = "This link was withdrawn, has run out, or everything is paid. Make a new one."


class PayLinkPaymentOver(Conflict):
    code = "pay_link_payment_over"
    message = "This took too long, and the card was not charged. Begin again."


class AboveLinkBalance(Invalid):
    code = "above_link_balance"
    field = "amount"
    message = "No more than {balance} is due. Enter that or less."


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


class MerchantAccountFenced(NotAllowed):
    code = "merchant_account_fenced"
    field = "payment_method"
    message = (
        "{name} is paused for a moment: these books may lack what was charged lately, so the card processor"
        " is asked first. Try again in a minute, or look at Settings, Merchant accounts."
    )


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


class ChargeNeedsNoLink(NotAllowed):
    code = "charge_needs_no_link"
    message = "{number} has no page on which the customer could confirm it. Look at it again."


class GatewayUnreachable(NotAllowed):
    code = "gateway_unreachable"
    message = "The card processor did not carry this out: {reason}. Try again in a moment."


class RefundUnderWay(Conflict):
    code = "refund_under_way"
    message = (
        "Money of {number} is being given back, and the outcome is not known yet. Wait until it is: the page"
        " of the payment shows it."
    )


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


class DisputeUndecided(NotAllowed):
    code = "dispute_undecided"
    message = "The customer's bank has not decided this dispute yet. It stays here until it has."


class DisputeChanged(Conflict):
    code = "dispute_changed"
    message = "This dispute stands otherwise by now, or somebody else has seen it. Look at it again."


class ChargeUnderWay(Conflict):
    code = "charge_under_way"
    field = "invoice"
    message = (
        "A card is being charged for {number}, and its outcome is not known yet. Wait until it is: the page"
        " of the charge shows it."
    )


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


class ProcessorAccountAdded(NotAllowed):
    code = "processor_account_added"
    field = "secret"
    message = (
        "This key belongs to the account that {name} is already. Replace the key there: added twice, what the"
        " processor pays out would be booked twice."
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
