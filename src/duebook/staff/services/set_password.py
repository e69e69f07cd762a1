"""Give a user a new password, for someone who cannot sign in any more."""

from django.db import transaction

from duebook.domain.permissions import Actor, Right
from duebook.events.requests import earlier_event, input_hash
from duebook.events.rows import row_by_id
from duebook.events.services.record_event import record_event
from duebook.staff.models import User


@transaction.atomic
def set_password(*, user_id: int, password: str, request_key: str, actor: Actor) -> None:
    """Set the password, which ends the user's sessions. Neither the event nor its hash knows it.

    Locks the user. Records ``user.password_set``. Raises NotFound, Forbidden, KeyReused.
    """
    user = row_by_id(User.objects.select_for_update(no_key=True, of=("self",)), user_id, "User")
    hashed = input_hash(["password", user_id])
    if earlier_event(actor=actor, request_key=request_key, hashed=hashed):
        return
    actor.require(Right.MANAGE_USERS)
    user.set_password(password)
    user.save(update_fields=["password"])
    record_event(
        name="user.password_set",
        actor=actor,
        request_key=request_key,
        hashed=hashed,
        payload={"user_id": user_id, "number": user.email},
    )
