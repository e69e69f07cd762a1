"""Card clearing: what its page costs in books whose every payment is a card charge, most of them paid out.

The page is about what has not been paid out, which is as much in the small books as in the large ones.
"""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import uuid4

import psycopg
from django.test import Client

from bench import pages
from bench.books import build_books, fill, tidy
from bench.charges import AnsweringGateway, in_place
from bench.scene import ACTOR
from bench.staff_session import signed_in_client
from bench.table import Line
from duebook.gateways.account_details import MerchantAccountDetails
from duebook.gateways.models import MerchantAccount
from duebook.gateways.services.add_merchant_account import add_merchant_account
from duebook.payments.models import Charge

ACCOUNT = "Clearing"
OPEN = 500
"""So many charges, the last ones, have not been paid out."""
PAGE_TIMES = 12
MOST_STATEMENTS = 8

_STEPS: tuple[tuple[str, str], ...] = (
    (
        "cards",
        """
INSERT INTO payments_paymentmethod (id, contact_id, merchant_account_id, token, customer, brand, last_four,
  exp_month, exp_year, fingerprint, is_default, active)
OVERRIDING SYSTEM VALUE
SELECT id, id, @account, 'card-' || id, '', 'visa', '4242', 12, 2060, '', false, true FROM contacts_contact
""",
    ),
    (
        "charges",
        """
INSERT INTO payments_charge (id, contact_id, merchant_account_id, payment_method_id, amount_minor, currency,
  key, reference, attempt, token, customer, description, customer_present, apply_to_commissions, notes,
  email_receipt, prepared_by_id, source, prepared_at, state, gateway_id, sent_at, settled_at, decline_kind,
  decline_code, decline_message, action_url, problem, asked, captured_minor, refunding_minor, refunded_minor,
  cleared_minor)
OVERRIDING SYSTEM VALUE
SELECT id, contact_id, @account, contact_id, amount_minor, currency, 'bench-' || id, 'bench-' || id, 1,
       'card-' || contact_id, '', '', false, true, '', false, 0, source, received_on, 'succeeded',
       'pi_' || id, received_on, received_on, '', '', '', '', '', 0, amount_minor, 0, 0,
       CASE WHEN id <= @last_cleared THEN amount_minor ELSE 0 END
  FROM payments_payment ORDER BY id
""",
    ),
    (
        "charges",
        """
INSERT INTO payments_chargeline (charge_id, invoice_id, amount_minor, is_open)
SELECT payment_id, invoice_id, amount_minor, false FROM payments_allocation ORDER BY payment_id
""",
    ),
    (
        "charges",
        """
INSERT INTO payments_observation (charge_id, channel, seen, state_before, state_after, problem, payload)
SELECT id, 'reply', 'succeeded', 'sent', 'succeeded', '', '{}' FROM payments_charge ORDER BY id
""",
    ),
    (
        "payments",
        """
UPDATE payments_payment SET charge_id = id,
       payment_type_id = (SELECT id FROM payments_paymenttype WHERE kind = 'charge_now' LIMIT 1)
""",
    ),
    (
        "transfers",
        "UPDATE ledger_transfer SET debit_account_id = @clearing WHERE kind = 'payment_received'",
    ),
    (
        "settlements",
        """
INSERT INTO ledger_transfer (kind, debit_account_id, credit_account_id, amount_minor, currency, effective_on)
SELECT 'settled', 1, @clearing, sum(amount_minor), 'USD', received_on FROM payments_payment
 WHERE id <= @last_cleared GROUP BY received_on ORDER BY received_on
""",
    ),
    (
        "settlements",
        """
INSERT INTO payments_settlement (merchant_account_id, gateway_id, currency, gross_minor, fee_minor, net_minor,
  paid_on, booked_on, net_transfer_id)
SELECT @account, 'po_' || id, currency, amount_minor, 0, amount_minor, effective_on, effective_on, id
  FROM ledger_transfer WHERE kind = 'settled' ORDER BY id
""",
    ),
    (
        "settlements",
        """
INSERT INTO payments_settlementline (settlement_id, merchant_account_id, kind, object_id, charge_gateway_id,
  charge_id, gross_minor, fee_minor, is_repeated)
SELECT s.id, @account, 'charge', 'pi_' || p.id, 'pi_' || p.id, p.id, p.amount_minor, 0, false
  FROM payments_payment p JOIN payments_settlement s ON s.paid_on = p.received_on
 WHERE p.id <= @last_cleared ORDER BY p.id
""",
    ),
    (
        "settlements",
        """
INSERT INTO events_event (name, actor_id, source, request_key, input_hash, payload)
SELECT 'settlement.imported', 0, 'import', 'bench:settlement:' || id, md5(id::text) || md5('settled' || id),
       jsonb_build_object('settlement_id', id) FROM payments_settlement ORDER BY id
""",
    ),
)


def build_charges(
    connection: psycopg.Connection, *, invoices: int, today: str, say: Callable[[str], None]
) -> None:
    """Fill a migrated, empty database with so many invoices; each of their payments is a charge."""
    build_books(connection, invoices=invoices, today=today, say=say)
    with in_place(AnsweringGateway()):
        account = add_merchant_account(
            details=MerchantAccountDetails(
                name=ACCOUNT, secret=f"sk_test_{uuid4()}", base_url="http://127.0.0.1:9"
            ),
            adapter=MerchantAccount.Adapters.SANDBOX,
            request_key=str(uuid4()),
            actor=ACTOR,
        )
    values = {
        "@account": str(account.pk),
        "@clearing": str(account.clearing_account_id),
        "@last_cleared": f"(SELECT max(id) - {OPEN} FROM payments_payment)",
    }
    fill(connection, _STEPS, values, say=say)
    for table in ("charge", "paymentmethod"):
        sequence = f"pg_get_serial_sequence('payments_{table}', 'id')"
        connection.execute(f"SELECT setval({sequence}, (SELECT max(id) FROM payments_{table}))")
    tidy(connection, say=say)


@dataclass(frozen=True)
class Cleared:
    """What the page of card clearing costs in books of so many charges."""

    charges: int
    waiting: int
    cost: pages.PageCost
    page_ms: float


def measure_clearing() -> Cleared:
    """Ask for the page in this process, in the books that are in use."""
    client: Client = signed_in_client()
    address = {"card clearing": iter(lambda: "/reports/card-clearing/", "")}
    cost = pages.costs(client, address, times=PAGE_TIMES)["card clearing"]
    return Cleared(
        charges=Charge.objects.count(),
        waiting=Charge.objects.exclude(uncleared_minor=0).count(),
        cost=cost,
        page_ms=pages.median_ms(client, "/reports/card-clearing/", times=PAGE_TIMES),
    )


def clearing_lines(big: Cleared, small: Cleared) -> list[Line]:
    """The page in large books beside the same in small ones."""
    return [
        Line(
            f"card clearing with {big.charges:,} charges, {big.waiting:,} of them open",
            big.page_ms,
            "ms",
            f"{small.charges:,} charges",
            small.page_ms,
            big.page_ms / small.page_ms,
            target=2,
            at_most=True,
            note=f"{small.waiting:,} open in either",
        ),
        Line(
            "  its slowest statement",
            big.cost.slowest_ms,
            "ms",
            target=20,
            at_most=True,
            note=f"{small.cost.slowest_ms:.1f} ms with {small.charges:,}",
        ),
        Line("  its statements", big.cost.queries, "", target=MOST_STATEMENTS, at_most=True),
    ]
