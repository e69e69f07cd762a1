"""The parts of a name: the whole must always read the same."""

import pytest
from hypothesis import given, strategies as st

from duebook.domain.contact_names import NameParts, split_name


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("Marta Keller", NameParts("Marta", "Keller", "")),
        ("Keller, Marta", NameParts("Marta", "Keller", "")),
        ("Anna Maria  de Souza", NameParts("Anna Maria de", "Souza", "")),
        ("Keller", NameParts("", "Keller", "")),
        ("Keller Studio GmbH", NameParts("", "", "Keller Studio GmbH")),
        ("Okafor & Sons", NameParts("", "", "Okafor & Sons")),
        ("Acme, Inc.", NameParts("", "", "Acme, Inc.")),
        ("Marta,", NameParts("", "Marta,", "")),
        ("A, B, C", NameParts("A, B,", "C", "")),
    ],
)
def test_a_name_has_parts(text: str, parts: NameParts) -> None:
    assert split_name(text) == parts


@given(st.lists(st.text(st.characters(categories=("L", "N")), min_size=1, max_size=120), min_size=1))
def test_the_full_name_is_the_text(words: list[str]) -> None:
    assert split_name(" ".join(words)).full == " ".join(words)
