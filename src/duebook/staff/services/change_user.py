"""Change a user's name, role, or whether they may sign in."""

from django.db import transaction

from duebook.domain.errors import LastOwner, NotYourself
from duebook.domain.permissions import Actor, Right, Role
from duebook.events.requests import earlier_event, input_hash
from duebook.events.rows import row_by_id
from duebook.events.services.record_event import record_event
from duebook.staff.locks import lock_owners
from duebook.staff.models import User


@transaction.atomic
def change_user(*, user_id: int, name: str, role: Role, active: bool, request_key: str, actor: Actor) -> User:
    """Replace the three.

    Locks all active owners, so that two owners who demote each other at once cannot both succeed.
    Records ``user.changed``. Raises NotFound, Forbidden, LastOwner, NotYourself, KeyReused.
    """
    owners = lock_owners()
    user = row_by_id(User.objects.select_for_update(no_key=True, of=("self",)), user_id, "User")
    hashed = input_hash([user_id, name, role, active])
    if earlier_event(actor=actor, request_key=request_key, hashed=hashed):
        return user
    actor.require(Right.MANAGE_USERS)
    if not active and user_id == actor.user_id:
        raise NotYourself
    stays_owner = active and role is Role.OWNER
    if not stays_owner and [owner.pk for owner in owners] == [user_id]:
        raise LastOwner(name=str(user))
    new = {"name": name.strip(), "role": role.value, "is_active": active}
    before = {key: getattr(user, key) for key in new if getattr(user, key) != new[key]}
    for key in before:
        setattr(user, key, new[key])
    if before:
        user.save(update_fields=list(before))
    record_event(
        name="user.changed",
        actor=actor,
        request_key=request_key,
        hashed=hashed,
        payload={
            "user_id": user_id,
            "number": user.email,
            "before": before,
            "after": {key: new[key] for key in before},
        },
    )
    return user
