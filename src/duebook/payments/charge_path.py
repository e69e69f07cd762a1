"""The statements of charging a card, written by hand as ``write_path`` writes those of a payment.

A charge is four transactions; each of these is one round trip in one of them and reads no more than it needs.
What they return of a charge has the columns that are read here; another is read once it is asked for.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar

from django.db import DEFAULT_DB_ALIAS, models
from django.db.backends.utils import CursorWrapper

from duebook.domain.charging import AccountTerms, CardOnFile, ChargeState
from duebook.domain.errors import NotFound
from duebook.domain.money import Money
from duebook.domain.recording import Share
from duebook.gateways.accounts import adapter_for
from duebook.gateways.models import MerchantAccount
from duebook.payments.models import Charge, Observation, PaymentMethod
from duebook.payments.statements import listed, run

Kind = TypeVar("Kind", bound=models.Model)

_LOCK_CARD = "SELECT id FROM payments_paymentmethod WHERE id = %s FOR NO KEY UPDATE"

_READ_CARD = """
SELECT json_build_array(
 (SELECT json_build_array(
    json_build_array(m.id, m.contact_id, m.merchant_account_id, m.exp_month, m.exp_year, m.active, m.on_file),
    json_build_array(m.token, m.customer, m.brand, m.last_four),
    json_build_array(a.id, a.name, a.active, a.currencies, a.fenced_since IS NOT NULL),
    a.adapter, a.clearing_account_id)
    FROM payments_paymentmethod m JOIN gateways_merchantaccount a ON a.id = m.merchant_account_id
   WHERE m.id = %s),
 (SELECT json_agg(json_build_array(l.charge_id, l.invoice_id, l.is_open))
    FROM payments_chargeline l WHERE l.invoice_id = ANY(ARRAY(SELECT unnest(%s::bigint[])))),
 (SELECT b.installation_id FROM staff_business b WHERE b.id = 1))::text
"""

_WRITE_CHARGE = """
WITH doc AS MATERIALIZED (SELECT %s::jsonb AS d),
new_charge AS (
  INSERT INTO payments_charge (contact_id, merchant_account_id, payment_method_id, amount_minor, currency,
     key, reference, attempt, token, customer, description, debts, customer_present, apply_to_commissions,
     notes, email_receipt, prepared_by_id, source, state, gateway_id, decline_kind, decline_code,
     decline_message, action_url, problem, asked, captured_minor, refunding_minor, refunded_minor)
  SELECT c.contact_id, c.merchant_account_id, c.payment_method_id, c.amount_minor, c.currency, c.key,
     c.reference, c.attempt, c.token, c.customer, c.description, c.debts, c.customer_present,
     c.apply_to_commissions, c.notes, c.email_receipt, c.prepared_by_id, c.source, 'created', '', '', '', '',
     '', '', 0, 0, 0, 0
    FROM doc, jsonb_to_record(d->'charge') AS c(contact_id bigint, merchant_account_id bigint,
     payment_method_id bigint, amount_minor bigint, currency text, key text, reference text, attempt int,
     token text, customer text, description text, debts text, customer_present boolean,
     apply_to_commissions boolean, notes text, email_receipt boolean, prepared_by_id bigint, source text)
  RETURNING id),
new_line AS (
  INSERT INTO payments_chargeline (charge_id, invoice_id, amount_minor, is_open)
  SELECT n.id, l.invoice_id, l.amount_minor, true
    FROM new_charge n, doc, jsonb_to_recordset(d->'lines') AS l(invoice_id bigint, amount_minor bigint))
INSERT INTO events_event (name, actor_id, source, request_key, input_hash, contact_id, payload)
SELECT 'charge.prepared', e.actor_id, e.source, e.request_key, e.input_hash, e.contact_id,
   jsonb_build_object('charge_id', n.id, 'number', 'C-' || n.id) || e.payload
  FROM new_charge n, doc, jsonb_to_record(d->'event') AS e(actor_id bigint, source text, request_key text,
   input_hash text, contact_id bigint, payload jsonb)
RETURNING payload->'charge_id'
"""

_MARK_SENT = """
UPDATE payments_charge c SET state = 'sent', sent_at = statement_timestamp(),
   ask_at = statement_timestamp() + %s
  FROM gateways_merchantaccount a
 WHERE c.id = %s AND c.state = 'created' AND a.id = c.merchant_account_id
RETURNING c.id, c.merchant_account_id, c.amount_minor, c.currency, c.key, c.reference, c.token, c.customer,
   c.description, c.debts, c.customer_present, c.state, c.gateway_id, c.sent_at,
   json_build_object('id', a.id, 'adapter', a.adapter, 'sealed_secret', a.sealed_secret,
     'public_key', a.public_key, 'sealed_webhook_secrets', a.sealed_webhook_secrets, 'base_url', a.base_url,
     'live', a.live)::text AS account
"""

_NOTE_HANDLE = (
    "UPDATE payments_charge SET gateway_id = %s WHERE id = %s AND state = 'sent' AND gateway_id = ''"
)

_LOCK_INVOICES_OF = """
SELECT id FROM invoices_invoice
 WHERE id = ANY(ARRAY(SELECT l.invoice_id FROM payments_chargeline l WHERE l.charge_id = %s))
 ORDER BY id FOR NO KEY UPDATE
"""

# What a line is to pay of which invoice never changes, nor does the account's card clearing.
_LOCK_CHARGE = """
SELECT c.id, c.contact_id, c.merchant_account_id, c.amount_minor, c.currency, c.apply_to_commissions, c.notes,
   c.email_receipt, c.prepared_by_id, c.source, c.state, c.gateway_id, c.settled_at, c.called_off_at,
   (SELECT json_agg(json_build_array(l.invoice_id, l.amount_minor) ORDER BY l.id)
      FROM payments_chargeline l WHERE l.charge_id = c.id)::text AS lines,
   (SELECT a.clearing_account_id FROM gateways_merchantaccount a WHERE a.id = c.merchant_account_id)
     AS clearing_account_id,
   (SELECT b.time_zone FROM staff_business b WHERE b.id = 1) AS time_zone
  FROM payments_charge c WHERE c.id = %s FOR NO KEY UPDATE OF c
"""

_OBSERVE = """
INSERT INTO payments_observation (charge_id, channel, seen, state_before, state_after, problem, payload)
VALUES (%s, %s, %s, %s, %s, %s, %s::jsonb)
"""

_CLOSE_LINES = "UPDATE payments_chargeline SET is_open = false WHERE charge_id = %s AND is_open"

_READ_END = "SELECT id, state, decline_kind, problem FROM payments_charge WHERE id = %s"


@dataclass(frozen=True, slots=True)
class CardSituation:
    """What a charge is decided on besides the invoices: the card and its account, and earlier attempts.

    ``attempts`` is how many charges the invoices have had; ``under_way`` has the one of each that is open.
    """

    card: CardOnFile
    account: AccountTerms
    clearing_account_id: int
    token: str
    customer: str
    label: str
    attempts: int
    under_way: Mapping[int, int]
    installation_id: str


@dataclass(frozen=True, slots=True)
class LockedCharge:
    """A charge that is locked, what it is to pay of which invoice, and where its money goes."""

    charge: Charge
    shares: list[Share]
    clearing_account_id: int
    time_zone: str
    """The business's, which says of what day a success is."""


def lock_card(payment_method_id: int) -> None:
    """Lock the card, after the invoices: charging and deactivating exclude each other."""
    run(_LOCK_CARD, [payment_method_id])


def read_card(payment_method_id: int, invoice_ids: Iterable[int]) -> CardSituation:
    """The card to be charged for these invoices, in one query. Raises NotFound."""
    found, lines, installation_id = json.loads(
        run(_READ_CARD, [payment_method_id, listed(invoice_ids)]).fetchone()[0]
    )
    if found is None:
        raise NotFound(field="payment_method", what="Card", id=payment_method_id)
    card, (token, customer, brand, last_four), account, adapter, clearing_account_id = found
    guarantees = adapter_for(MerchantAccount.Adapters(adapter)).guarantees
    account_id, name, active, currencies, fenced = account
    attempts = lines or ()
    return CardSituation(
        card=CardOnFile(*card),
        account=AccountTerms(
            account_id, name, active, frozenset(currencies), guarantees.minimum_minor, fenced
        ),
        clearing_account_id=clearing_account_id,
        token=token,
        customer=customer,
        label=str(PaymentMethod(brand=brand, last_four=last_four)),
        attempts=len({charge_id for charge_id, _, _ in attempts}),
        under_way={invoice_id: charge_id for charge_id, invoice_id, is_open in attempts if is_open},
        installation_id=installation_id,
    )


def write_charge(*, charge: Mapping[str, Any], shares: Iterable[Share], event: Mapping[str, Any]) -> int:
    """Write the charge, its lines and its event; returns its id, which the event names as well.

    Raises IntegrityError when the database refuses any row; nothing is then written.
    """
    lines = [{"invoice_id": share.invoice_id, "amount_minor": share.amount.minor} for share in shares]
    document = json.dumps({"charge": charge, "lines": lines, "event": event})
    return int(run(_WRITE_CHARGE, [document]).fetchone()[0])


def mark_sent(charge_id: int, *, ask_after: timedelta) -> Charge | None:
    """Turn created into sent, and return the charge as it is sent, with its account to send it by.

    None when somebody has done so before.
    """
    row = _row(run(_MARK_SENT, [ask_after, charge_id]))
    if row is None:
        return None
    charge = _instance(Charge, row)
    charge.merchant_account = _instance(MerchantAccount, json.loads(row["account"]))
    return charge


def note_handle(charge_id: int, handle: str) -> bool:
    """Keep the gateway's id; False when the charge is no longer just sent."""
    return bool(run(_NOTE_HANDLE, [handle, charge_id]).rowcount)


def lock_charge(charge_id: int) -> LockedCharge:
    """Lock the invoices of the charge, then the charge, and read what it is to pay. Raises NotFound."""
    run(_LOCK_INVOICES_OF, [charge_id])
    row = _row(run(_LOCK_CHARGE, [charge_id]))
    if row is None:
        raise NotFound(what="Charge", id=charge_id)
    currency = row["currency"]
    shares = [Share(invoice_id, Money(minor, currency)) for invoice_id, minor in json.loads(row["lines"])]
    return LockedCharge(_instance(Charge, row), shares, row["clearing_account_id"], row["time_zone"])


def write_observation(
    charge_id: int,
    *,
    channel: Observation.Channels,
    seen: ChargeState,
    before: ChargeState,
    after: ChargeState,
    problem: str,
    payload: Mapping[str, Any],
) -> None:
    """Keep what was seen of the charge and what it made of it."""
    told = json.dumps(payload)
    run(_OBSERVE, [charge_id, channel.value, seen.value, before.value, after.value, problem, told])


def close_lines(charge_id: int) -> None:
    """The invoices of the charge may take another."""
    run(_CLOSE_LINES, [charge_id])


def read_end(charge_id: int) -> Charge:
    """What the charge has come to. Raises NotFound."""
    row = _row(run(_READ_END, [charge_id]))
    if row is None:
        raise NotFound(what="Charge", id=charge_id)
    return _instance(Charge, row)


def _row(cursor: CursorWrapper) -> dict[str, Any] | None:
    row = cursor.fetchone()
    return (
        None if row is None else dict(zip((column.name for column in cursor.description), row, strict=True))
    )


def _instance(model: type[Kind], row: Mapping[str, Any]) -> Kind:
    # In the order of the model's fields, as from_db takes them.
    fields = model._meta.concrete_fields  # noqa: SLF001 - the name under which Django documents it
    names = [field.attname for field in fields if field.attname in row]
    return model.from_db(DEFAULT_DB_ALIAS, names, [row[name] for name in names])
