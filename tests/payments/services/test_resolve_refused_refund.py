"""A refund that the gateway refused waits until somebody has dealt with it."""

import pytest

from duebook.domain import errors
from duebook.events.models import Event
from duebook.payments.models import RefundResolution
from duebook.payments.services.resolve_refused_refund import resolve_refused_refund
from duebook.payments.to_decide import refused_refunds
from tests.factories import SYSTEM, key, make_refund
from tests.payments.fake_gateway import FakeGateway
from tests.payments.outcomes import CARL, MIA, a_refused_refund

pytestmark = pytest.mark.django_db


def test_a_refused_refund_waits_until_somebody_says_that_nothing_is_to_be_done(gateway: FakeGateway) -> None:
    attempt, request_key = a_refused_refund(gateway), key()
    waiting = list(refused_refunds())

    with pytest.raises(errors.Forbidden):
        resolve_refused_refund(attempt_id=attempt.pk, note="Seen", request_key=key(), actor=CARL)
    for _ in range(2):
        resolve_refused_refund(attempt_id=attempt.pk, note="Seen", request_key=request_key, actor=MIA)
    with pytest.raises(errors.RefundNotRefused):
        resolve_refused_refund(attempt_id=attempt.pk, note="Again", request_key=key(), actor=MIA)

    assert (waiting, list(refused_refunds())) == ([attempt], [])
    assert (RefundResolution.objects.get().note, RefundResolution.objects.get().resolved_by_id) == ("Seen", 2)
    assert Event.objects.filter(name="refund.resolved").count() == 1


def test_a_refund_by_hand_or_another_attempt_deals_with_a_refused_one(gateway: FakeGateway) -> None:
    first = a_refused_refund(gateway)

    make_refund(first.payment, "10.00", by=SYSTEM)

    assert list(refused_refunds()) == []
    with pytest.raises(errors.RefundNotRefused):
        resolve_refused_refund(attempt_id=first.pk, note="Seen", request_key=key(), actor=MIA)
