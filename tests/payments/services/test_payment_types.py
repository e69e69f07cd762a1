"""Payment types are added, edited and arranged by owners; the account must fit the kind."""

from typing import Any

import pytest

from duebook.domain import errors
from duebook.domain.accounts import SystemAccount
from duebook.domain.payment_kinds import PaymentKind
from duebook.domain.permissions import Role
from duebook.events.models import Event
from duebook.payments.models import PaymentType
from duebook.payments.services.add_payment_type import add_payment_type
from duebook.payments.services.arrange_payment_types import arrange_payment_types
from duebook.payments.services.edit_payment_type import edit_payment_type
from duebook.payments.type_details import PaymentTypeDetails
from tests.factories import actor, key, payment_type

pytestmark = pytest.mark.django_db

OWNER = actor(Role.OWNER)


def details(**fields: Any) -> PaymentTypeDetails:
    return PaymentTypeDetails(**{"label": "Bank transfer", "account_id": SystemAccount.BANK.value, **fields})


def add(kind: PaymentKind = PaymentKind.MONEY, **fields: Any) -> PaymentType:
    return add_payment_type(details=details(**fields), kind=kind, request_key=key(), actor=OWNER)


def test_a_new_type_stands_last() -> None:
    added = add()

    assert list(PaymentType.objects.values_list("label", flat=True))[-1] == "Bank transfer"
    assert (added.kind, added.account_id) == ("money", SystemAccount.BANK)
    assert Event.objects.get().name == "payment_type.added"


def test_the_same_request_adds_one_type() -> None:
    for _ in range(2):
        add_payment_type(details=details(), kind=PaymentKind.MONEY, request_key="k", actor=OWNER)

    assert PaymentType.objects.filter(label="Bank transfer").count() == 1


@pytest.mark.parametrize(
    ("kind", "fields", "error"),
    [
        (PaymentKind.MONEY, {"label": " "}, errors.NameRequired),
        (PaymentKind.MONEY, {"label": "check"}, errors.LabelTaken),
        (PaymentKind.MONEY, {"account_id": SystemAccount.SALES.value}, errors.AccountNotFitting),
        (PaymentKind.MONEY, {"account_id": SystemAccount.RECEIVABLE.value}, errors.AccountNotFitting),
        (PaymentKind.MONEY, {"account_id": SystemAccount.CUSTOMER_CREDIT.value}, errors.AccountNotFitting),
        (PaymentKind.ADJUSTMENT, {"account_id": SystemAccount.BANK.value}, errors.AccountNotFitting),
        (PaymentKind.MONEY, {"account_id": 0}, errors.AccountNotFitting),
    ],
)
def test_a_refused_type_leaves_nothing(
    kind: PaymentKind, fields: dict[str, Any], error: type[Exception]
) -> None:
    count = PaymentType.objects.count()

    with pytest.raises(error):
        add(kind, **fields)

    assert PaymentType.objects.count() == count
    assert not Event.objects.exists()


def test_a_type_is_renamed_and_put_out_of_use() -> None:
    check = payment_type("Check")

    edit_payment_type(
        payment_type_id=check.pk,
        details=details(label="Cheque", active=False, account_id=SystemAccount.UNDEPOSITED_FUNDS.value),
        request_key=key(),
        actor=OWNER,
    )

    check.refresh_from_db()
    assert (check.label, check.active) == ("Cheque", False)
    assert Event.objects.get().payload["before"] == {
        "label": "Check",
        "active": True,
        "reference_label": "Check number",
    }


def test_arranging_puts_the_named_types_first() -> None:
    cash, check = payment_type("Cash"), payment_type("Check")

    arrange_payment_types(payment_type_ids=[cash.pk, check.pk], request_key=key(), actor=OWNER)

    labels = list(PaymentType.objects.values_list("label", flat=True))
    assert labels[:3] == ["Cash", "Check", "Credit Card (charge now)"]


def test_an_unknown_type_is_neither_edited_nor_arranged() -> None:
    with pytest.raises(errors.NotFound):
        edit_payment_type(payment_type_id=0, details=details(), request_key=key(), actor=OWNER)
    with pytest.raises(errors.NotFound):
        arrange_payment_types(payment_type_ids=[0], request_key=key(), actor=OWNER)


def test_a_manager_may_not_change_payment_types() -> None:
    mia = actor(Role.MANAGER)

    with pytest.raises(errors.Forbidden):
        add_payment_type(details=details(), kind=PaymentKind.MONEY, request_key=key(), actor=mia)
    with pytest.raises(errors.Forbidden):
        edit_payment_type(payment_type_id=payment_type().pk, details=details(), request_key=key(), actor=mia)
    with pytest.raises(errors.Forbidden):
        arrange_payment_types(payment_type_ids=[payment_type().pk], request_key=key(), actor=mia)

    assert not Event.objects.exists()
