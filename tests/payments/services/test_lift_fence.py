"""Books that may have been restored charge nothing before the processor has told what they lack."""

from datetime import timedelta

import pytest
from django.utils import timezone

from duebook.domain.charging import ChargeInput
from duebook.domain.errors import MerchantAccountFenced
from duebook.domain.money import Money
from duebook.domain.permissions import Actor
from duebook.domain.recording import Share
from duebook.domain.refunding import RefundMeans
from duebook.gateways.models import MerchantAccount, WebhookMessage
from duebook.gateways.protocol import GatewayEvent, GatewayRefundRequest, ObjectKind, OutcomeUnknown, Sealed
from duebook.invoices.models import Invoice
from duebook.payments.models import Charge, GatewayRefund, LinkPayment, Payment, Refund
from duebook.payments.services.begin_link_payment import begin_link_payment
from duebook.payments.services.charge_card import charge_card, preview_charged_payment
from duebook.payments.services.lift_fence import BEFORE, fenced_accounts, lift_fence
from duebook.payments.services.prepare_charge import prepare_charge
from duebook.payments.services.refund_through_gateway import (
    preview_gateway_refund,
    refund_through_gateway,
)
from tests.factories import SYSTEM, day, key, make_invoice, refund_input, usd
from tests.payments.fake_gateway import FakeGateway, make_card
from tests.payments.losing import lose_a_charge
from tests.payments.pay_by_link import offer_to_pay

pytestmark = pytest.mark.django_db


def fence(**ago: int) -> MerchantAccount:
    """These books may lack what happened since then."""
    MerchantAccount.objects.update(fenced_since=timezone.now() - timedelta(**ago or {"hours": 1}))
    return MerchantAccount.objects.get()


def to_pay(invoice: Invoice, amount: str = "40.00") -> ChargeInput:
    card = invoice.contact.payment_methods.first() or make_card(invoice.contact)
    return ChargeInput(invoice.contact_id, card.pk, (Share(invoice.pk, usd(amount)),))


def charge(wanted: ChargeInput, by: Actor = SYSTEM) -> Charge:
    return charge_card(wanted=wanted, request_key=key(), actor=by, on=day())


def event(object_id: str, kind: ObjectKind = ObjectKind.CHARGE) -> GatewayEvent:
    return GatewayEvent(f"evt_{object_id}", "told", kind, object_id, timezone.now())


def test_what_was_lost_is_booked_before_a_card_is_charged_again(gateway: FakeGateway) -> None:
    invoice = make_invoice("100.00")
    wanted = to_pay(invoice)
    lose_a_charge(gateway, invoice)
    account = fence()
    with pytest.raises(MerchantAccountFenced):
        charge(wanted)

    assert lift_fence(account_id=account.pk)

    assert fenced_accounts() == []
    invoice.refresh_from_db()
    assert invoice.balance_due_minor == 6000
    charge(wanted)
    assert gateway.taken_minor() == 8000
    assert sum(payment.amount_minor for payment in Payment.objects.all()) == 8000


def test_while_it_is_fenced_nothing_is_charged_previewed_given_back_or_begun(gateway: FakeGateway) -> None:
    invoice = make_invoice("100.00")
    link = offer_to_pay(invoice)
    wanted = to_pay(invoice)
    charge(wanted)
    payment = Payment.objects.get()
    fence()
    calls = list(gateway.calls)
    back = refund_input("10.00", means=RefundMeans.GATEWAY)

    with pytest.raises(MerchantAccountFenced):
        prepare_charge(wanted=wanted, request_key=key(), actor=SYSTEM, on=day())
    with pytest.raises(MerchantAccountFenced):
        preview_charged_payment(wanted=wanted, actor=SYSTEM, on=day())
    with pytest.raises(MerchantAccountFenced):
        preview_gateway_refund(payment_id=payment.pk, wanted=back, actor=SYSTEM, on=day())
    with pytest.raises(MerchantAccountFenced):
        refund_through_gateway(payment_id=payment.pk, wanted=back, request_key=key(), actor=SYSTEM, on=day())
    with pytest.raises(MerchantAccountFenced):
        begin_link_payment(link_id=link.link_id, amount=None, keeps_card=False, request_key=key())

    assert gateway.calls == calls
    assert (Charge.objects.count(), GatewayRefund.objects.count()) == (1, 0)
    assert not LinkPayment.objects.exists()


def test_refunds_and_whatever_else_the_processor_tells_are_taken_in(gateway: FakeGateway) -> None:
    invoice = make_invoice("100.00")
    charge(to_pay(invoice))
    refunded = gateway.refund(GatewayRefundRequest("k", "duebook-lost", "ch_1", Money(1000, "USD")))
    gateway.events = [event("ch_1"), event(refunded.id, ObjectKind.REFUND)]
    account = fence()

    assert lift_fence(account_id=account.pk)

    assert Refund.objects.get().amount_minor == 1000
    assert set(WebhookMessage.objects.values_list("state", flat=True)) == {"processed"}


def test_a_charge_whose_success_is_not_known_yet_is_asked_for(gateway: FakeGateway) -> None:
    invoice = make_invoice("100.00")
    gateway.fail("confirm", OutcomeUnknown, after_effect=True)
    charge(to_pay(invoice))
    account = fence()

    lift_fence(account_id=account.pk)

    assert Charge.objects.get().state == "succeeded"


def test_the_processor_is_asked_for_two_days_more(gateway: FakeGateway) -> None:
    make_card(make_invoice().contact)
    account = fence(hours=5)

    lift_fence(account_id=account.pk)

    assert account.fenced_since is not None
    (since, until) = gateway.listed[0]
    assert since == account.fenced_since - BEFORE
    assert until > timezone.now()


@pytest.mark.parametrize("error", [OutcomeUnknown, Sealed])
@pytest.mark.parametrize("call", ["list_events", "list_charges", "fetch"])
def test_without_an_answer_it_stays_fenced(gateway: FakeGateway, call: str, error: type[Exception]) -> None:
    invoice = make_invoice("100.00")
    make_card(invoice.contact)
    lose_a_charge(gateway, invoice)
    account = fence()
    gateway.fail(call, error)

    assert not lift_fence(account_id=account.pk)

    assert fenced_accounts() == [account.pk]
    assert not Charge.objects.exists()
    assert lift_fence(account_id=account.pk)
    assert Charge.objects.get().state == "succeeded"


def test_asked_again_nothing_is_taken_in_twice(gateway: FakeGateway) -> None:
    invoice = make_invoice("100.00")
    make_card(invoice.contact)
    lose_a_charge(gateway, invoice)
    account = fence()
    lift_fence(account_id=account.pk)
    again = fence()

    assert lift_fence(account_id=again.pk)

    assert Payment.objects.count() == WebhookMessage.objects.count() == 1


def test_fenced_anew_while_it_asks_it_stays_fenced(gateway: FakeGateway) -> None:
    make_card(make_invoice().contact)
    account = fence()
    earlier = timezone.now() - timedelta(days=9)

    def fence_again(call: str) -> None:
        MerchantAccount.objects.update(fenced_since=earlier)

    gateway.on_call = fence_again

    assert not lift_fence(account_id=account.pk)
    assert MerchantAccount.objects.get().fenced_since == earlier


def test_an_account_that_is_not_fenced_is_not_asked(gateway: FakeGateway) -> None:
    make_card(make_invoice().contact)

    assert lift_fence(account_id=MerchantAccount.objects.get().pk)
    assert gateway.calls == []


def test_no_list_is_too_long(gateway: FakeGateway) -> None:
    invoices = [make_invoice("100.00") for _ in range(3)]
    make_card(invoices[0].contact)
    for invoice in invoices:
        lose_a_charge(gateway, invoice, customer="")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("duebook.payments.services.lift_fence.AT_ONCE", 2)
        lift_fence(account_id=fence().pk)

    assert WebhookMessage.objects.count() == 3
