"""Credit on account pays invoices, the oldest payment's first."""

from typing import Any

import pytest

from duebook.contacts.models import Contact
from duebook.domain import errors
from duebook.domain.permissions import Role
from duebook.domain.recording import Share
from duebook.events.models import Event
from duebook.invoices.models import Invoice
from duebook.ledger.models import ClosedPeriod
from duebook.payments.models import Allocation, Payment
from duebook.payments.services.apply_credit import apply_credit, preview_credit
from tests.factories import SYSTEM, actor, day, key, make_contact, make_invoice, make_payment, usd
from tests.snapshot import everything
from tests.threads import in_threads

pytestmark = pytest.mark.django_db


@pytest.fixture
def scene() -> tuple[Contact, Invoice]:
    contact = make_contact()
    make_payment("30.00", contact=contact, received_on=day(-1))
    make_payment("50.00", contact=contact, received_on=day(-9))
    return contact, make_invoice("100.00", contact=contact, ordered_on=day(-5))


def use(contact: Contact, invoice: Invoice, amount: str, **fields: Any) -> Any:
    return apply_credit(
        **{
            "contact_id": contact.pk,
            "shares": (Share(invoice.pk, usd(amount)),),
            "apply_to_commissions": True,
            "request_key": key(),
            "actor": SYSTEM,
            "on": day(),
            **fields,
        }
    )


def test_the_oldest_credit_is_used_first_dated_today(scene: Any) -> None:
    contact, invoice = scene

    decision = use(contact, invoice, "60.00", apply_to_commissions=False)

    invoice.refresh_from_db()
    assert (decision.credit_before, decision.credit_after) == (usd("80.00"), usd("20.00"))
    assert invoice.balance_due_minor == 4000
    assert (invoice.counted_minor, invoice.uncounted_minor) == (0, 6000)
    assert list(Payment.objects.order_by("received_on").values_list("credit_minor", flat=True)) == [0, 2000]
    assert set(Allocation.objects.values_list("applied_on", flat=True)) == {day()}
    assert Event.objects.get(name="credit.applied").payload["amount_minor"] == 6000


def test_preview_decides_the_same_and_writes_nothing(scene: Any) -> None:
    contact, invoice = scene
    before = everything()

    preview = preview_credit(
        contact_id=contact.pk,
        shares=(Share(invoice.pk, usd("60.00")),),
        apply_to_commissions=True,
        actor=SYSTEM,
        on=day(),
    )

    assert everything() == before
    assert use(contact, invoice, "60.00") == preview


@pytest.mark.parametrize(
    ("amount", "fields", "error"),
    [
        ("80.01", {}, errors.NotEnoughCredit),
        ("100.01", {}, errors.AboveBalance),
        ("0.00", {}, errors.AmountNotPositive),
        ("1.00", {"shares": ()}, errors.AmountNotPositive),
        ("1.00", {"actor": actor(Role.VIEWER)}, errors.Forbidden),
    ],
)
def test_a_refused_use_changes_nothing(
    scene: Any, amount: str, fields: dict[str, Any], error: type[Exception]
) -> None:
    before = everything()

    with pytest.raises(error):
        use(*scene, amount, **fields)

    assert everything() == before


def test_credit_in_one_currency_pays_no_invoice_in_another(scene: Any) -> None:
    contact, _ = scene

    with pytest.raises(errors.CurrencyMismatch):
        use(contact, make_invoice(contact=contact, currency="EUR"), "1.00")


def test_a_closed_day_is_refused(scene: Any) -> None:
    ClosedPeriod.objects.create(closed_until=day(), decided_by_id=1)

    with pytest.raises(errors.PeriodClosed):
        use(*scene, "1.00")


def test_the_same_request_applies_once(scene: Any) -> None:
    request_key = key()
    use(*scene, "10.00", request_key=request_key)
    before = everything()

    assert use(*scene, "10.00", request_key=request_key) is None

    assert everything() == before


@pytest.mark.django_db(transaction=True)
def test_credit_used_by_eight_at_once_is_spent_once(scene: Any) -> None:
    contact, invoice = scene

    in_threads(8, lambda i: use(contact, invoice, "30.00"))

    invoice.refresh_from_db()
    assert invoice.applied_minor == 6000
    assert sum(Payment.objects.values_list("credit_minor", flat=True)) == 2000
