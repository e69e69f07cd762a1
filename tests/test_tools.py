"""The tools of the tests themselves: a test that commits leaves nothing, and the browser reaches the
server."""

import pytest
from playwright.sync_api import Page

from duebook.ledger.models import Account


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("turn", [1, 2])
def test_a_test_that_commits_finds_only_what_migrations_made(turn: int):
    before = set(Account.objects.values_list("code", flat=True))

    Account.objects.create(id=1000, code="9999", name="Left by a test", kind="asset")

    assert "9999" not in before
    assert {"1000", "1100"} <= before


def test_the_browser_reaches_the_server(browse):
    answer = browse(lambda page: page.goto("/healthz").json())

    assert answer == {"status": "ok"}


def test_the_orm_stays_usable_beside_the_browser(browse):
    browse(lambda page: page.goto("/healthz").status)

    assert Account.objects.filter(code="1000").exists()


def test_a_page_error_fails_the_test(browse):
    def steps(page: Page) -> None:
        with page.expect_event("pageerror"):
            page.evaluate("setTimeout(() => { throw new Error('boom') }, 0)")

    with pytest.raises(AssertionError, match="boom"):
        browse(steps)
