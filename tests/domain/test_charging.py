"""The life of a charge: what follows what, in any order, and what a success books."""

from datetime import date, timedelta
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given, strategies as st

from duebook.domain import errors
from duebook.domain.charging import (
    ASK_AFTER,
    OPEN_STATES,
    TRANSITIONS,
    AccountTerms,
    CardOnFile,
    ChargeInput,
    ChargeState,
    after_seeing,
    ask_again_after,
    charged_type,
    decide_charge,
    decide_success,
    is_settled_otherwise,
)
from duebook.domain.money import Money
from duebook.domain.recording import OpenInvoice, Share

ON = date(2026, 11, 27)
S = ChargeState
SEEN = [S.SUCCEEDED, S.DECLINED, S.NOT_PERFORMED, S.REQUIRES_ACTION, S.PENDING, S.UNKNOWN, S.SENT]


def usd(minor: int) -> Money:
    return Money(minor, "USD")


def invoice(pk: int = 1, total: int = 10000, applied: int = 0, **fields: Any) -> OpenInvoice:
    values = {
        "number": 1000 + pk,
        "contact_id": 7,
        "order_id": pk,
        "currency": "USD",
        "issued_on": date(2026, 1, 1),
        "is_void": False,
    }
    return OpenInvoice(id=pk, total_minor=total, applied_minor=applied, **{**values, **fields})


CARD = CardOnFile(5, contact_id=7, merchant_account_id=3, exp_month=11, exp_year=2026, active=True)
ACCOUNT = AccountTerms(3, "Sandbox", active=True, currencies=frozenset({"USD"}), minimum_minor={"USD": 50})


def decide(wanted: ChargeInput | None = None, **fields: Any) -> Any:
    return decide_charge(
        wanted or ChargeInput(7, 5, (Share(1, usd(4000)),)),
        **{
            "on": ON,
            "card": CARD,
            "account": ACCOUNT,
            "invoices": {1: invoice(), 2: invoice(2)},
            "under_way": {},
            **fields,
        },
    )


@given(st.lists(st.sampled_from(SEEN), max_size=8))
def test_a_success_stays_and_a_known_state_never_becomes_unknown(seen: list[ChargeState]) -> None:
    state = S.SENT
    for one in seen:
        before, state = state, after_seeing(state, one)
        assert not (before is S.SUCCEEDED and state is not S.SUCCEEDED)
        assert not (before not in (S.SENT, S.UNKNOWN) and state is S.UNKNOWN)

    assert (state is S.SUCCEEDED) == (S.SUCCEEDED in seen)


def test_the_order_of_what_is_seen_does_not_matter_once_it_succeeded() -> None:
    seen = [S.SUCCEEDED, S.PENDING, S.REQUIRES_ACTION, S.DECLINED, S.UNKNOWN, S.NOT_PERFORMED]

    for order in permutations(seen):
        state = S.SENT
        for one in (*order, *order):
            state = after_seeing(state, one)
        assert state is S.SUCCEEDED


def test_only_open_states_lead_anywhere_but_to_a_late_success() -> None:
    for state in set(ChargeState) - OPEN_STATES:
        assert TRANSITIONS[state] <= {S.SUCCEEDED}
    assert all(TRANSITIONS[state] for state in OPEN_STATES)


def test_the_gateway_is_asked_for_a_week_and_a_day_then_a_person_decides() -> None:
    assert ask_again_after(0) == timedelta(seconds=10)
    assert ask_again_after(6) == timedelta(hours=12)
    assert ask_again_after(len(ASK_AFTER)) is None
    assert sum(ASK_AFTER[7:], timedelta()) == timedelta(days=7)


def test_a_card_is_good_until_the_last_day_of_its_month() -> None:
    assert not CARD.is_expired(date(2026, 11, 30))
    assert CARD.is_expired(date(2026, 12, 1))
    assert CARD.is_expired(date(2027, 1, 1))


def test_one_charge_may_pay_several_invoices() -> None:
    decision = decide(ChargeInput(7, 5, (Share(1, usd(4000)), Share(2, usd(100)))))

    assert decision.amount == usd(4100)


def card(**fields: Any) -> CardOnFile:
    values = {"contact_id": 7, "merchant_account_id": 3, "exp_month": 11, "exp_year": 2026, "active": True}
    return CardOnFile(5, **{**values, **fields})


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"card": card(contact_id=8)}, errors.CardOfOtherContact),
        ({"card": card(active=False)}, errors.CardInactive),
        ({"card": card(exp_month=10)}, errors.CardExpired),
        ({"card": card(merchant_account_id=4)}, errors.CardOfOtherAccount),
        (
            {"account": AccountTerms(3, "Sandbox", False, frozenset(), {})},
            errors.MerchantAccountInactive,
        ),
        ({"account": AccountTerms(3, "Sandbox", True, frozenset({"EUR"}), {})}, errors.CurrencyNotTaken),
        ({"account": AccountTerms(3, "Sandbox", True, frozenset(), {"USD": 4001})}, errors.BelowMinimum),
        ({"under_way": {1: 9}}, errors.ChargeUnderWay),
        ({"invoices": {1: invoice(applied=7000)}}, errors.AboveBalance),
        ({"invoices": {1: invoice(applied=10000)}}, errors.InvoicePaid),
        ({"invoices": {1: invoice(is_void=True)}}, errors.InvoiceVoid),
        ({"invoices": {1: invoice(contact_id=8)}}, errors.InvoiceOfOtherContact),
        ({"invoices": {}}, errors.NotFound),
        ({"wanted": ChargeInput(7, 5, ())}, errors.NothingToCharge),
        ({"wanted": ChargeInput(7, 5, (Share(1, usd(0)),))}, errors.AmountNotPositive),
        ({"wanted": ChargeInput(7, 5, (Share(1, usd(1)), Share(1, usd(60))))}, errors.InvoiceTwice),
    ],
)
def test_what_may_not_be_charged_says_why(change: dict[str, Any], error: type[Exception]) -> None:
    with pytest.raises(error):
        decide(**change)


def success(invoices: dict[int, OpenInvoice], *lines: Share, **fields: Any) -> Any:
    return decide_success(
        **{
            "contact_id": 7,
            "amount": usd(sum(line.amount.minor for line in lines)),
            "lines": lines,
            "type_terms": charged_type(1, "Credit Card (charge now)", 1001),
            "apply_to_commissions": True,
            "reference": "C-1",
            "notes": "",
            "on": ON,
            "invoices": invoices,
            "closed_until": None,
            **fields,
        }
    )


def test_a_success_pays_its_invoices() -> None:
    decision = success({1: invoice(), 2: invoice(2)}, Share(1, usd(4000)), Share(2, usd(100)))

    assert [(part.invoice_id, part.amount) for part in decision.applied] == [(1, usd(4000)), (2, usd(100))]
    assert decision.credit == usd(0)
    assert decision.movements[0].debit == 1001


@pytest.mark.parametrize(
    ("meanwhile", "applied", "credit"),
    [
        (invoice(applied=7000), 3000, 1000),
        (invoice(applied=10000), 0, 4000),
        (invoice(is_void=True, total=0), 0, 4000),
    ],
)
def test_what_was_paid_or_voided_meanwhile_makes_the_rest_credit_on_account(
    meanwhile: OpenInvoice, applied: int, credit: int
) -> None:
    decision = success({1: meanwhile}, Share(1, usd(4000)))

    assert sum(part.amount.minor for part in decision.applied) == applied
    assert decision.credit == usd(credit)


def test_a_success_in_a_closed_period_is_booked_on_the_first_open_day() -> None:
    decision = success({1: invoice()}, Share(1, usd(4000)), closed_until=date(2026, 11, 30))

    assert decision.input.received_on == date(2026, 12, 1)


@given(
    lines=st.lists(st.tuples(st.integers(1, 99), st.integers(0, 99)), min_size=1, max_size=4),
)
def test_a_charge_is_settled_otherwise_exactly_when_its_success_would_leave_credit(
    lines: list[tuple[int, int]],
) -> None:
    invoices = {pk: invoice(pk, 99, 99 - due) for pk, (_, due) in enumerate(lines)}
    shares = [Share(pk, usd(amount)) for pk, (amount, _) in enumerate(lines)]

    decision = success(invoices, *shares)

    told = is_settled_otherwise((usd(amount), usd(due)) for amount, due in lines)
    assert told == bool(decision.credit)
