"""Only one connection at a time counts the figures."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, transaction

from duebook.reports.models import Snapshot
from duebook.reports.services.take_snapshot import take_snapshot
from tests.factories import day, make_invoice


def in_another_connection(work):
    def run():
        try:
            return work()
        finally:
            connection.close()

    with ThreadPoolExecutor(max_workers=1) as executor:
        return executor.submit(run).result(timeout=60)


@pytest.mark.django_db(transaction=True)
def test_while_one_takes_the_snapshot_another_is_turned_away():
    make_invoice("100.00")
    take_snapshot(on=day())

    with transaction.atomic():
        Snapshot.objects.select_for_update().get()
        other = in_another_connection(lambda: take_snapshot(on=day()))

    assert other is None
    assert in_another_connection(lambda: take_snapshot(on=day())) is not None
