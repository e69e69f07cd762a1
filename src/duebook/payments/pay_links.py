"""Pay links and the payments by them: finding one by its token, what is due by it, and those of a contact."""

import secrets
from collections.abc import Sequence
from datetime import timedelta

from django.db.models import Prefetch, Q, QuerySet
from django.db.models.functions import Now
from django.utils import timezone

from duebook.domain.charging import OPEN_STATES
from duebook.domain.money import Money
from duebook.domain.pay_links import PATIENCE, LinkDue, LinkState, link_state
from duebook.events.rows import row_by_id
from duebook.invoices.models import Invoice
from duebook.payments.card_links import hash_of
from duebook.payments.models import CardSetup, LinkPayment, PayLink, PaymentMethod
from duebook.payments.queries import with_charge_under_way

LEFT_AFTER = 2 * PATIENCE
"""A payment by link that came to no charge for so long was left by its customer."""

TOLD_FOR = timedelta(days=1)
"""How long after it was begun a payment is told by a link that is over; longer while its outcome is open."""

_OPEN = sorted(state.value for state in OPEN_STATES)


def new_pay_reference() -> str:
    """A name for a pay link that nobody guesses."""
    return f"duebook-pay-{secrets.token_hex(16)}"


def link_of_token(token: str) -> PayLink | None:
    """The link whose token it is, in whatever state; None for a stranger's guess."""
    return _links().filter(token_hash=hash_of(token)).first()


def link_by_id(link_id: int) -> PayLink:
    """The link with its contact and account. Raises NotFound."""
    return row_by_id(_links(), link_id, "Pay link")


def lock_link(link_id: int) -> None:
    """Lock the link, after its contact and before the offers of cards."""
    list(PayLink.objects.select_for_update(no_key=True, of=("self",)).filter(pk=link_id).values_list("pk"))


def invoices_of(link: PayLink) -> list[Invoice]:
    """The invoices of the link as they stand, the longest due first, each with its charge under way."""
    rows = with_charge_under_way(Invoice.objects.filter(pay_link_lines__link=link))
    return list(rows.select_related("order").order_by("due_on", "id"))


def dues_of(invoices: Sequence[Invoice]) -> list[LinkDue]:
    """What is due on them, as decisions see it."""
    return [
        LinkDue(
            invoice.pk,
            invoice.due_on,
            Money(invoice.balance_due_minor, invoice.currency),
            is_under_way=getattr(invoice, "charge_under_way", None) is not None,
        )
        for invoice in invoices
    ]


def state_of(link: PayLink, dues: Sequence[LinkDue]) -> LinkState:
    """How far the link is now."""
    return link_state(
        dues,
        is_withdrawn=link.withdrawn_at is not None,
        is_past=link.expires_at <= timezone.now(),
        account_active=link.merchant_account.active,
    )


def open_pay_links_of(contact_id: int, *, most: int | None = None) -> list[PayLink]:
    """The newest of the contact's links that still take payments, with their invoices."""
    rows = _links().filter(
        contact=contact_id,
        withdrawn_at__isnull=True,
        expires_at__gt=Now(),
        merchant_account__active=True,
        lines__invoice__balance_due_minor__gt=0,
    )
    numbered = Invoice.objects.order_by("due_on", "id")
    lines = Prefetch("lines__invoice", queryset=numbered)
    return list(rows.distinct().order_by("-pk").prefetch_related(lines)[:most])


def link_payment_by_id(payment_id: int) -> LinkPayment:
    """The payment by link with its link, entry of a card and charge. Raises NotFound."""
    return row_by_id(_payments(), payment_id, "Payment by link")


def lock_link_payment(payment_id: int) -> None:
    """Lock the payment by link, after its charge."""
    rows = LinkPayment.objects.select_for_update(no_key=True, of=("self",))
    list(rows.filter(pk=payment_id).values_list("pk"))


def payment_of_link(link: PayLink, number: int) -> LinkPayment | None:
    """The payment of that number by the link."""
    return _payments().filter(link=link, number=number).first()


def payments_of_link(link: PayLink) -> QuerySet[LinkPayment]:
    """All of the link that came to a charge, the newest first."""
    return _payments().filter(link=link, charge__isnull=False).order_by("-number")


def links_to_close(*, most: int) -> list[int]:
    """The payments by link whose end is to be seen to, and those whose card came in after it."""
    charged = Q(ended_at__isnull=True, charge__isnull=False) & ~Q(charge__state__in=_OPEN)
    left = Q(ended_at__isnull=True, charge__isnull=True, begun_at__lt=Now() - LEFT_AFTER)
    card_in_use = Q(setup__payment_method__active=True, setup__payment_method__on_file=False)
    came_late = Q(ended_at__isnull=False, setup__state=CardSetup.States.SAVED.value) & card_in_use
    rows = LinkPayment.objects.filter(charged | left | came_late).order_by("begun_at")
    return list(rows.values_list("pk", flat=True)[:most])


def same_cards_on_file(card: PaymentMethod) -> list[PaymentMethod]:
    """The contact's other cards on file that have this one's number."""
    on_file = PaymentMethod.objects.filter(contact=card.contact_id, on_file=True, active=True)
    same = on_file.filter(merchant_account=card.merchant_account_id, fingerprint=card.fingerprint)
    return list(same.exclude(pk=card.pk)) if card.fingerprint else []


def is_card_kept(payment: LinkPayment) -> bool:
    """Whether the card that its customer wished to keep is on file now."""
    card = payment.setup.payment_method
    if card is None or not payment.keeps_card:
        return False
    return (card.on_file and card.active) or bool(same_cards_on_file(card))


def is_card_lost(payment: LinkPayment) -> bool:
    """Whether the gateway was told to forget the card before it was known that it paid."""
    card = payment.setup.payment_method
    if card is None or card.on_file or card.forgotten_at is None:
        return False
    return payment.keeps_card and not is_card_kept(payment)


def request_key_of(payment: LinkPayment) -> str:
    """The key of the one charge that a payment by link may come to."""
    return f"link-payment:{payment.pk}"


def is_in_time(payment: LinkPayment) -> bool:
    """Whether its card may still be charged."""
    return timezone.now() < payment.begun_at + PATIENCE


def is_left(payment: LinkPayment) -> bool:
    """Whether its customer went away before a card was charged."""
    return payment.charge_id is None and timezone.now() >= payment.begun_at + LEFT_AFTER


def is_told(payment: LinkPayment) -> bool:
    """Whether its page still says what came of it: not to whoever finds the link long after it was over."""
    if payment.charge is not None and payment.charge.is_open:
        return True
    if timezone.now() < payment.begun_at + TOLD_FOR:
        return True
    state = state_of(payment.link, dues_of(invoices_of(payment.link)))
    return state not in (LinkState.WITHDRAWN, LinkState.EXPIRED)


def _links() -> QuerySet[PayLink]:
    return PayLink.objects.select_related("contact", "merchant_account")


def _payments() -> QuerySet[LinkPayment]:
    return LinkPayment.objects.select_related(
        "link__contact", "link__merchant_account", "setup__payment_method", "charge"
    )
