"""Add someone who may sign in."""

from django.db import transaction

from duebook.domain.errors import EmailTaken
from duebook.domain.permissions import Actor, Right, Role
from duebook.events.requests import earlier_event, input_hash
from duebook.events.services.record_event import record_event
from duebook.staff.locks import lock_owners
from duebook.staff.models import User


@transaction.atomic
def add_user(*, email: str, name: str, role: Role, password: str, request_key: str, actor: Actor) -> User:
    """Add the user with a first password. Neither the event nor its hash knows the password.

    Locks all active owners, so that nobody approves alone what this one could. Records ``user.added``.
    Raises Forbidden, EmailTaken, KeyReused.
    """
    lock_owners()
    hashed = input_hash([email.lower(), name, role])
    earlier = earlier_event(actor=actor, request_key=request_key, hashed=hashed)
    if earlier is not None:
        return User.objects.get(pk=earlier.payload["user_id"])
    actor.require(Right.MANAGE_USERS)
    if User.objects.filter(email__iexact=email.strip()).exists():
        raise EmailTaken(email=email.strip())
    user = User.objects.create_user(
        email=email.strip(), password=password, name=name.strip(), role=role.value
    )
    record_event(
        name="user.added",
        actor=actor,
        request_key=request_key,
        hashed=hashed,
        payload={"user_id": user.pk, "number": user.email, "role": role.value},
    )
    return user
