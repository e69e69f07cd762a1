"""Who has credit on account, and whether it could settle something that is due."""

from collections.abc import Iterator
from dataclasses import dataclass

from duebook.reports.queries.rows import all_rows, streamed_rows


@dataclass(frozen=True, slots=True)
class ContactCredit:
    """One contact's credit on account and what is due from it in the same currency; minor units."""

    contact_id: int
    name: str
    currency: str
    credit_minor: int
    due_minor: int


_ROWS = """
SELECT c.id, c.name, k.currency, k.minor, d.minor
  FROM (SELECT contact_id, currency, sum(credit_minor)::bigint AS minor
          FROM payments_payment WHERE credit_minor > 0 GROUP BY contact_id, currency) AS k
  JOIN contacts_contact c ON c.id = k.contact_id
  CROSS JOIN LATERAL (SELECT coalesce(sum(balance_due_minor), 0)::bigint AS minor FROM invoices_invoice i
                       WHERE i.contact_id = k.contact_id AND i.currency = k.currency
                         AND i.balance_due_minor > 0) AS d
 WHERE d.minor >= %(least_due)s
 ORDER BY least(k.minor, d.minor) DESC, k.minor DESC, c.id, k.currency
"""


def contacts_with_credit(*, only_usable: bool, limit: int, offset: int = 0) -> list[ContactCredit]:
    """Contacts with credit, those first whose invoices it could settle most of."""
    parameters = {"least_due": int(only_usable), "limit": limit, "offset": offset}
    return [ContactCredit(*row) for row in all_rows(_ROWS + " LIMIT %(limit)s OFFSET %(offset)s", parameters)]


def every_contact_with_credit(*, only_usable: bool) -> Iterator[ContactCredit]:
    """All of them, streamed."""
    return (ContactCredit(*row) for row in streamed_rows(_ROWS, {"least_due": int(only_usable)}))
