"""What may be paid by a link: never more than is due, the longest due first, nothing twice."""

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given, strategies as st

from duebook.domain import errors
from duebook.domain.charging import AccountTerms
from duebook.domain.money import Money, total
from duebook.domain.pay_links import (
    LinkDue,
    LinkState,
    check_usable,
    decide_link,
    decide_link_payment,
    link_state,
    payable,
    payable_total,
)
from duebook.domain.recording import OpenInvoice

FIRST = date(2026, 11, 1)
ACCOUNT = AccountTerms(id=1, name="Shop", active=True, currencies=frozenset(), minimum_minor={"USD": 50})


def usd(minor: int) -> Money:
    return Money(minor, "USD")


def due(invoice_id: int, minor: int, *, days: int = 0, under_way: bool = False) -> LinkDue:
    return LinkDue(invoice_id, FIRST + timedelta(days=days), usd(minor), is_under_way=under_way)


def invoice(pk: int, minor: int = 10_000, **fields: Any) -> OpenInvoice:
    values: dict[str, Any] = {
        "id": pk,
        "number": pk,
        "contact_id": 7,
        "order_id": pk,
        "currency": "USD",
        "total_minor": minor,
        "applied_minor": 0,
        "issued_on": FIRST,
        "is_void": False,
        **fields,
    }
    return OpenInvoice(**values)


dues = st.lists(
    st.builds(
        due,
        st.integers(1, 10**6),
        st.integers(0, 10**7),
        days=st.integers(-30, 30),
        under_way=st.booleans(),
    ),
    max_size=8,
    unique_by=lambda one: one.invoice_id,
)


@given(dues, st.none() | st.integers(1, 10**8))
def test_the_parts_add_up_fit_and_go_to_the_longest_due_first(rows: list[LinkDue], minor: int | None) -> None:
    most = payable_total(rows, "USD")
    amount = None if minor is None else usd(minor)
    try:
        shares = decide_link_payment(rows, currency="USD", amount=amount)
    except errors.NothingToCharge:
        assert not most
        return
    except errors.AboveLinkBalance:
        assert amount is not None
        assert amount > most
        return
    assert total((share.amount for share in shares), "USD") == (amount or most)
    rooms = {one.invoice_id: one for one in payable(rows)}
    assert [share.invoice_id for share in shares] == list(rooms)[: len(shares)]
    for share in shares:
        assert usd(0) < share.amount <= rooms[share.invoice_id].balance == share.balance_seen
    assert all(share.amount == rooms[share.invoice_id].balance for share in shares[:-1])


def test_a_part_fills_the_longest_due_invoice_and_then_the_next() -> None:
    rows = [due(1, 4000, days=5), due(2, 6000), due(3, 9000, days=9)]

    shares = decide_link_payment(rows, currency="USD", amount=usd(7000))

    assert [(share.invoice_id, share.amount.minor) for share in shares] == [(2, 6000), (1, 1000)]


@pytest.mark.parametrize(
    ("amount", "refusal"),
    [
        (usd(0), errors.AmountNotPositive),
        (usd(-5), errors.AmountNotPositive),
        (usd(10_001), errors.AboveLinkBalance),
        (usd(49), errors.BelowMinimum),
        (Money(100, "EUR"), errors.CurrencyMismatch),
    ],
)
def test_other_amounts_are_refused(amount: Money, refusal: type[errors.DomainError]) -> None:
    with pytest.raises(refusal):
        decide_link_payment([due(1, 10_000)], currency="USD", amount=amount, minimum_minor=50)


def test_what_is_being_charged_is_not_asked_for_again() -> None:
    rows = [due(1, 4000, under_way=True), due(2, 6000)]

    shares = decide_link_payment(rows, currency="USD", amount=None)

    assert [(share.invoice_id, share.amount.minor) for share in shares] == [(2, 6000)]


@pytest.mark.parametrize(
    ("rows", "flags", "state"),
    [
        ([due(1, 100)], (False, False, True), LinkState.OPEN),
        ([due(1, 0)], (False, False, True), LinkState.PAID),
        ([due(1, 0)], (False, False, False), LinkState.PAID),
        ([due(1, 0), due(2, 5, under_way=True)], (False, False, True), LinkState.UNDER_WAY),
        ([due(1, 5), due(2, 5, under_way=True)], (False, False, True), LinkState.OPEN),
        ([due(1, 100)], (False, True, True), LinkState.EXPIRED),
        ([due(1, 100)], (False, False, False), LinkState.EXPIRED),
        ([due(1, 0)], (True, False, True), LinkState.WITHDRAWN),
    ],
)
def test_how_far_a_link_is(rows: list[LinkDue], flags: tuple[bool, bool, bool], state: LinkState) -> None:
    withdrawn, past, active = flags

    assert link_state(rows, is_withdrawn=withdrawn, is_past=past, account_active=active) is state


@pytest.mark.parametrize("state", LinkState)
def test_only_a_link_that_was_withdrawn_or_has_run_out_is_refused(state: LinkState) -> None:
    if state in (LinkState.WITHDRAWN, LinkState.EXPIRED):
        with pytest.raises(errors.PayLinkOver):
            check_usable(state)
    else:
        check_usable(state)


def test_a_link_is_for_invoices_of_one_contact_and_one_currency() -> None:
    invoices = {1: invoice(1), 2: invoice(2)}

    assert decide_link(7, [1, 2], account=ACCOUNT, invoices=invoices) == "USD"


@pytest.mark.parametrize(
    ("invoices", "refusal"),
    [
        ([], errors.NothingToCharge),
        ([invoice(1, contact_id=8)], errors.InvoiceOfOtherContact),
        ([invoice(1, is_void=True)], errors.InvoiceVoid),
        ([invoice(1, applied_minor=10_000)], errors.InvoicePaid),
        ([invoice(1), invoice(2, currency="EUR")], errors.CurrencyMismatch),
        ([invoice(1, currency="JPY")], errors.CurrencyNotTaken),
    ],
)
def test_other_invoices_get_no_link(invoices: list[OpenInvoice], refusal: type[errors.DomainError]) -> None:
    account = AccountTerms(1, "Shop", active=True, currencies=frozenset({"USD", "EUR"}), minimum_minor={})
    named = {one.id: one for one in invoices}

    with pytest.raises(refusal):
        decide_link(7, list(named), account=account, invoices=named)


def test_an_invoice_that_is_not_there_and_an_account_out_of_use_get_no_link() -> None:
    idle = AccountTerms(1, "Shop", active=False, currencies=frozenset(), minimum_minor={})

    with pytest.raises(errors.NotFound):
        decide_link(7, [1], account=ACCOUNT, invoices={})
    with pytest.raises(errors.MerchantAccountInactive):
        decide_link(7, [1], account=idle, invoices={1: invoice(1)})
