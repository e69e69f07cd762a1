"""Locks of users: whatever decides on who may sign in, or on nobody else being there, takes this one."""

from duebook.domain.permissions import Role
from duebook.staff.models import User


def lock_owners() -> list[User]:
    """Lock all active owners by ascending id, and return them; there is always one, once there is a user."""
    return list(
        User.objects.select_for_update(no_key=True, of=("self",))
        .filter(role=Role.OWNER.value, is_active=True)
        .order_by("pk")
    )
