"""That the bank sent a settlement back is seen by somebody, once."""

import pytest

from duebook.domain import errors
from duebook.domain.permissions import Role
from duebook.events.models import Event
from duebook.payments.models import SettlementReturn, SettlementReturnReview
from duebook.payments.services.review_settlement_return import review_settlement_return
from duebook.payments.to_decide import count_to_decide
from tests.factories import actor, key
from tests.payments.fake_gateway import FakeGateway
from tests.payments.settling import a_charge, fetch, line_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def returned(gateway: FakeGateway) -> SettlementReturn:
    gateway.pay_out(line_of(a_charge()))
    gateway.send_back()
    fetch()
    return SettlementReturn.objects.get()


def test_once_seen_it_needs_no_decision_and_its_money_waits_all_the_same(returned: SettlementReturn) -> None:
    manager = actor(Role.MANAGER)

    review_settlement_return(return_id=returned.pk, request_key=key(), actor=manager)

    returned.refresh_from_db()
    assert (count_to_decide(), returned.uncleared_minor) == (0, 10000)
    assert SettlementReturnReview.objects.get().reviewed_by_id == manager.user_id
    assert Event.objects.get(name="settlement_return.reviewed").actor_id == manager.user_id


def test_seen_again_by_the_same_request_or_another_it_is_seen_once(returned: SettlementReturn) -> None:
    manager, same = actor(Role.MANAGER), key()

    for request_key in (same, same, key()):
        review_settlement_return(return_id=returned.pk, request_key=request_key, actor=manager)

    assert Event.objects.filter(name="settlement_return.reviewed").count() == 1


def test_the_same_key_for_another_return_is_refused(returned: SettlementReturn, gateway: FakeGateway) -> None:
    manager, same = actor(Role.MANAGER), key()
    review_settlement_return(return_id=returned.pk, request_key=same, actor=manager)
    gateway.pay_out(line_of(a_charge()))
    gateway.send_back("st_2")
    fetch()

    with pytest.raises(errors.KeyReused):
        review_settlement_return(
            return_id=SettlementReturn.objects.latest("pk").pk, request_key=same, actor=manager
        )


def test_a_clerk_may_not(returned: SettlementReturn) -> None:
    with pytest.raises(errors.Forbidden):
        review_settlement_return(return_id=returned.pk, request_key=key(), actor=actor(Role.CLERK))

    assert count_to_decide() == 1


def test_one_that_is_not_there_is_refused() -> None:
    with pytest.raises(errors.NotFound):
        review_settlement_return(return_id=99, request_key=key(), actor=actor(Role.MANAGER))
