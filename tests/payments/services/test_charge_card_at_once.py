"""A charge that waits for its card is decided on what is so once it has the card."""

import pytest

from duebook.domain.errors import MerchantAccountInactive
from duebook.gateways.models import MerchantAccount
from duebook.payments.card_reading import lock_card
from duebook.payments.models import Charge
from tests.events.test_turns import while_open
from tests.factories import make_invoice
from tests.payments.charging import charge, wanted
from tests.payments.fake_gateway import FakeGateway, make_card


@pytest.mark.django_db(transaction=True)
def test_a_charge_that_waited_for_its_card_sees_that_the_account_went_out_of_use(
    gateway: FakeGateway,
) -> None:
    invoice = make_invoice("100.00")
    card = make_card(invoice.contact)

    def put_out_of_use() -> None:
        lock_card(card.pk)
        MerchantAccount.objects.update(active=False, is_default=False)

    _, [refused] = while_open(put_out_of_use, lambda: charge(wanted(invoice, card=card)))

    assert isinstance(refused, MerchantAccountInactive)
    assert not Charge.objects.exists()
    assert gateway.calls == []
