"""A card number is found however it is written; what only has many digits is not taken for one."""

import pytest
from hypothesis import given, strategies as st

from duebook.domain.card_numbers import holds_card_number, passes_luhn, refuse_card_numbers
from duebook.domain.errors import CardNumberTyped

LENGTHS = {
    "4": 16,
    "51": 16,
    "2221": 16,
    "2720": 16,
    "34": 15,
    "37": 15,
    "36": 14,
    "3528": 16,
    "6011": 16,
    "650": 16,
    "62": 19,
    "56": 13,
}


def check_digit(digits: str) -> str:
    return next(last for last in "0123456789" if passes_luhn(digits + last))


@st.composite
def card_numbers(draw: st.DrawFn) -> str:
    prefix = draw(st.sampled_from(sorted(LENGTHS)))
    missing = LENGTHS[prefix] - len(prefix) - 1
    digits = prefix + draw(st.text("0123456789", min_size=missing, max_size=missing))
    return digits + check_digit(digits)


@st.composite
def written_cards(draw: st.DrawFn) -> str:
    number = draw(card_numbers())
    marks = draw(
        st.lists(
            st.sampled_from(["", "", " ", "-", ".", "_", "\t"]), min_size=len(number), max_size=len(number)
        )
    )
    return "".join(digit + mark for digit, mark in zip(number, marks, strict=True)).strip(" -._\t")


words = st.text(st.characters(exclude_categories=("Nd",), exclude_characters=" -._\t"), max_size=8)


@given(before=words, card=written_cards(), after=words)
def test_a_card_number_is_found_in_any_text_and_grouping(before: str, card: str, after: str) -> None:
    assert holds_card_number(f"{before}{card}{after}")


@given(number=card_numbers(), place=st.integers(0, 12), other=st.integers(1, 9))
def test_one_digit_changed_is_no_card_number_any_more(number: str, place: int, other: int) -> None:
    changed = str((int(number[place]) + other) % 10)

    assert not holds_card_number(number[:place] + changed + number[place + 1 :])


@given(text=st.text("0123456789", max_size=12))
def test_fewer_than_thirteen_digits_are_never_one(text: str) -> None:
    assert not holds_card_number(text)


@given(number=st.text("0123456789", min_size=20, max_size=60))
def test_more_than_nineteen_digits_in_one_are_an_id(number: str) -> None:
    assert not holds_card_number(number)


@given(digits=st.text("0123456789", min_size=12, max_size=18), first=st.sampled_from("01789"))
def test_no_issuer_begins_with_these(digits: str, first: str) -> None:
    number = first + digits

    assert not holds_card_number(number[:-1] + check_digit(number[:-1]))


@pytest.mark.parametrize(
    "text",
    [
        "4242424242424242",
        "card 4242 4242 4242 4242 12/49 123",
        "5555-5555-5555-4444",
        "(378282246310005)",
        "6011 1111 1111 1117.",
        "3056 930902 5904",
        "4242\u00a04242\u00a04242\u00a04242",
        "4242\u20134242\u20134242\u20134242",
        "paid 2026-11-23 by 4242424242424242",
    ],
)
def test_test_cards_are_found(text: str) -> None:
    assert holds_card_number(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "check 1024",
        "4242 4242 4242 4241",
        "DE89 3704 0044 0532 0130 00",
        "GB29 NWBK 6016 1331 9268 19",
        "RF18 5390 0754 7034",
        "20261123-000123456789",
        "+1 (415) 555-0100, +49 30 901820",
        "2026-11-23 2026-11-24 2026-11-25",
    ],
)
def test_other_numbers_are_left_alone(text: str) -> None:
    assert not holds_card_number(text)


def test_the_refusal_names_the_text() -> None:
    refuse_card_numbers(reference="1024", notes="")

    with pytest.raises(CardNumberTyped) as refused:
        refuse_card_numbers(reference="1024", notes="4242 4242 4242 4242")

    assert refused.value.field == "notes"
