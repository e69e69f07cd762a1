"""Cards on file and the links to add one: those of a contact to show, and one to change."""

from django.db.models import QuerySet
from django.db.models.functions import Now

from duebook.domain.errors import NotFound
from duebook.events.rows import row_by_id
from duebook.gateways.models import MerchantAccount
from duebook.payments.models import CardSetup, PaymentMethod


def cards_of(contact_id: int) -> QuerySet[PaymentMethod]:
    """The contact's cards with their accounts: the default first, those out of use last."""
    rows = PaymentMethod.objects.filter(contact=contact_id, on_file=True).select_related("merchant_account")
    return rows.order_by("-active", "-is_default", "-pk")


def open_links_of(contact_id: int) -> QuerySet[CardSetup]:
    """The contact's links that still take a card, the newest first."""
    rows = CardSetup.objects.filter(
        contact=contact_id,
        puts_on_file=True,
        state__in=[CardSetup.States.WAITING.value, CardSetup.States.DECLINED.value],
        expires_at__gt=Now(),
        merchant_account__active=True,
    )
    return rows.select_related("merchant_account").order_by("-pk")


def accounts_to_offer() -> list[MerchantAccount]:
    """The merchant accounts at which a card can be put on file, the default first."""
    return list(MerchantAccount.objects.filter(active=True).order_by("-is_default", "name"))


def takes_cards() -> bool:
    """Whether there is a merchant account in use."""
    return MerchantAccount.objects.filter(active=True).exists()


def card_by_id(payment_method_id: int) -> PaymentMethod:
    """The card on file with its contact and account. Raises NotFound."""
    rows = PaymentMethod.objects.filter(on_file=True).select_related("contact", "merchant_account")
    return row_by_id(rows, payment_method_id, "Card", field="payment_method")


def contact_of_card(payment_method_id: int) -> int:
    """Whose card on file it is, which never changes. Raises NotFound."""
    found = (
        PaymentMethod.objects.filter(pk=payment_method_id, on_file=True)
        .values_list("contact_id", flat=True)
        .first()
    )
    if found is None:
        raise NotFound(field="payment_method", what="Card", id=payment_method_id)
    return found


def has_default_card(contact_id: int) -> bool:
    """Whether one of the contact's cards is the default."""
    return PaymentMethod.objects.filter(contact=contact_id, active=True, is_default=True).exists()


def lock_card(payment_method_id: int) -> PaymentMethod:
    """Lock the card, after its contact and the invoices, then read it with its account. Raises NotFound.

    Charging and deactivating exclude each other. What waited for the card would see its account as it was
    before in one statement.
    """
    row_by_id(
        PaymentMethod.objects.select_for_update(no_key=True),
        payment_method_id,
        "Card",
        field="payment_method",
    )
    return PaymentMethod.objects.select_related("merchant_account").get(pk=payment_method_id)


def lock_setup(setup_id: int) -> None:
    """Lock the offer of a link, after its contact."""
    list(CardSetup.objects.select_for_update(no_key=True, of=("self",)).filter(pk=setup_id).values_list("pk"))


def setup_by_id(setup_id: int) -> CardSetup:
    """The offer with its contact, account and card. Raises NotFound."""
    found = CardSetup.objects.select_related("contact", "merchant_account", "payment_method")
    return row_by_id(found, setup_id, "Card link")
