"""One account's transfers in the order of their days, each with the balance after it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from duebook.domain.accounts import AccountKind
from duebook.reports.queries.rows import all_rows, streamed_rows

DEBIT_KINDS = (AccountKind.ASSET.value, AccountKind.EXPENSE.value)
"""Accounts whose balance is shown as debits less credits; of the others it is credits less debits."""


@dataclass(frozen=True, slots=True)
class RegisterFilter:
    """Which part of an account is meant."""

    account_id: int
    currency: str
    first: date
    last: date
    contact_id: int | None = None


@dataclass(frozen=True, slots=True)
class RegisterRow:
    """One transfer as the account sees it; ``balance_minor`` is debits less credits up to and with it."""

    transfer_id: int
    day: date
    kind: str
    other_id: int
    other_code: str
    other_name: str
    debit_minor: int
    credit_minor: int
    balance_minor: int
    contact_id: int | None
    name: str
    invoice_number: int | None
    order_id: int | None
    payment_id: int | None
    payment_number: int | None
    corrects_id: int | None


_SIDES = """
SELECT t.id, t.effective_on, t.kind, t.credit_account_id AS other,
       t.amount_minor AS debit, 0::bigint AS credit, t.contact_id, t.invoice_id, t.payment_id, t.corrects_id
  FROM ledger_transfer t WHERE t.debit_account_id = %(account_id)s AND t.currency = %(currency)s {within}
UNION ALL
SELECT t.id, t.effective_on, t.kind, t.debit_account_id, 0, t.amount_minor,
       t.contact_id, t.invoice_id, t.payment_id, t.corrects_id
  FROM ledger_transfer t WHERE t.credit_account_id = %(account_id)s AND t.currency = %(currency)s {within}
"""

# The running balance is summed over the bare rows, and only those shown are joined to what they are about.
_ROWS = """
WITH shown AS (
  SELECT s.*, (%(opening)s + sum(s.debit - s.credit) OVER (ORDER BY s.effective_on, s.id))::bigint AS balance
    FROM ({sides}) AS s
   ORDER BY s.effective_on, s.id {limit}
)
SELECT s.id, s.effective_on, s.kind, a.id, a.code, a.name, s.debit, s.credit, s.balance,
       s.contact_id, coalesce(c.name, ''), i.number, i.order_id, p.id, p.number, s.corrects_id
  FROM shown s
  JOIN ledger_account a ON a.id = s.other
  LEFT JOIN contacts_contact c ON c.id = s.contact_id
  LEFT JOIN invoices_invoice i ON i.id = s.invoice_id
  LEFT JOIN payments_payment p ON p.id = s.payment_id
 ORDER BY s.effective_on, s.id
"""

_SUMS = """
SELECT coalesce(sum(s.debit), 0)::bigint, coalesce(sum(s.credit), 0)::bigint, count(*) FROM ({sides}) AS s
"""

_BEFORE = "AND t.effective_on < %(first)s"
_WITHIN = "AND t.effective_on BETWEEN %(first)s AND %(last)s"
_OF_CONTACT = " AND t.contact_id = %(contact_id)s"


@dataclass(frozen=True, slots=True)
class RegisterSums:
    """What stood before the period and what moved in it, in minor units; balances are debits less credits."""

    opening_minor: int
    debit_minor: int
    credit_minor: int
    transfers: int

    @property
    def closing_minor(self) -> int:
        return self.opening_minor + self.debit_minor - self.credit_minor


def register_sums(wanted: RegisterFilter) -> RegisterSums:
    """The account's balance before the period and its movements within."""
    before = all_rows(_SUMS.format(sides=_sides(wanted, _BEFORE)), _parameters(wanted))[0]
    within = all_rows(_SUMS.format(sides=_sides(wanted, _WITHIN)), _parameters(wanted))[0]
    return RegisterSums(before[0] - before[1], *within)


def register_rows(
    wanted: RegisterFilter, *, opening_minor: int, limit: int, offset: int = 0
) -> list[RegisterRow]:
    """Some rows of the account in the period, the oldest first; the balance runs on from the opening."""
    sql = _ROWS.format(sides=_sides(wanted, _WITHIN), limit="LIMIT %(limit)s OFFSET %(offset)s")
    parameters = _parameters(wanted) | {"opening": opening_minor, "limit": limit, "offset": offset}
    return [RegisterRow(*row) for row in all_rows(sql, parameters)]


def every_register_row(wanted: RegisterFilter, *, opening_minor: int) -> Iterator[RegisterRow]:
    """All rows of the account in the period, streamed."""
    sql = _ROWS.format(sides=_sides(wanted, _WITHIN), limit="")
    rows = streamed_rows(sql, _parameters(wanted) | {"opening": opening_minor})
    return (RegisterRow(*row) for row in rows)


def _sides(wanted: RegisterFilter, within: str) -> str:
    return _SIDES.format(within=within + (_OF_CONTACT if wanted.contact_id is not None else ""))


def _parameters(wanted: RegisterFilter) -> dict[str, Any]:
    return {
        "account_id": wanted.account_id,
        "currency": wanted.currency,
        "first": wanted.first,
        "last": wanted.last,
        "contact_id": wanted.contact_id,
    }
