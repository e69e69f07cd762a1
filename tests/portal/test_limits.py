"""How often strangers may do something: counted for a place, whatever addresses it has, and cheaply."""

import threading

import pytest
from django.db import connection
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext

from duebook.portal.limits import is_allowed, place_of


def place_at(address: str) -> str:
    return place_of(RequestFactory().get("/", REMOTE_ADDR=address))


@pytest.mark.parametrize(
    ("address", "place"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("::ffff:203.0.113.9", "203.0.113.9"),
        ("2001:db8:7:1:aaaa::1", "2001:db8:7:1::/64"),
        ("2001:db8:7:1:bbbb:cccc:dddd:2", "2001:db8:7:1::/64"),
        ("2001:db8:7:2::1", "2001:db8:7:2::/64"),
    ],
)
def test_all_addresses_of_one_network_are_one_place(address: str, place: str) -> None:
    assert place_at(address) == place


@pytest.mark.django_db
def test_each_place_and_each_act_is_counted_by_itself() -> None:
    tries = [is_allowed("pay", "here", times=2, seconds=60) for _ in range(3)]

    assert tries == [True, True, False]
    assert is_allowed("pay", "there", times=2, seconds=60)
    assert is_allowed("card", "here", times=2, seconds=60)


@pytest.mark.django_db
def test_who_is_refused_costs_one_statement_however_many_times_are_allowed() -> None:
    while is_allowed("pay", "here", times=40, seconds=60):
        pass

    with CaptureQueriesContext(connection) as statements:
        assert not is_allowed("pay", "here", times=40, seconds=60)

    assert len(statements) == 1


@pytest.mark.django_db(transaction=True)
def test_a_race_wins_no_extra() -> None:
    allowed: list[bool] = []

    def attempt() -> None:
        try:
            allowed.append(is_allowed("pay", "here", times=3, seconds=60))
        finally:
            connection.close()

    threads = [threading.Thread(target=attempt) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sum(allowed) == 3
