"""What makes two requests the same: their key and all that they ask for, also what is to be done."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import duebook
from duebook.domain.errors import KeyReused
from duebook.events.models import Event
from duebook.payments.models import PaymentMethod
from duebook.payments.services.deactivate_card import deactivate_card
from duebook.payments.services.make_default_card import make_default_card
from tests.factories import SYSTEM, day, make_contact
from tests.payments.fake_gateway import FakeGateway, make_card


@pytest.mark.django_db
def test_another_act_on_the_same_card_under_the_same_key_is_refused(gateway: FakeGateway) -> None:
    card = make_card(make_contact())
    make_default_card(payment_method_id=card.pk, request_key="k", actor=SYSTEM, on=day())

    with pytest.raises(KeyReused):
        deactivate_card(payment_method_id=card.pk, request_key="k", actor=SYSTEM)

    assert PaymentMethod.objects.get().active
    assert Event.objects.count() == 1


def hashed_lists(path: Path) -> Iterator[ast.List]:
    """What the service hashes as a list, to look for an earlier request."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call):
            called, arguments = node.value.func, node.value.args
            if (
                isinstance(called, ast.Name)
                and called.id == "input_hash"
                and isinstance(arguments[0], ast.List)
            ):
                yield arguments[0]


def test_no_service_takes_an_id_alone_for_what_is_asked() -> None:
    services = sorted(Path(duebook.__file__).parent.glob("*/services/*.py"))

    bare = [path.stem for path in services for one in hashed_lists(path) if len(one.elts) == 1]

    assert len(services) > 100
    assert bare == []
