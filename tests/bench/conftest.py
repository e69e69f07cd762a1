"""The benchmark's connection to the test database."""

from collections.abc import Iterator

import psycopg
import pytest
from django.db import connection


@pytest.fixture
def rows(transactional_db: None) -> Iterator[psycopg.Connection]:
    """A connection of the benchmark's kind to the test database."""
    settings = connection.settings_dict
    with psycopg.connect(
        dbname=settings["NAME"],
        user=settings["USER"],
        host=settings["HOST"],
        port=settings["PORT"],
        autocommit=True,
    ) as opened:
        yield opened
        opened.execute("DROP FUNCTION IF EXISTS bench_floor")
