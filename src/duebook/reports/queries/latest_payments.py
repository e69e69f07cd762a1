"""The payments that came in last, with what they were applied to, in one query of a few index entries."""

from dataclasses import dataclass

from duebook.domain.payment_kinds import PaymentKind
from duebook.reports.queries.rows import all_rows


@dataclass(frozen=True, slots=True)
class LatestPayment:
    """One payment; ``invoices`` are the numbers of those that it settles now.

    ``is_disputed`` is true of a returned one too: what disputes took counts as returned.
    """

    payment_id: int
    name: str
    label: str
    reference: str
    amount_minor: int
    currency: str
    is_money: bool
    is_returned: bool
    is_refunded: bool
    is_disputed: bool
    invoices: list[int]


_ROWS = """
WITH latest AS (
  SELECT * FROM payments_payment WHERE reversed_minor = 0 ORDER BY received_on DESC, id DESC LIMIT %(limit)s
)
SELECT p.id, c.name, y.label, p.reference, p.amount_minor, p.currency, p.kind <> %(adjustment)s,
       EXISTS (SELECT FROM payments_return r WHERE r.payment_id = p.id), p.refunded_minor > 0,
       p.returned_minor > 0,
       ARRAY(SELECT i.number FROM payments_allocation a JOIN invoices_invoice i ON i.id = a.invoice_id
              WHERE a.payment_id = p.id GROUP BY i.id HAVING sum(a.amount_minor) <> 0 ORDER BY i.number)
  FROM latest p
  JOIN contacts_contact c ON c.id = p.contact_id
  JOIN payments_paymenttype y ON y.id = p.payment_type_id
 ORDER BY p.received_on DESC, p.id DESC
"""


def latest_payments(limit: int) -> list[LatestPayment]:
    """The newest payments that were not undone."""
    rows = all_rows(_ROWS, {"limit": limit, "adjustment": PaymentKind.ADJUSTMENT.value})
    return [LatestPayment(*row) for row in rows]
