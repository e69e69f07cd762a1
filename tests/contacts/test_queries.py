"""Finding contacts by any part of their name, company or e-mail."""

from typing import Any

import pytest

from duebook.contacts.queries import search_contacts
from tests.factories import make_contact

pytestmark = pytest.mark.django_db


def found(text: str, limit: int = 10) -> list[str]:
    return [str(contact.name) for contact in search_contacts(text, limit)]


def test_each_word_may_stand_anywhere_in_name_company_or_e_mail() -> None:
    make_contact("Keller Studio", given_name="Marta", family_name="Keller", email="marta@keller.example")
    make_contact("Acme")

    assert found("KELLER mar") == ["Marta Keller"]
    assert found("studio") == ["Marta Keller"]
    assert found("keller.ex") == ["Marta Keller"]
    assert found("studio acme") == []


def test_names_that_begin_with_the_text_come_first() -> None:
    make_contact("Old Oak", email="a@example.com")
    make_contact("Oak Ltd", email="b@example.com")
    make_contact("Oak Inc", email="c@example.com")

    assert found("oak") == ["Oak Inc", "Oak Ltd", "Old Oak"]
    assert found("oak", 2) == ["Oak Inc", "Oak Ltd"]


def test_one_or_two_letters_find_only_beginnings() -> None:
    make_contact("Old Oak")
    make_contact("Oak")

    assert found("oa") == ["Oak"]


def test_signs_of_the_pattern_language_are_ordinary_text() -> None:
    make_contact("Acme")

    assert found("%") == []
    assert found("\x00") == []
    assert found("a_me") == []


def test_no_more_than_the_limit_is_found() -> None:
    for number in range(5):
        make_contact(f"Acme {number}", email=f"a{number}@example.com")

    assert len(search_contacts("acme", 3)) == 3


@pytest.mark.parametrize(("text", "queries"), [("acme", 1), ("ac", 1), (" ", 0)])
def test_searching_costs_one_query(text: str, queries: int, django_assert_num_queries: Any) -> None:
    make_contact("Acme")

    with django_assert_num_queries(queries):
        search_contacts(text, 10)
