"""A link to pay invoices by card, made, sent and withdrawn by staff; only the hash of its token is kept."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.core import mail
from django.utils import timezone

from duebook.domain import errors
from duebook.domain.pay_links import LinkState
from duebook.domain.permissions import Role
from duebook.events.models import Event
from duebook.jobs.tasks import email_link_to_pay
from duebook.payments.models import PayLink, PayLinkInvoice
from duebook.payments.pay_links import (
    dues_of,
    invoices_of,
    link_by_id,
    link_of_token,
    open_pay_links_of,
    state_of,
)
from duebook.payments.services.email_pay_link import email_pay_link
from duebook.payments.services.withdraw_pay_link import withdraw_pay_link
from duebook.staff.models import Business
from tests.factories import SYSTEM, actor, key, make_contact, make_invoice, make_payment
from tests.payments.cards import default_account, jobs
from tests.payments.fake_gateway import FakeGateway, make_merchant_account
from tests.payments.pay_by_link import offer_to_pay
from tests.snapshot import everything
from tests.threads import in_threads

pytestmark = pytest.mark.django_db

LINK = "https://pay.example.com/pay/TOKEN/"


def test_a_link_is_made_for_invoices_and_nothing_is_asked_of_the_gateway(gateway: FakeGateway) -> None:
    acme = make_contact("Acme")
    first, second = make_invoice("100.00", contact=acme), make_invoice("50.00", contact=acme)

    offered = offer_to_pay(second, first, actor=actor(Role.CLERK))

    link = PayLink.objects.get()
    assert (link.contact, link.merchant_account, link.currency) == (acme, default_account(), "USD")
    assert [invoice.pk for invoice in invoices_of(link)] == [first.pk, second.pk]
    assert timedelta(days=30) >= link.expires_at - timezone.now() > timedelta(days=29)
    assert link_of_token(offered.token) == link
    assert link_of_token("x") is None
    assert offered.token not in str(everything())
    event = Event.objects.get(name="pay_link.offered")
    assert (event.contact_id, event.payload["link_id"], event.actor_id) == (acme.pk, link.pk, 900)
    assert gateway.calls == []
    assert jobs("email_pay_link") == []


def test_the_same_request_again_tells_the_same_link(gateway: FakeGateway) -> None:
    invoice, again = make_invoice("100.00"), key()

    first = offer_to_pay(invoice, request_key=again, link_to_send=LINK)
    second = offer_to_pay(invoice, request_key=again, link_to_send=LINK)

    assert (first.token, first.link_id) == (second.token, second.link_id)
    assert (first.repeated, second.repeated) == (False, True)
    assert jobs("email_pay_link") == [{"link_id": first.link_id, "link": LINK}]
    with pytest.raises(errors.KeyReused):
        offer_to_pay(invoice, request_key=again)


@pytest.mark.parametrize(
    ("offering", "refusal"),
    [
        (lambda: offer_to_pay(make_invoice(), actor=actor(Role.VIEWER)), errors.Forbidden),
        (lambda: offer_to_pay(contact=make_contact()), errors.NothingToCharge),
        (lambda: offer_to_pay(make_invoice(), contact=make_contact("Ring")), errors.InvoiceOfOtherContact),
        (lambda: offer_to_pay(make_invoice(), merchant_account_id=0), errors.NoMerchantAccount),
        (
            lambda: offer_to_pay(make_invoice(contact=make_contact("Ring", email="")), link_to_send=LINK),
            errors.ContactWithoutEmail,
        ),
    ],
)
def test_what_cannot_be_paid_by_link_is_refused_and_changes_nothing(
    gateway: FakeGateway, offering: Callable[[], object], refusal: type[errors.DomainError]
) -> None:
    with pytest.raises(refusal):
        offering()

    assert not PayLink.objects.exists()
    assert not PayLinkInvoice.objects.exists()
    assert not Event.objects.filter(name__startswith="pay_link").exists()


def test_the_mail_names_what_is_due_and_comes_once(gateway: FakeGateway) -> None:
    Business.objects.update(name="North Studio", email="office@north.example")
    acme = make_contact("Acme", given_name="Marta", family_name="Keller")
    invoice = make_invoice("1200.00", contact=acme, title="Website package")
    paid = make_invoice("5.00", contact=acme, title="Stamps")
    offered = offer_to_pay(invoice, paid, link_to_send=LINK)
    make_payment("5.00", invoice=paid)
    (job,) = jobs("email_pay_link")

    email_link_to_pay(**job)
    email_link_to_pay(**job)

    (message,) = mail.outbox
    assert message.to == ["acme@example.com"]
    assert message.reply_to == ["office@north.example"]
    assert message.subject == "Pay by card · North Studio"
    assert f"INV-{invoice.number} · Website package: $1,200.00" in str(message.body)
    assert "Stamps" not in str(message.body)
    assert f"https://pay.example.com/pay/{offered.token}/" in str(message.body)
    event = Event.objects.get(name="pay_link.sent")
    assert event.payload["address"] == "acme@example.com"


def test_a_mail_server_that_refuses_leaves_no_event(
    gateway: FakeGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    offered = offer_to_pay(make_invoice())

    def refuse(*_: object, **__: object) -> None:
        raise OSError("no route")

    monkeypatch.setattr("duebook.staff.mailing.EmailMessage.send", refuse)
    with pytest.raises(errors.MailNotSent):
        email_pay_link(link_id=offered.link_id, link=LINK, request_key=key(), actor=SYSTEM)


def test_a_link_that_is_over_is_not_sent(gateway: FakeGateway) -> None:
    invoice = make_invoice("10.00")
    offered = offer_to_pay(invoice, link_to_send=LINK)
    make_payment("10.00", invoice=invoice)

    for job in jobs("email_pay_link"):
        email_link_to_pay(**job)

    assert mail.outbox == []
    with pytest.raises(errors.PayLinkOver):
        email_pay_link(link_id=offered.link_id, link=LINK, request_key=key(), actor=SYSTEM)


def test_a_link_is_withdrawn_once_and_by_whom_is_kept(gateway: FakeGateway) -> None:
    acme = make_contact("Acme")
    offered = offer_to_pay(make_invoice(contact=acme))
    again = key()

    for _ in range(2):
        withdraw_pay_link(link_id=offered.link_id, request_key=again, actor=actor(Role.CLERK))

    link = link_by_id(offered.link_id)
    assert link.withdrawn_at is not None
    assert link.withdrawn_by_id == 900
    assert state_of(link, dues_of(invoices_of(link))) is LinkState.WITHDRAWN
    assert open_pay_links_of(acme.pk) == []
    assert Event.objects.filter(name="pay_link.withdrawn").count() == 1
    with pytest.raises(errors.PayLinkOver):
        withdraw_pay_link(link_id=offered.link_id, request_key=key(), actor=SYSTEM)
    with pytest.raises(errors.Forbidden):
        withdraw_pay_link(link_id=offered.link_id, request_key=key(), actor=actor(Role.VIEWER))
    with pytest.raises(errors.NotFound):
        withdraw_pay_link(link_id=0, request_key=key(), actor=SYSTEM)


def test_the_open_links_of_a_contact_are_those_that_still_take_a_payment(gateway: FakeGateway) -> None:
    acme = make_contact("Acme")
    paid, due = make_invoice("5.00", contact=acme), make_invoice("7.00", contact=acme)
    offer_to_pay(paid)
    both = offer_to_pay(paid, due)
    offer_to_pay(make_invoice(contact=make_contact("Ring")))
    make_payment("5.00", invoice=paid)

    assert [link.pk for link in open_pay_links_of(acme.pk)] == [both.link_id]
    other = make_merchant_account("Other")
    elsewhere = offer_to_pay(due, merchant_account_id=other.pk)
    assert [link.pk for link in open_pay_links_of(acme.pk)] == [elsewhere.link_id, both.link_id]
    type(other).objects.filter(pk=other.pk).update(active=False)
    assert [link.pk for link in open_pay_links_of(acme.pk)] == [both.link_id]


@pytest.mark.django_db(transaction=True)
def test_a_form_sent_many_times_at_once_makes_one_link(gateway: FakeGateway) -> None:
    invoice, again = make_invoice("100.00"), key()
    default_account()

    assert len(set(in_threads(4, lambda _: offer_to_pay(invoice, request_key=again).link_id))) == 1

    assert PayLink.objects.count() == 1
