"""The ledgers of referral partners, in Keap's words: from what balance to what balance in a period, and why.

Ending balance = beginning balance + commissions earned - clawbacks - payments; amounts in minor units. A page
of partners costs what these partners' entries cost, however many others there are.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from duebook.reports.queries.rows import all_rows, streamed_rows


@dataclass(frozen=True, slots=True)
class LedgerFilter:
    """Which partners are meant, and which days.

    ``text`` is a part of the name or the start of the code, ``parent`` the same of the parent.
    """

    first: date
    last: date
    program_id: int | None = None
    status: str = ""
    parent: str = ""
    text: str = ""
    partner_id: int | None = None


@dataclass(frozen=True, slots=True)
class PartnerLedger:
    """One partner in one currency. ``current_minor`` is the balance of today, whatever the period."""

    partner_id: int
    name: str
    code: str
    status: str
    currency: str
    beginning_minor: int
    earned_minor: int
    clawed_back_minor: int
    paid_minor: int
    current_minor: int
    to_come_minor: int

    @property
    def ending_minor(self) -> int:
        return self.beginning_minor + self.earned_minor - self.clawed_back_minor - self.paid_minor

    @property
    def total_minor(self) -> int:
        """Keap's Total Balance: what is earned and not paid out, and what can still come."""
        return self.current_minor + self.to_come_minor


_PARTNERS = """
SELECT p.id, p.name, p.code, p.status
  FROM partners_partner p
 WHERE (%(partner_id)s::bigint IS NULL OR p.id = %(partner_id)s)
   AND (%(status)s = '' OR p.status = %(status)s)
   AND (%(text)s = '%%' OR p.name ILIKE '%%' || %(text)s OR p.code ILIKE %(text)s)
   AND (%(parent)s = '%%' OR EXISTS (
        SELECT FROM partners_partner u
         WHERE u.id = p.parent_id AND (u.name ILIKE '%%' || %(parent)s OR u.code ILIKE %(parent)s)))
   AND (%(program_id)s::bigint IS NULL OR EXISTS (
        SELECT FROM partners_program_members m
         WHERE m.partner_id = p.id AND m.program_id = %(program_id)s))
 ORDER BY p.name, p.id
"""

# The same as domain.commission_outlook says; a test compares the two.
_TO_COME = """
SELECT a.currency, CASE
       WHEN a.payout_type = 'on_payment' AND f.p > 0 THEN
            div(a.total_minor::numeric
                * least(f.p, greatest(0, i.counted_minor + i.balance_due_minor
                                         - greatest(0, i.finance_minor - i.uncounted_minor))), f.p)
       WHEN a.payout_type = 'up_front' AND f.p > 0 THEN
            div(a.total_minor::numeric
                * (f.p - least(i.money_back_minor,
                               f.p - least(f.p, greatest(0, i.money_minor + i.balance_due_minor
                                                            - i.finance_minor)))), f.p)
       ELSE a.earned_minor END - a.earned_minor AS minor
  FROM commissions_accrual a
  JOIN invoices_invoice i ON i.id = a.invoice_id
 CROSS JOIN LATERAL (SELECT greatest(0, i.total_minor - i.finance_minor) AS p) f
 WHERE a.partner_id = page.id AND i.balance_due_minor > 0 AND a.earned_minor < a.total_minor
"""

_LEDGERS = """
WITH page AS MATERIALIZED ({partners} {window})
SELECT page.id, page.name, page.code, page.status, coalesce(moved.currency, %(currency)s),
       coalesce(moved.beginning, 0)::bigint, coalesce(moved.earned, 0)::bigint,
       coalesce(moved.clawed_back, 0)::bigint, coalesce(moved.paid, 0)::bigint,
       coalesce(moved.now, 0)::bigint, coalesce(moved.to_come, 0)::bigint
  FROM page LEFT JOIN LATERAL (
    SELECT currency, sum(beginning) AS beginning, sum(earned) AS earned, sum(clawed_back) AS clawed_back,
           sum(paid) AS paid, sum(now) AS now, sum(to_come) AS to_come
      FROM (
        SELECT currency, sum(amount_minor) FILTER (WHERE entered_on < %(first)s) AS beginning,
               sum(amount_minor) FILTER (WHERE amount_minor > 0
                     AND entered_on BETWEEN %(first)s AND %(last)s) AS earned,
               -sum(amount_minor) FILTER (WHERE amount_minor < 0
                     AND entered_on BETWEEN %(first)s AND %(last)s) AS clawed_back,
               0 AS paid, sum(amount_minor) AS now, 0 AS to_come
          FROM commissions_commissionentry WHERE partner_id = page.id GROUP BY currency
        UNION ALL
        SELECT o.currency, -sum(o.amount_minor) FILTER (WHERE b.paid_on < %(first)s), 0, 0,
               sum(o.amount_minor) FILTER (WHERE b.paid_on BETWEEN %(first)s AND %(last)s),
               -sum(o.amount_minor), 0
          FROM commissions_payout o JOIN commissions_payoutbatch b ON b.id = o.batch_id
         WHERE o.partner_id = page.id AND b.state = 'paid' GROUP BY o.currency
        UNION ALL
        SELECT currency, 0, 0, 0, 0, 0, sum(minor) FROM ({to_come}) AS outlook GROUP BY currency
      ) AS parts GROUP BY currency
  ) AS moved ON true
 ORDER BY page.name, page.id, moved.currency
"""


def partner_ledgers(wanted: LedgerFilter, *, currency: str, limit: int, offset: int) -> list[PartnerLedger]:
    """The ledgers of so many partners by name; a partner with two currencies has a row for each.

    ``currency`` is that of a partner with nothing yet.
    """
    sql = _statement("LIMIT %(limit)s OFFSET %(offset)s")
    values = _parameters(wanted) | {"currency": currency, "limit": limit, "offset": offset}
    return [PartnerLedger(*row) for row in all_rows(sql, values)]


def every_partner_ledger(wanted: LedgerFilter, *, currency: str) -> Iterator[PartnerLedger]:
    """The ledgers of all partners that are meant, streamed."""
    sql = _statement("")
    values = _parameters(wanted) | {"currency": currency}
    return (PartnerLedger(*row) for row in streamed_rows(sql, values))


def _statement(window: str) -> str:
    return _LEDGERS.format(partners=_PARTNERS, to_come=_TO_COME, window=window)


def _parameters(wanted: LedgerFilter) -> dict[str, Any]:
    return {
        "first": wanted.first,
        "last": wanted.last,
        "program_id": wanted.program_id,
        "status": wanted.status,
        "partner_id": wanted.partner_id,
        "text": _beginning(wanted.text),
        "parent": _beginning(wanted.parent),
    }


def _beginning(text: str) -> str:
    """The pattern of what begins with the text; the text itself has no wildcards."""
    plain = text.replace("\x00", "").strip().replace("\\", "\\\\")
    return plain.replace("%", "\\%").replace("_", "\\_") + "%"
