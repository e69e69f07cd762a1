"""An order as the rows of a file give it: items, total, what is paid, and what does not fit together."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, strategies as st

from duebook.domain import errors
from duebook.domain.errors import DomainError
from duebook.domain.order_import import ImportedLine, ImportedOrder, Paid, decide_order
from duebook.domain.order_row import check_row
from tests.domain.test_order_row import TERMS

FIRST = {"customer_id": "4", "order_date": "2026-01-05"}


def order(*rows: dict[str, str], **terms: Any) -> ImportedOrder:
    """The order of these rows, which begin on line 2."""
    used = TERMS if not terms else type(TERMS)(**{**_as_dict(), **terms})
    return decide_order([check_row(line, row, used) for line, row in enumerate(rows, start=2)], used)


def _as_dict() -> dict[str, Any]:
    return {name: getattr(TERMS, name) for name in TERMS.__slots__}


def test_an_amount_is_the_line_total_and_the_price_follows_from_it() -> None:
    placed = order({**FIRST, "quantity": "3", "amount": "10.00"})

    assert placed.lines == (ImportedLine("", Decimal(3), Decimal("3.333333"), 1000),)
    assert (placed.total_minor, placed.title) == (1000, "Imported order")


def test_without_an_amount_the_line_is_quantity_times_price() -> None:
    placed = order({**FIRST, "quantity": "3", "unit_price": "0.333333", "item": "Card"})

    assert placed.lines == (ImportedLine("Card", Decimal(3), Decimal("0.333333"), 100),)
    assert placed.title == "Card"


def test_a_rounded_price_gives_way_to_the_amount() -> None:
    placed = order({**FIRST, "quantity": "3", "unit_price": "3.33", "amount": "10.00"})

    assert placed.total_minor == 1000


def test_rows_of_one_order_are_its_items() -> None:
    placed = order(
        {**FIRST, "order_number": "A-1", "item": "Logo", "amount": "350.00"},
        {"order_number": "A-1", "item": "Cards", "quantity": "2", "amount": "17.00"},
    )

    assert [(line.item, line.line_minor) for line in placed.lines] == [("Logo", 35000), ("Cards", 1700)]
    assert (placed.number, placed.title, placed.total_minor, placed.rows) == ("A-1", "Order A-1", 36700, 2)


def test_an_amount_repeated_on_each_row_can_be_the_total_of_the_order() -> None:
    placed = order(
        {**FIRST, "order_number": "A-1", "unit_price": "350.00", "amount": "367.00"},
        {"order_number": "A-1", "quantity": "2", "unit_price": "8.50", "amount": "367.00"},
    )

    assert [line.line_minor for line in placed.lines] == [35000, 1700]


def test_an_amount_on_the_first_row_only_can_be_the_total_of_the_order() -> None:
    placed = order(
        {**FIRST, "order_number": "A-1", "unit_price": "350.00", "amount": "367.00"},
        {"order_number": "A-1", "quantity": "2", "unit_price": "8.50"},
    )

    assert placed.total_minor == 36700


@pytest.mark.parametrize(
    ("values", "paid"),
    [
        ({"paid": "yes"}, Paid(10000, date(2026, 1, 5), "")),
        ({"paid": "60.00", "paid_on": "2026-02-01"}, Paid(6000, date(2026, 2, 1), "")),
        ({"paid": "yes", "payment_type": "Cash"}, Paid(10000, date(2026, 1, 5), "Cash")),
        ({"paid": "no"}, None),
        ({"paid": "0.00"}, None),
        ({}, None),
    ],
)
def test_what_is_paid_is_all_of_it_or_the_amount(values: dict[str, str], paid: Paid | None) -> None:
    assert order({**FIRST, "amount": "100.00", **values}).paid == paid


def test_nothing_is_paid_of_an_order_for_nothing() -> None:
    assert order({**FIRST, "amount": "0.00", "paid": "yes"}).paid is None


@pytest.mark.parametrize(
    ("rows", "kind", "field", "line"),
    [
        ([{"customer_id": "4", "amount": "1"}], errors.ValueMissing, "order_date", 2),
        ([{"order_date": "2026-01-05", "amount": "1"}], errors.ValueMissing, "customer_id", 2),
        ([FIRST], errors.ValueMissing, "amount", 2),
        ([{**FIRST, "order_date": "2026-11-24", "amount": "1"}], errors.FutureOrderDate, "order_date", 2),
        (
            [{**FIRST, "due_date": "2026-01-04", "amount": "1"}],
            errors.DueBeforeOrder,
            "due_date",
            2,
        ),
        ([{**FIRST, "amount": "5", "unit_price": "3"}], errors.AmountsDisagree, "amount", 2),
        ([{**FIRST, "amount": "5", "paid": "5.01"}], errors.PaidAboveTotal, "paid", 2),
        ([{**FIRST, "amount": "5", "paid_on": "2026-01-06"}], errors.PaidUnclear, "paid", 2),
        (
            [{**FIRST, "amount": "5"}, {"amount": "5", "customer_id": "5"}],
            errors.RowsDisagree,
            "customer_id",
            3,
        ),
        (
            [{**FIRST, "amount": "5"}, {"amount": "5", "order_date": "2026-01-06"}],
            errors.RowsDisagree,
            "order_date",
            3,
        ),
        ([{**FIRST, "amount": "5"}, {"item": "Card"}], errors.ValueMissing, "amount", 3),
        (
            [{**FIRST, "amount": "5", "unit_price": "5"}, {"amount": "7", "unit_price": "3"}],
            errors.AmountsDisagree,
            "amount",
            3,
        ),
    ],
)
def test_what_does_not_fit_together_is_refused_with_its_line(
    rows: list[dict[str, str]], kind: type[DomainError], field: str, line: int
) -> None:
    with pytest.raises(kind) as refused:
        order(*rows)

    assert (refused.value.field, refused.value.values["line"]) == (field, line)


def test_an_order_of_a_closed_period_is_refused() -> None:
    with pytest.raises(errors.PeriodClosed):
        order({**FIRST, "amount": "5"}, closed_until=date(2026, 1, 5))

    assert order({**FIRST, "amount": "5"}, closed_until=date(2026, 1, 4)).total_minor == 500


@given(
    st.lists(st.tuples(st.integers(1, 999), st.integers(0, 10**9)), min_size=1, max_size=20),
    st.integers(0, 300),
)
def test_the_total_is_the_sum_of_the_amounts(items: list[tuple[int, int]], days: int) -> None:
    day = (TERMS.on - timedelta(days=days)).isoformat()

    placed = order(
        *(
            {
                "customer_id": "4",
                "order_date": day,
                "quantity": str(quantity),
                "amount": f"{minor // 100}.{minor % 100:02d}",
            }
            for quantity, minor in items
        )
    )

    assert placed.total_minor == sum(minor for _, minor in items)
    for line in placed.lines:
        exact = Decimal(line.line_minor).scaleb(-2)
        assert abs(line.unit_price * line.quantity - exact) <= line.quantity * Decimal("0.0000005")
