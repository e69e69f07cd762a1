"""Which merchant account is the default."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import IntegrityError, connections, transaction

from duebook.domain import errors
from duebook.domain.permissions import Role
from duebook.events.models import Event
from duebook.gateways.models import MerchantAccount
from duebook.gateways.services.make_default_account import make_default_account
from tests.factories import actor, key
from tests.gateways.fake_processor import FakeProcessor, make_merchant_account, register

pytestmark = pytest.mark.django_db

OLGA = actor(Role.OWNER)


@pytest.fixture
def processor(monkeypatch: pytest.MonkeyPatch) -> FakeProcessor:
    return register(monkeypatch)


def make_default(account: MerchantAccount, *, by: Any = OLGA, request_key: str = "") -> None:
    make_default_account(merchant_account_id=account.pk, request_key=request_key or key(), actor=by)


def defaults() -> list[str]:
    return list(MerchantAccount.objects.filter(is_default=True).values_list("name", flat=True))


def test_the_default_passes_to_another_account(processor: FakeProcessor) -> None:
    shop, web = make_merchant_account("Shop"), make_merchant_account("Web")

    make_default(web, request_key="one")
    make_default(web, request_key="one")

    assert defaults() == ["Web"]
    assert Event.objects.get(name="merchant_account.made_default").payload == {
        "merchant_account_id": web.pk,
        "number": "Web",
        "instead_of_id": shop.pk,
    }


def test_an_account_out_of_use_is_no_default(processor: FakeProcessor) -> None:
    make_merchant_account("Shop")
    idle = make_merchant_account("Idle", active=False)

    with pytest.raises(errors.DefaultInactive):
        make_default(idle)

    assert defaults() == ["Shop"]
    assert not Event.objects.filter(name="merchant_account.made_default").exists()


def test_only_who_may_change_settings_moves_the_default(processor: FakeProcessor) -> None:
    make_merchant_account("Shop")
    web = make_merchant_account("Web")

    with pytest.raises(errors.Forbidden):
        make_default(web, by=actor(Role.MANAGER))
    with pytest.raises(errors.NotFound):
        make_default_account(merchant_account_id=web.pk + 1, request_key=key(), actor=OLGA)

    assert defaults() == ["Shop"]


@pytest.mark.django_db(transaction=True)
def test_two_at_once_leave_one_default(processor: FakeProcessor) -> None:
    make_merchant_account("Shop")
    others = [make_merchant_account(name) for name in ("Web", "Fair")] * 3

    def act(account: MerchantAccount) -> None:
        try:
            make_default(account)
        finally:
            connections["default"].close()

    with ThreadPoolExecutor(len(others)) as pool:
        list(pool.map(act, others))

    assert len(defaults()) == 1
    assert Event.objects.filter(name="merchant_account.made_default").count() == len(others)


def test_the_database_keeps_one_active_default(processor: FakeProcessor) -> None:
    shop, web = make_merchant_account("Shop"), make_merchant_account("Web")

    with pytest.raises(IntegrityError, match="merchantaccount_one_default"), transaction.atomic():
        MerchantAccount.objects.filter(pk=web.pk).update(is_default=True)
    with pytest.raises(IntegrityError, match="merchantaccount_default_is_active"), transaction.atomic():
        MerchantAccount.objects.filter(pk=shop.pk).update(active=False)
