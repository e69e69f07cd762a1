"""An order's lines: each half-up, together the total, and the books they make."""

from decimal import Decimal

import pytest
from hypothesis import given, strategies as st

from duebook.domain.accounts import SystemAccount as Sys
from duebook.domain.errors import (
    AmountOutOfRange,
    OrderNeedsItems,
    OrderTotalNegative,
    PriceNegative,
    QuantityNotPositive,
)
from duebook.domain.order_lines import (
    ItemKind,
    LineInput,
    Posting,
    invoice_postings,
    line_amount,
    total_lines,
)


def a_line(kind: ItemKind, quantity: str = "1", price: str = "0", **fields: int) -> LineInput:
    return LineInput(kind, "thing", Decimal(quantity), Decimal(price), **fields)


@pytest.mark.parametrize(
    ("quantity", "price", "minor"),
    [("3", "0.333333", 100), ("1", "0.125", 13), ("2.5", "10", 2500), ("1", "0", 0), ("0.0001", "49", 0)],
)
def test_a_line_is_quantity_times_price_half_up(quantity: str, price: str, minor: int) -> None:
    assert line_amount(a_line(ItemKind.PRODUCT, quantity, price), 2) == minor


def test_a_discount_is_typed_positive_and_stored_negative() -> None:
    assert line_amount(a_line(ItemKind.DISCOUNT, "1", "5"), 2) == -500


def test_a_given_amount_wins_over_the_price() -> None:
    assert line_amount(a_line(ItemKind.PRODUCT, "3", "9.776667", line_minor=2933), 2) == 2933


def test_a_currency_without_decimals_rounds_to_whole_units() -> None:
    assert line_amount(a_line(ItemKind.PRODUCT, "1", "99.5"), 0) == 100


@pytest.mark.parametrize(
    ("line", "error"),
    [
        (a_line(ItemKind.PRODUCT, "0", "1"), QuantityNotPositive),
        (a_line(ItemKind.PRODUCT, "-1", "1"), QuantityNotPositive),
        (a_line(ItemKind.PRODUCT, "1", "-1"), PriceNegative),
        (a_line(ItemKind.PRODUCT, "1", "1", line_minor=-1), PriceNegative),
        (a_line(ItemKind.PRODUCT, "10000", "100000000000"), AmountOutOfRange),
    ],
)
def test_an_impossible_line_is_refused(line: LineInput, error: type[Exception]) -> None:
    with pytest.raises(error):
        total_lines([line], "USD", 2)


def test_an_order_needs_a_line() -> None:
    with pytest.raises(OrderNeedsItems):
        total_lines([], "USD", 2)


def test_a_discount_above_the_rest_is_refused() -> None:
    with pytest.raises(OrderTotalNegative):
        total_lines([a_line(ItemKind.PRODUCT, "1", "5"), a_line(ItemKind.DISCOUNT, "1", "6")], "USD", 2)


def test_the_total_and_the_finance_charge_are_summed() -> None:
    lines = total_lines(
        [
            a_line(ItemKind.PRODUCT, "2", "50"),
            a_line(ItemKind.TAX, "1", "8"),
            a_line(ItemKind.FINANCE_CHARGE, "1", "3"),
            a_line(ItemKind.DISCOUNT, "1", "10"),
        ],
        "USD",
        2,
    )

    assert lines.total_minor == 10100
    assert lines.finance_minor == 300
    assert lines.by_kind()[ItemKind.DISCOUNT] == -1000


def test_an_invoice_is_booked_by_kind() -> None:
    sums = {ItemKind.PRODUCT: 10000, ItemKind.TAX: 800, ItemKind.SHIPPING: 500, ItemKind.DISCOUNT: -1000}

    assert invoice_postings(sums) == [
        Posting(Sys.RECEIVABLE, Sys.SALES, 10000),
        Posting(Sys.RECEIVABLE, Sys.TAX_PAYABLE, 800),
        Posting(Sys.RECEIVABLE, Sys.SHIPPING_INCOME, 500),
        Posting(Sys.DISCOUNTS, Sys.RECEIVABLE, 1000),
    ]


def test_only_the_difference_of_a_change_is_booked() -> None:
    old = {ItemKind.PRODUCT: 10000, ItemKind.TAX: 800}
    new = {ItemKind.PRODUCT: 7000, ItemKind.TAX: 800, ItemKind.SHIPPING: 300}

    assert invoice_postings(new, old) == [
        Posting(Sys.SALES, Sys.RECEIVABLE, 3000),
        Posting(Sys.RECEIVABLE, Sys.SHIPPING_INCOME, 300),
    ]


SUMS = st.dictionaries(
    st.sampled_from([kind for kind in ItemKind if kind is not ItemKind.DISCOUNT]),
    st.integers(min_value=0, max_value=10**12),
)


def receivable(postings: list[Posting]) -> int:
    debits = sum(p.minor for p in postings if p.debit == Sys.RECEIVABLE)
    return debits - sum(p.minor for p in postings if p.credit == Sys.RECEIVABLE)


@given(SUMS, SUMS, st.integers(min_value=0, max_value=10**12))
def test_the_receivable_moves_by_the_change_of_the_total(
    old: dict[ItemKind, int], new: dict[ItemKind, int], discount: int
) -> None:
    new = {**new, ItemKind.DISCOUNT: -discount}
    postings = invoice_postings(new, old)

    assert receivable(postings) == sum(new.values()) - sum(old.values())
    assert all(posting.minor > 0 for posting in postings)
    assert receivable(invoice_postings({}, new)) == -sum(new.values())
