"""Parts add up to the whole."""

import pytest
from hypothesis import given, strategies as st

from duebook.domain.splitting import fill_in_order, largest_remainder


def test_a_hundred_in_three_is_34_33_33() -> None:
    assert largest_remainder(100, [1, 1, 1]) == [34, 33, 33]


def test_the_unit_left_over_goes_to_the_largest_remainder() -> None:
    assert largest_remainder(10, [1, 2, 3]) == [2, 3, 5]


def test_a_negative_whole_mirrors_the_positive_one() -> None:
    assert largest_remainder(-100, [1, 1, 1]) == [-34, -33, -33]


def test_nothing_to_share_by_is_refused() -> None:
    with pytest.raises(ValueError, match="nothing to share by"):
        largest_remainder(1, [0, 0])
    assert largest_remainder(0, [0, 0]) == [0, 0]


def test_a_negative_weight_is_refused() -> None:
    with pytest.raises(ValueError, match="zero or more"):
        largest_remainder(1, [2, -1])


@given(
    st.integers(min_value=-(10**15), max_value=10**15),
    st.lists(st.integers(min_value=0, max_value=10**9), min_size=1, max_size=12).filter(any),
)
def test_shares_add_up_and_none_is_off_by_a_whole_unit(total: int, weights: list[int]) -> None:
    shares = largest_remainder(total, weights)

    assert sum(shares) == total
    for share, weight in zip(shares, weights, strict=True):
        assert abs(share * sum(weights) - total * weight) < sum(weights)


@given(st.integers(min_value=0, max_value=10**12), st.lists(st.integers(min_value=0, max_value=10**12)))
def test_filling_in_order_never_overfills_and_leaves_no_gap(total: int, rooms: list[int]) -> None:
    parts = fill_in_order(total, rooms)

    assert sum(parts) == min(total, sum(rooms))
    assert all(0 <= part <= room for part, room in zip(parts, rooms, strict=True))
    for earlier, room, later in zip(parts, rooms, parts[1:], strict=False):
        assert later == 0 or earlier == room
