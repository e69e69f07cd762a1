"""A page begins where the last one ended, both ways, and made-up cursors show the first page."""

import pytest
from django.http import QueryDict

from duebook.contacts.models import Contact
from duebook.web.paging import Page, page_of
from tests.factories import make_contact

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def seven_contacts() -> None:
    for number in range(7):
        make_contact(f"C{number}", city="AB"[number % 2])


def page(keys: tuple[str, ...] = ("-id",), **asked: str) -> Page[Contact]:
    query = QueryDict(mutable=True)
    query.update(asked)
    return page_of(Contact.objects.all(), keys, query, size=3)


def names(shown: Page[Contact]) -> str:
    return " ".join(str(contact.name) for contact in shown.rows)


def test_going_on_and_back_shows_each_row_once() -> None:
    first = page()
    second = page(before=first.older)
    third = page(before=second.older)
    back = page(after=third.newer)

    assert [names(one) for one in (first, second, third)] == ["C6 C5 C4", "C3 C2 C1", "C0"]
    assert (first.newer, third.older) == ("", "")
    assert names(back) == names(second)
    assert names(page(after=back.newer)) == names(first)
    assert page(after=back.newer).newer == ""


def test_several_keys_keep_their_order_across_pages() -> None:
    first = page(("city", "id"))
    second = page(("city", "id"), before=first.older)

    assert (names(first), names(second)) == ("C0 C2 C4", "C6 C1 C3")


@pytest.mark.parametrize(
    "cursor",
    [
        *("x", "[]", "[1, 2]", '["abc"]', '[{"a": 1}]', '["@2026-99-99"]', "[null]"),
        *('["\\u0000"]', "[" * 600, "[1e400]", "[Infinity]"),
    ],
)
def test_a_made_up_cursor_shows_the_first_page(cursor: str) -> None:
    assert names(page(before=cursor)) == "C6 C5 C4"
    assert names(page(after=cursor)) == "C6 C5 C4"


def test_a_made_up_cursor_of_half_a_letter_shows_the_first_page() -> None:
    assert names(page(("city", "id"), before='["\\ud800", 1]')) == "C0 C2 C4"
