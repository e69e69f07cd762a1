"""Two owners at once: one of them remains."""

import pytest

from duebook.domain.permissions import Role, Source
from duebook.staff.models import User
from duebook.staff.queries import actor_for
from duebook.staff.services.change_user import change_user
from tests.factories import key, make_user
from tests.threads import at_once


@pytest.mark.django_db(transaction=True)
def test_two_owners_who_demote_each_other_do_not_both_succeed() -> None:
    first = make_user(role=Role.OWNER)
    second = make_user(role=Role.OWNER, email="second@example.com")

    def demote(by: User, whom: User) -> User | None:
        return change_user(
            user_id=whom.pk,
            name=whom.name,
            role=Role.CLERK,
            active=True,
            request_key=key(),
            actor=actor_for(by, source=Source.WEB),
        )

    results = at_once(lambda: demote(first, second), lambda: demote(second, first))

    assert sorted(type(result).__name__ for result in results) == ["LastOwner", "User"]
    assert User.objects.filter(role="owner").count() == 1
