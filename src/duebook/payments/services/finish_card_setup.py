"""Ask the gateway what became of saving a card, and keep the card."""

from django.db import transaction
from django.db.models.functions import Now
from procrastinate.contrib.django import app

from duebook.domain.card_brands import brand_name
from duebook.domain.errors import CardNotSaved
from duebook.domain.permissions import Actor, Source
from duebook.events.requests import input_hash
from duebook.events.services.record_event import record_event
from duebook.gateways.accounts import gateway_of
from duebook.gateways.protocol import Decline, DeclineClass, SeenCard, SeenSetup, SetupOutcome
from duebook.payments import write_path
from duebook.payments.card_reading import has_default_card, lock_setup, setup_by_id
from duebook.payments.models import CardSetup, ChargeLine, PaymentMethod

_CUSTOMER = Actor.system(Source.WEB)


def finish_card_setup(*, setup_id: int) -> CardSetup:
    """Bring the offer to what the gateway says now; returns it as it stands then. Safe to call again.

    A card that the contact has already, by its fingerprint, is taken back into use and not doubled. The
    contact's first card becomes the default. A card entered to pay by a link is not on file by that. Must not
    be called inside a transaction. Locks the contact and the offer. Records ``card.added``, ``card.entered``,
    ``card.declined`` or ``card_setup.cancelled``. Raises NotFound, CardNotSaved, GatewayError.
    """
    setup = _read(setup_id)
    if not setup.is_open or not setup.gateway_id:
        return setup
    seen = gateway_of(setup.merchant_account).fetch_setup(setup.gateway_id)
    _settle(setup, seen)
    return setup_by_id(setup_id)


@transaction.atomic(durable=True)
def _read(setup_id: int) -> CardSetup:
    return setup_by_id(setup_id)


@transaction.atomic(durable=True)
def _settle(offered: CardSetup, seen: SeenSetup) -> None:
    write_path.lock_contacts([offered.contact_id])
    lock_setup(offered.pk)
    setup = setup_by_id(offered.pk)
    if not setup.is_open:
        return
    if seen.outcome is SetupOutcome.SAVED:
        _save(setup, _card_in(setup, seen))
    elif seen.outcome is SetupOutcome.DECLINED:
        _decline(setup, seen.decline or Decline(DeclineClass.OTHER))
    elif seen.outcome is SetupOutcome.CANCELLED:
        CardSetup.objects.filter(pk=setup.pk).update(state=CardSetup.States.CANCELLED.value, ended_at=Now())
        _record("card_setup.cancelled", setup, {}, key="cancelled")


def _card_in(setup: CardSetup, seen: SeenSetup) -> SeenCard:
    """The card in the answer, if it is one for this very offer."""
    card = seen.card
    if card is None or seen.reference != setup.reference or seen.customer != setup.customer:
        raise CardNotSaved
    if card.customer != setup.customer:
        raise CardNotSaved
    return card


def _save(setup: CardSetup, seen: SeenCard) -> None:
    known = _known(setup, seen)
    has_default = has_default_card(setup.contact_id)
    on_file = setup.puts_on_file or (known is not None and known.on_file)
    facts = {
        "token": seen.token,
        "customer": seen.customer,
        "brand": brand_name(seen.brand),
        "last_four": seen.last_four,
        "exp_month": seen.exp_month,
        "exp_year": seen.exp_year,
        "fingerprint": seen.fingerprint,
        "active": True,
        "on_file": on_file,
        "forgotten_at": None,
    }
    if known is None:
        card = PaymentMethod.objects.create(
            contact=setup.contact,
            merchant_account=setup.merchant_account,
            is_default=on_file and not has_default,
            **facts,
        )
    else:
        card = known
        _forget_replaced(card, seen.token)
        is_default = card.is_default or (on_file and not has_default)
        for name, value in {**facts, "is_default": is_default}.items():
            setattr(card, name, value)
        card.save(update_fields=[*facts, "is_default"])
    CardSetup.objects.filter(pk=setup.pk).update(
        state=CardSetup.States.SAVED.value,
        ended_at=Now(),
        payment_method=card,
        decline_kind="",
        decline_code="",
        sealed_handle="",
    )
    told = {
        "payment_method_id": card.pk,
        "card": str(card),
        "is_default": card.is_default,
        "known": known is not None,
    }
    _record("card.added" if setup.puts_on_file else "card.entered", setup, told, key="saved")


def _known(setup: CardSetup, seen: SeenCard) -> PaymentMethod | None:
    """The same card of the contact at the account, in use or not. Raises CardNotSaved for another's."""
    here = PaymentMethod.objects.filter(merchant_account=setup.merchant_account)
    by_token = here.filter(token=seen.token).first()
    if by_token is not None:
        if by_token.contact_id != setup.contact_id:
            raise CardNotSaved
        return by_token
    if not setup.puts_on_file or not seen.fingerprint:
        return None
    same = here.filter(contact=setup.contact, fingerprint=seen.fingerprint, on_file=True)
    return same.order_by("-active", "-pk").first()


def _forget_replaced(card: PaymentMethod, token: str) -> None:
    """The gateway need not keep the earlier token, unless a charge is on its way with it."""
    charging = ChargeLine.objects.filter(charge__payment_method=card, is_open=True).exists()
    if card.active and card.token != token and not charging:
        app.configure_task("forget_card").defer(payment_method_id=card.pk, token=card.token)


def _decline(setup: CardSetup, decline: Decline) -> None:
    """Note why; the same refusal told again is no other event."""
    again = {"decline_kind": decline.kind.value, "decline_code": decline.code[:60]}
    told_before = setup.state == CardSetup.States.DECLINED and again == {
        "decline_kind": setup.decline_kind,
        "decline_code": setup.decline_code,
    }
    if told_before:
        return
    CardSetup.objects.filter(pk=setup.pk).update(
        state=CardSetup.States.DECLINED.value, ended_at=Now(), **again
    )
    _record("card.declined", setup, {"decline": decline.kind.value})


def _record(name: str, setup: CardSetup, told: dict[str, object], *, key: str = "") -> None:
    record_event(
        name=name,
        actor=_CUSTOMER,
        request_key=f"card-setup:{setup.pk}:{key}" if key else None,
        hashed=input_hash([setup.pk]) if key else None,
        contact_id=setup.contact_id,
        payload={
            "setup_id": setup.pk,
            "number": str(setup.contact),
            "account": setup.merchant_account.name,
            **told,
        },
    )
