"""The statements of a payment, written by hand: lock, read in one query, write in one statement.

Invariant: ``book`` writes exactly the rows of the plan and updates each counter row once with the sum, so a
plan may name an invoice any number of times. One payment is a batch of one.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from duebook.commissions.queries import group_accruals
from duebook.domain.commission_steps import AccrualState
from duebook.domain.payment_kinds import PaymentKind
from duebook.domain.recording import OpenInvoice, TypeTerms
from duebook.payments.plan import PaymentCounters, Plan
from duebook.payments.statements import listed, run

# A list is read by a subquery of its own: of a plain parameter the planner counts the elements each time and
# then never keeps the plan, and planning these statements takes longer than running them.
_LOCK_INVOICES = (
    "SELECT id FROM invoices_invoice WHERE id = ANY(ARRAY(SELECT unnest(%s::bigint[])))"
    " ORDER BY id FOR NO KEY UPDATE"
)
_LOCK_CONTACTS = (
    "SELECT id FROM contacts_contact WHERE id = ANY(ARRAY(SELECT unnest(%s::bigint[])))"
    " ORDER BY id FOR NO KEY UPDATE"
)
_LOCK_PAYMENTS = (
    "SELECT id FROM payments_payment WHERE id = ANY(ARRAY(SELECT unnest(%s::bigint[])))"
    " ORDER BY id FOR NO KEY UPDATE"
)

# One JSON document, parsed once, with everything that deciding a batch of payments needs. Partners' names are
# looked up one by one: the planner expects more accruals than there are and would read all partners instead.
_READ = """
SELECT json_build_array(
 (SELECT json_agg(json_build_array(i.id, i.number, i.contact_id, i.order_id, i.currency, i.total_minor,
                                   i.applied_minor, i.issued_on, v.id IS NOT NULL, i.finance_minor,
                                   i.counted_minor, i.uncounted_minor, i.money_minor, i.money_back_minor))
    FROM invoices_invoice i LEFT JOIN invoices_void v ON v.invoice_id = i.id
   WHERE i.id = ANY(ARRAY(SELECT unnest(%s::bigint[])))),
 (SELECT json_agg(json_build_array(a.invoice_id, a.id, a.partner_id,
                                   (SELECT p.name FROM partners_partner p WHERE p.id = a.partner_id),
                                   a.role, a.level, a.payout_type, a.hold_days, a.total_minor, a.earned_minor,
                                   a.counted_minor) ORDER BY a.id)
    FROM commissions_accrual a
   WHERE a.invoice_id = ANY(ARRAY(SELECT unnest(%s::bigint[])))),
 (SELECT json_agg(json_build_array(t.id, t.label, t.kind, t.account_id, t.active, t.needs_adjust_right))
    FROM payments_paymenttype t
   WHERE t.id = ANY(ARRAY(SELECT unnest(%s::bigint[]))) OR t.kind = ANY(ARRAY(SELECT unnest(%s::text[])))),
 (SELECT json_agg(c.id) FROM contacts_contact c WHERE c.id = ANY(ARRAY(SELECT unnest(%s::bigint[])))),
 (SELECT p.closed_until FROM ledger_closedperiod p ORDER BY p.id DESC LIMIT 1),
 (SELECT json_agg(json_build_array(e.request_key, e.input_hash, e.payment_id, e.payload))
    FROM events_event e
   WHERE e.actor_id = %s AND e.request_key = ANY(ARRAY(SELECT unnest(%s::text[])))),
 (SELECT json_agg(json_build_array(nextval('payments_payment_id_seq'), nextval('payment_number_seq')))
    FROM generate_series(1, %s)))::text
"""

_NEW_ID = "SELECT nextval('payments_payment_id_seq'), nextval('payment_number_seq')"

_SIMILAR = """
SELECT p.number, p.recorded_at FROM payments_payment p
 WHERE p.contact_id = %s AND p.received_on = %s AND p.amount_minor = %s AND p.currency = %s
   AND p.payment_type_id = %s AND p.reversed_minor = 0 AND p.recorded_at > now() - make_interval(secs => %s)
 ORDER BY p.id DESC LIMIT 1
"""

_WRITE = """
WITH doc AS MATERIALIZED (SELECT %s::jsonb AS d),
new_payment AS (
  INSERT INTO payments_payment (id, number, contact_id, payment_type_id, kind, amount_minor, currency,
     received_on, reference, notes, apply_to_commissions, charge_id, recorded_by_id, source, allocated_minor,
     refunded_minor, returned_minor, reversed_minor)
  SELECT p.id, p.number, p.contact_id, p.payment_type_id, p.kind, p.amount_minor, p.currency, p.received_on,
     p.reference, p.notes, p.apply_to_commissions, p.charge_id, p.recorded_by_id, p.source,
     p.allocated_minor, 0, 0, 0
    FROM doc, jsonb_to_recordset(d->'payments') AS p(id bigint, number bigint, contact_id bigint,
     payment_type_id bigint, kind text, amount_minor bigint, currency text, received_on date, reference text,
     notes text, apply_to_commissions boolean, charge_id bigint, recorded_by_id bigint, source text,
     allocated_minor bigint)),
new_allocation AS (
  INSERT INTO payments_allocation (payment_id, invoice_id, amount_minor, apply_to_commissions, applied_on)
  SELECT a.payment_id, a.invoice_id, a.amount_minor, a.apply_to_commissions, a.applied_on
    FROM doc, jsonb_to_recordset(d->'allocations') AS a(payment_id bigint, invoice_id bigint,
     amount_minor bigint, apply_to_commissions boolean, applied_on date)),
new_transfer AS (
  INSERT INTO ledger_transfer (kind, debit_account_id, credit_account_id, amount_minor, currency,
     effective_on, contact_id, invoice_id, payment_id, partner_id, corrects_id)
  SELECT t.kind, t.debit, t.credit, t.minor, t.currency, t.effective_on, t.contact_id, t.invoice_id,
     t.payment_id, t.partner_id, t.corrects_id
    FROM doc, jsonb_to_recordset(d->'transfers') AS t(kind text, debit bigint, credit bigint, minor bigint,
     currency text, effective_on date, contact_id bigint, invoice_id bigint, payment_id bigint,
     partner_id bigint, corrects_id bigint)),
new_refund AS (
  INSERT INTO payments_refund (payment_id, amount_minor, currency, refunded_on, account_id, means, reference,
     reason, gateway_refund_id, recorded_by_id)
  SELECT r.payment_id, r.amount_minor, r.currency, r.refunded_on, r.account_id, r.means, r.reference,
     r.reason, r.gateway_refund_id, r.recorded_by_id
    FROM doc, jsonb_to_recordset(d->'refunds') AS r(payment_id bigint, amount_minor bigint, currency text,
     refunded_on date, account_id bigint, means text, reference text, reason text, gateway_refund_id bigint,
     recorded_by_id bigint)),
new_entry AS (
  INSERT INTO commissions_commissionentry (accrual_id, partner_id, cause, amount_minor, currency,
     entered_on, payable_on, payment_id, part_before_minor, part_after_minor, whole_minor, earned_after_minor,
     total_minor, basis_id)
  SELECT c.accrual_id, c.partner_id, c.cause, c.minor, c.currency, c.entered_on, c.payable_on, c.payment_id,
     c.part_before, c.part_after, c.whole, c.earned_after, c.total,
     (SELECT a.basis_id FROM commissions_accrual a WHERE a.id = c.accrual_id)
    FROM doc, jsonb_to_recordset(d->'entries') AS c(accrual_id bigint, partner_id bigint, cause text,
     minor bigint, currency text, entered_on date, payable_on date, payment_id bigint, part_before bigint,
     part_after bigint, whole bigint, earned_after bigint, total bigint)),
stepped_accrual AS (
  UPDATE commissions_accrual a SET earned_minor = a.earned_minor + c.earned,
     counted_minor = a.counted_minor + c.part
    FROM doc, jsonb_to_recordset(d->'accruals') AS c(id bigint, earned bigint, part bigint)
   WHERE a.id = c.id),
counted_invoice AS (
  UPDATE invoices_invoice i SET applied_minor = i.applied_minor + c.applied,
     counted_minor = i.counted_minor + c.counted, uncounted_minor = i.uncounted_minor + c.uncounted,
     money_minor = i.money_minor + c.money, money_back_minor = i.money_back_minor + c.back
    FROM doc, jsonb_to_recordset(d->'invoices') AS c(id bigint, applied bigint, counted bigint,
     uncounted bigint, money bigint, back bigint)
   WHERE i.id = c.id),
counted_payment AS (
  UPDATE payments_payment p SET allocated_minor = p.allocated_minor + c.allocated,
     refunded_minor = p.refunded_minor + c.refunded, returned_minor = p.returned_minor + c.returned,
     reversed_minor = p.reversed_minor + c.reversed
    FROM doc, jsonb_to_recordset(d->'counters') AS c(id bigint, allocated bigint, refunded bigint,
     returned bigint, reversed bigint)
   WHERE p.id = c.id)
INSERT INTO events_event (name, actor_id, source, request_key, input_hash, contact_id, order_id, payment_id,
   payload)
SELECT e.name, e.actor_id, e.source, e.request_key, e.input_hash, e.contact_id, e.order_id, e.payment_id,
   e.payload
  FROM doc, jsonb_to_recordset(d->'events') AS e(name text, actor_id bigint, source text, request_key text,
   input_hash text, contact_id bigint, order_id bigint, payment_id bigint, payload jsonb)
"""


# A charge counts what it holds on card clearing by itself.
_COUNT_BY_HAND = """
INSERT INTO payments_clearingbyhand AS k (account_id, currency, moved_minor)
SELECT m.account, m.currency, sum(m.minor)
  FROM jsonb_to_recordset(%s::jsonb) AS m(account bigint, currency text, minor bigint, payment_id bigint)
 WHERE EXISTS (SELECT FROM gateways_merchantaccount a WHERE a.clearing_account_id = m.account)
   AND NOT EXISTS (SELECT FROM payments_payment p WHERE p.id = m.payment_id AND p.charge_id IS NOT NULL)
 GROUP BY m.account, m.currency ORDER BY m.account, m.currency
ON CONFLICT (account_id, currency) DO UPDATE SET moved_minor = k.moved_minor + excluded.moved_minor
"""


@dataclass(frozen=True, slots=True)
class EarlierRequest:
    """A request that was carried out before: the hash of its input and the payment it made."""

    input_hash: str
    payment_id: int
    payload: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Situation:
    """What a batch of payments is decided on, read after the lock."""

    invoices: dict[int, OpenInvoice]
    types: dict[int, TypeTerms]
    adjust_types: frozenset[int]
    contact_ids: frozenset[int]
    closed_until: date | None
    earlier: dict[str, EarlierRequest]
    ids: list[tuple[int, int]]


def lock_contacts(contact_ids: Iterable[int]) -> None:
    _lock(_LOCK_CONTACTS, contact_ids)


def lock_invoices(invoice_ids: Iterable[int]) -> None:
    """Lock the invoices by ascending id; the lock order of all kinds is contact → invoice → payment."""
    _lock(_LOCK_INVOICES, invoice_ids)


def lock_payments(payment_ids: Iterable[int]) -> None:
    _lock(_LOCK_PAYMENTS, payment_ids)


def _lock(sql: str, ids: Iterable[int]) -> None:
    wanted = sorted(set(ids))
    if not wanted:
        return
    run(sql, [listed(wanted)])


def read_situation(
    *,
    invoice_ids: Sequence[int],
    type_ids: Sequence[int],
    contact_ids: Sequence[int],
    actor_id: int,
    request_keys: Sequence[str],
    new_payments: int,
    type_kinds: Sequence[PaymentKind] = (),
) -> Situation:
    """Everything a decision needs, in one query; the types are those named and those of the kinds.

    Takes ``new_payments`` ids and numbers from the sequences.
    """
    cursor = run(
        _READ,
        [
            listed(invoice_ids),
            listed(invoice_ids),
            listed(type_ids),
            listed(type_kinds),
            listed(contact_ids),
            actor_id,
            list(request_keys),
            new_payments,
        ],
    )
    invoices, accruals, types, contacts, closed_until, earlier, ids = json.loads(cursor.fetchone()[0])
    accruals_of = group_accruals(accruals or ())
    # Where there are no rows, json_agg gives null.
    return Situation(
        invoices={row[0]: _open_invoice(row, accruals_of) for row in invoices or ()},
        types={row[0]: TypeTerms(row[0], row[1], PaymentKind(row[2]), row[3], row[4]) for row in types or ()},
        adjust_types=frozenset(row[0] for row in types or () if row[5]),
        contact_ids=frozenset(contacts or ()),
        closed_until=date.fromisoformat(closed_until) if closed_until else None,
        earlier={row[0]: EarlierRequest(row[1], row[2], row[3]) for row in earlier or ()},
        ids=[(row[0], row[1]) for row in ids or ()],
    )


def _open_invoice(row: list[Any], accruals: Mapping[int, tuple[AccrualState, ...]]) -> OpenInvoice:
    return OpenInvoice(
        id=row[0],
        number=row[1],
        contact_id=row[2],
        order_id=row[3],
        currency=row[4],
        total_minor=row[5],
        applied_minor=row[6],
        issued_on=date.fromisoformat(row[7]),
        is_void=row[8],
        finance_minor=row[9],
        counted_minor=row[10],
        uncounted_minor=row[11],
        money_minor=row[12],
        money_back_minor=row[13],
        accruals=accruals.get(row[0], ()),
    )


def new_payment_id() -> tuple[int, int]:
    """Id and number for a payment that is no batch's, from the sequences."""
    row: tuple[int, int] = run(_NEW_ID, []).fetchone()
    return row


def similar_payment(
    *,
    contact_id: int,
    received_on: date,
    amount_minor: int,
    currency: str,
    payment_type_id: int,
    within: timedelta,
) -> tuple[int, Any] | None:
    """Number and instant of the newest payment that equals this one, if there is one."""
    row: tuple[int, Any] | None = run(
        _SIMILAR,
        [contact_id, received_on, amount_minor, currency, payment_type_id, int(within.total_seconds())],
    ).fetchone()
    return row


def book(plan: Plan) -> None:
    """Write the whole plan in one statement, and in another what it moves on card clearing by hand.

    Raises IntegrityError when the database refuses any row; nothing of the plan is then written.
    """
    run(_WRITE, [plan.document()])
    if moves := plan.moves_of_own_accounts():
        run(_COUNT_BY_HAND, [json.dumps(moves)])


__all__ = [
    "EarlierRequest",
    "PaymentCounters",
    "Plan",
    "Situation",
    "book",
    "lock_contacts",
    "lock_invoices",
    "lock_payments",
    "new_payment_id",
    "read_situation",
    "similar_payment",
]
