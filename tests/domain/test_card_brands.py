import pytest

from duebook.domain.card_brands import brand_name


@pytest.mark.parametrize(
    ("told", "name"),
    [
        ("visa", "Visa"),
        ("American Express", "American Express"),
        ("amex", "American Express"),
        ("Elo", "Elo"),
        ("", "Card"),
    ],
)
def test_a_brand_is_called_as_people_know_it(told: str, name: str) -> None:
    assert brand_name(told) == name
