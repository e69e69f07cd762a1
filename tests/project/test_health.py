"""GET /healthz."""

import pytest
from django.test import Client


@pytest.mark.django_db
def test_healthz_answers_once_the_database_does(client: Client):
    answer = client.get("/healthz")

    assert answer.status_code == 200
    assert answer.json() == {"status": "ok"}
