"""Books that may have been restored are told from books that went on."""

from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.utils import timezone

from duebook.gateways.models import MerchantAccount, SignOfLife
from duebook.gateways.services.note_sign_of_life import LONGEST_SILENCE, note_sign_of_life
from tests.payments.fake_gateway import make_merchant_account

pytestmark = pytest.mark.django_db

MOMENT = timedelta(minutes=1)


def fences() -> list[datetime | None]:
    return list(MerchantAccount.objects.order_by("pk").values_list("fenced_since", flat=True))


def last_alive(ago: timedelta, **fields: str) -> datetime:
    """The books last noted that they live so long ago."""
    at = timezone.now() - ago
    SignOfLife.objects.filter(pk=1).update(alive_at=at, **fields)
    return at


def test_new_books_fence_nothing() -> None:
    assert note_sign_of_life() == 0

    sign = SignOfLife.objects.get()
    assert timezone.now() - sign.alive_at < MOMENT
    with connection.cursor() as cursor:
        cursor.execute("SELECT system_identifier FROM pg_control_system()")
        assert sign.database.split("/")[0] == str(cursor.fetchone()[0])


def test_books_that_go_on_fence_nothing() -> None:
    make_merchant_account()
    note_sign_of_life()
    MerchantAccount.objects.update(fenced_since=None)
    last_alive(LONGEST_SILENCE - MOMENT)

    assert note_sign_of_life() == 0

    assert fences() == [None]
    assert timezone.now() - SignOfLife.objects.get().alive_at < MOMENT


def test_books_in_another_database_fence_every_account_since_they_were_last_alive() -> None:
    make_merchant_account("One")
    make_merchant_account("Two", active=False)
    note_sign_of_life()
    MerchantAccount.objects.update(fenced_since=None)
    at = last_alive(timedelta(minutes=2), database="7/1/1")

    assert note_sign_of_life() == 2

    assert fences() == [at, at]
    assert SignOfLife.objects.get().database != "7/1/1"


def test_books_that_were_silent_for_long_fence_every_account() -> None:
    make_merchant_account()
    note_sign_of_life()
    MerchantAccount.objects.update(fenced_since=None)
    at = last_alive(LONGEST_SILENCE + MOMENT)

    assert note_sign_of_life() == 1
    assert note_sign_of_life() == 0

    assert fences() == [at]


def test_an_account_that_is_fenced_already_stays_so_since_the_earlier_moment() -> None:
    make_merchant_account("One")
    make_merchant_account("Two")
    note_sign_of_life()
    early = timezone.now() - timedelta(days=3)
    MerchantAccount.objects.filter(name="One").update(fenced_since=early)
    MerchantAccount.objects.filter(name="Two").update(fenced_since=timezone.now())
    at = last_alive(timedelta(hours=1))

    note_sign_of_life()

    assert fences() == [early, at]


def test_books_of_an_older_version_fence_since_the_last_event_of_each_account() -> None:
    told = timezone.now() - timedelta(days=1)
    make_merchant_account("One", last_event_at=told)
    silent = make_merchant_account("Two")
    silent.refresh_from_db()

    assert note_sign_of_life() == 2

    assert fences() == [told, silent.created_at]
