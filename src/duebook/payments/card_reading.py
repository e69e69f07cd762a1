"""Cards on file as the services find them: one to change, and those that a contact has."""

from duebook.domain.errors import NotFound
from duebook.payments.models import CardSetup, PaymentMethod


def contact_of_card(payment_method_id: int) -> int:
    """Whose card it is, which never changes. Raises NotFound."""
    found = PaymentMethod.objects.filter(pk=payment_method_id).values_list("contact_id", flat=True).first()
    if found is None:
        raise NotFound(field="payment_method", what="Card", id=payment_method_id)
    return found


def lock_card(payment_method_id: int) -> None:
    """Lock the card, after its contact and the invoices; charging and deactivating exclude each other."""
    card = PaymentMethod.objects.select_for_update(no_key=True, of=("self",)).filter(pk=payment_method_id)
    list(card.values_list("pk"))


def lock_setup(setup_id: int) -> None:
    """Lock the offer of a link, after its contact."""
    list(CardSetup.objects.select_for_update(no_key=True, of=("self",)).filter(pk=setup_id).values_list("pk"))


def setup_by_id(setup_id: int) -> CardSetup:
    """The offer with its contact, account and card. Raises NotFound."""
    found = CardSetup.objects.select_related("contact", "merchant_account", "payment_method")
    setup = found.filter(pk=setup_id).first()
    if setup is None:
        raise NotFound(what="Card link", id=setup_id)
    return setup
