"""A link by which a customer puts a card on file, made by staff; only its hash is kept."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.core import mail
from django.db import IntegrityError, transaction
from django.utils import timezone

from duebook.domain import errors
from duebook.domain.permissions import Role
from duebook.events.models import Event
from duebook.jobs.tasks import email_link_for_card
from duebook.payments.card_links import hash_of, is_open, setup_of_token, token_of
from duebook.payments.models import CardSetup
from duebook.payments.services.email_card_link import email_card_link
from duebook.payments.services.offer_card_setup import offer_card_setup
from tests.factories import SYSTEM, actor, key, make_contact
from tests.payments.cards import default_account, jobs, offer
from tests.payments.fake_gateway import FakeGateway, make_merchant_account
from tests.snapshot import everything
from tests.threads import in_threads

pytestmark = pytest.mark.django_db

LINK = "https://pay.example.com/pay/cards/TOKEN/"


def test_a_link_is_offered_for_the_default_account_and_nothing_is_asked_of_the_gateway(
    gateway: FakeGateway,
) -> None:
    make_merchant_account("Other")
    acme = make_contact("Acme")

    offered = offer(acme, actor=actor(Role.CLERK))

    setup = CardSetup.objects.get()
    assert (setup.contact, setup.merchant_account) == (acme, default_account())
    assert (setup.state, setup.gateway_id, setup.offered_by_id) == ("waiting", "", 900)
    assert timedelta(days=7) >= setup.expires_at - timezone.now() > timedelta(days=6, hours=23)
    assert (len(offered.token), setup.token_hash) == (43, hash_of(offered.token))
    assert setup_of_token(offered.token) == setup
    assert setup_of_token("x") is None
    event = Event.objects.get(name="card.offered")
    assert (event.contact_id, event.payload["setup_id"]) == (acme.pk, setup.pk)
    assert offered.token not in str(everything())
    assert gateway.calls == []
    assert jobs("email_card_link") == []


def test_another_account_can_be_chosen(gateway: FakeGateway) -> None:
    other = make_merchant_account("Other")

    offer(merchant_account_id=other.pk)

    assert CardSetup.objects.get().merchant_account == other


def test_the_same_request_again_tells_the_same_link(gateway: FakeGateway) -> None:
    acme, again = make_contact("Acme"), key()

    first = offer(acme, request_key=again, link_to_send=LINK)
    second = offer(acme, request_key=again, link_to_send=LINK)

    assert (first.token, first.setup_id) == (second.token, second.setup_id)
    assert (first.repeated, second.repeated) == (False, True)
    assert jobs("email_card_link") == [{"setup_id": first.setup_id, "link": LINK}]
    with pytest.raises(errors.KeyReused):
        offer(acme, request_key=again)


def test_two_links_have_nothing_in_common(gateway: FakeGateway) -> None:
    acme = make_contact("Acme")

    assert offer(acme).token != offer(acme).token


def test_a_link_outlives_a_new_secret_key_while_the_old_one_is_known(gateway: FakeGateway, settings) -> None:
    offered = offer()
    setup = CardSetup.objects.get()
    old = settings.SECRET_KEY

    settings.SECRET_KEY = "another-secret-key-of-this-test"
    assert token_of(setup) == ""
    settings.SECRET_KEY_FALLBACKS = [old]

    assert token_of(setup) == offered.token


@pytest.mark.parametrize(
    ("wanted", "error"),
    [
        (lambda: {"contact_id": make_contact().pk, "actor": actor(Role.VIEWER)}, errors.Forbidden),
        (lambda: {"contact_id": 987}, errors.NotFound),
        (lambda: {"contact_id": make_contact().pk, "request_key": ""}, errors.RequestKeyMissing),
        (lambda: {"contact_id": make_contact().pk, "merchant_account_id": 987}, errors.NoMerchantAccount),
        (
            lambda: {
                "contact_id": make_contact().pk,
                "merchant_account_id": make_merchant_account("Old", active=False).pk,
            },
            errors.NoMerchantAccount,
        ),
        (
            lambda: {"contact_id": make_contact(email="").pk, "link_to_send": LINK},
            errors.ContactWithoutEmail,
        ),
    ],
)
def test_a_refused_offer_changes_nothing(
    gateway: FakeGateway, wanted: Callable[[], dict[str, object]], error: type[errors.DomainError]
) -> None:
    default_account()
    asked = {"request_key": key(), "actor": SYSTEM, **wanted()}
    before = everything()

    with pytest.raises(error):
        offer_card_setup(**asked)

    assert everything() == before
    assert jobs("email_card_link") == []


def test_without_a_default_account_none_is_guessed(gateway: FakeGateway) -> None:
    make_merchant_account()

    with pytest.raises(errors.NoMerchantAccount):
        offer_card_setup(contact_id=make_contact().pk, request_key=key(), actor=SYSTEM)


@pytest.mark.django_db(transaction=True)
def test_the_same_request_at_once_makes_one_link(gateway: FakeGateway) -> None:
    acme, again = make_contact("Acme"), key()
    default_account()

    tokens = set(in_threads(4, lambda _: offer(acme, request_key=again).token))

    assert len(tokens) == 1
    assert CardSetup.objects.count() == 1


def test_the_link_is_sent_once_to_the_contact_s_address(gateway: FakeGateway) -> None:
    offered = offer(make_contact("Acme"), link_to_send=LINK)

    for job in jobs("email_card_link") * 2:
        email_link_for_card(**job)

    assert [message.to for message in mail.outbox] == [["acme@example.com"]]
    body = str(mail.outbox[0].body)
    assert LINK.replace("TOKEN", offered.token) in body
    assert "within 7 days" in body
    event = Event.objects.get(name="card.link_sent")
    assert event.payload["address"] == "acme@example.com"
    assert offered.token not in str(everything())


def test_a_link_that_is_over_is_not_sent(gateway: FakeGateway) -> None:
    offered = offer(make_contact("Acme"))
    setup = CardSetup.objects.get(pk=offered.setup_id)
    CardSetup.objects.filter(pk=setup.pk).update(state="cancelled", ended_at=timezone.now())

    email_link_for_card(setup_id=setup.pk, link=LINK)
    with pytest.raises(errors.CardLinkOver):
        email_card_link(setup_id=setup.pk, link=LINK, request_key=key(), actor=SYSTEM)

    assert mail.outbox == []
    assert not Event.objects.filter(name="card.link_sent").exists()


def test_sending_needs_the_right_an_address_and_an_offer(gateway: FakeGateway) -> None:
    offered = offer(make_contact("Acme", email=""))
    sent = {"setup_id": offered.setup_id, "link": LINK, "request_key": key(), "actor": SYSTEM}

    with pytest.raises(errors.Forbidden):
        email_card_link(**{**sent, "actor": actor(Role.VIEWER)})
    with pytest.raises(errors.ContactWithoutEmail):
        email_card_link(**sent)
    with pytest.raises(errors.NotFound):
        email_card_link(**{**sent, "setup_id": 987})

    assert mail.outbox == []


def test_a_mail_server_that_refuses_leaves_no_event(gateway: FakeGateway, settings) -> None:
    offered = offer(make_contact("Acme"))
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1

    with pytest.raises(errors.MailNotSent):
        email_card_link(setup_id=offered.setup_id, link=LINK, request_key=key(), actor=SYSTEM)

    assert not Event.objects.filter(name="card.link_sent").exists()


def test_a_link_is_over_when_its_account_is_out_of_use(gateway: FakeGateway) -> None:
    setup = CardSetup.objects.get(pk=offer().setup_id)

    setup.merchant_account.active = False

    assert not is_open(setup)


@pytest.mark.parametrize(
    "change",
    [{"token_hash": "x"}, {"expires_at": timezone.now()}, {"reference": "x"}, {"offered_by_id": 1}],
)
def test_the_database_keeps_what_was_offered(gateway: FakeGateway, change: dict[str, object]) -> None:
    setup = CardSetup.objects.get(pk=offer().setup_id)

    with pytest.raises(IntegrityError, match="facts"), transaction.atomic():
        CardSetup.objects.filter(pk=setup.pk).update(**change)
