"""Withdraw a link to put a card on file, such as one sent to a wrong address."""

from django.db import transaction
from django.db.models.functions import Now

from duebook.domain.permissions import Actor, Right
from duebook.events.requests import earlier_event, input_hash
from duebook.events.services.record_event import record_event
from duebook.payments import write_path
from duebook.payments.card_links import check_open
from duebook.payments.card_reading import lock_setup, setup_by_id
from duebook.payments.models import CardSetup


@transaction.atomic
def withdraw_card_link(*, setup_id: int, request_key: str, actor: Actor) -> None:
    """Withdraw the link: a card typed by it from now on does not come on file.

    Locks the contact and the offer. Records ``card_link.withdrawn``. Raises NotFound, Forbidden,
    CardLinkOver, KeyReused.
    """
    write_path.lock_contacts([setup_by_id(setup_id).contact_id])
    lock_setup(setup_id)
    hashed = input_hash(["withdraw card link", setup_id])
    if earlier_event(actor=actor, request_key=request_key, hashed=hashed):
        return
    actor.require(Right.MANAGE_CARDS)
    setup = setup_by_id(setup_id)
    check_open(setup)
    CardSetup.objects.filter(pk=setup_id).update(
        state=CardSetup.States.CANCELLED.value, ended_at=Now(), sealed_handle=""
    )
    record_event(
        name="card_link.withdrawn",
        actor=actor,
        request_key=request_key,
        hashed=hashed,
        contact_id=setup.contact_id,
        payload={"setup_id": setup_id, "number": str(setup.contact), "account": setup.merchant_account.name},
    )
