"""The rows of many new orders, written with one COPY for each table: the same that ``place_order`` writes.

Columns that are not named take the defaults of the database, as they do there.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.db import connection

from duebook.domain.accounts import TransferKind
from duebook.domain.commission_rules import PartnerRole
from duebook.domain.order_lines import OrderLines, invoice_postings
from duebook.domain.permissions import Actor
from duebook.imports.known_rows import KnownContact
from duebook.imports.product_matching import NewProduct
from duebook.sales.services.place_order import PlacedOrder, placed_payload

_CONTACT = (
    "COPY contacts_contact (id, given_name, family_name, company, email, phone, line1, line2, city, region,"
    " postal_code, country, tags, notes, external_id) FROM STDIN"
)
_PRODUCT = (
    "COPY catalog_product (id, name, sku, price_minor, currency, taxable, active, description) FROM STDIN"
)
_ORDER = (
    "COPY orders_order (id, number, contact_id, title, ordered_on, currency, source, source_key,"
    " lead_partner_id, sale_partner_id) FROM STDIN"
)
_ITEM = (
    "COPY orders_orderitem (order_id, position, kind, product_id, description, quantity, unit_price,"
    " line_minor, apply_to_commissions) FROM STDIN"
)
_INVOICE = (
    "COPY invoices_invoice (id, number, order_id, contact_id, currency, issued_on, due_on, total_minor,"
    " finance_minor, applied_minor, counted_minor, uncounted_minor, money_minor, money_back_minor) FROM STDIN"
)
_TRANSFER = (
    "COPY ledger_transfer (kind, debit_account_id, credit_account_id, amount_minor, currency, effective_on,"
    " contact_id, invoice_id) FROM STDIN"
)
_EVENT = (
    "COPY events_event (name, actor_id, source, request_key, input_hash, contact_id, order_id, payload)"
    " FROM STDIN"
)
# Rows are written after those that they refer to.
_IN_ORDER = (_CONTACT, _PRODUCT, _ORDER, _ITEM, _INVOICE, _TRANSFER, _EVENT)
_NOTHING_APPLIED = (0, 0, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class NewOrder:
    """One decided order with the ids and numbers that its rows will have."""

    placed: PlacedOrder
    contact_id: int
    title: str
    ordered_on: date
    due_on: date
    lines: OrderLines
    source_key: str
    request_key: str
    hashed: str
    partners: Mapping[PartnerRole, int] = field(default_factory=dict)


class BulkRows:
    """Rows to be written together."""

    def __init__(self, actor: Actor) -> None:
        self._actor_id = actor.user_id
        self._source = actor.source.value
        self._rows: dict[str, list[Sequence[Any]]] = {statement: [] for statement in _IN_ORDER}

    def add_contact(self, contact: KnownContact) -> None:
        """A contact and its event."""
        given, family, company = contact.parts or ("", "", contact.name)
        not_known = ("",) * 7
        names = (given, family, company, contact.email)
        self._rows[_CONTACT].append((contact.id, *names, *not_known, "{}", "", contact.external_id or None))
        payload: dict[str, str | int] = {"contact_id": contact.id, "number": contact.name}
        self._add_event("contact.added", payload, contact_id=contact.id)

    def add_product(self, product: NewProduct) -> None:
        """A product and its event."""
        self._rows[_PRODUCT].append(
            (product.id, product.name, None, product.price_minor, product.currency, True, True, "")
        )
        payload: dict[str, str | int] = {
            "product_id": product.id,
            "number": product.name,
            "price_minor": product.price_minor,
            "currency": product.currency,
        }
        self._add_event("product.added", payload)

    def add_order(self, order: NewOrder) -> None:
        """An order with its items, its invoice, their transfers and its event."""
        placed = order.placed
        day = order.ordered_on
        currency = placed.total.currency
        contact_id = order.contact_id
        source_key = order.source_key
        partners = (order.partners.get(PartnerRole.LEAD), order.partners.get(PartnerRole.SALE))
        row = (placed.order_id, placed.number, contact_id, order.title, day, currency, self._source)
        self._rows[_ORDER].append((*row, source_key, *partners))
        self._add_items(placed.order_id, order.lines)
        invoice_id = placed.invoice_id
        ids = (invoice_id, placed.invoice_number, placed.order_id, contact_id)
        totals = (order.lines.total_minor, order.lines.finance_minor, *_NOTHING_APPLIED)
        self._rows[_INVOICE].append((*ids, currency, day, order.due_on, *totals))
        kind = TransferKind.INVOICE_ISSUED.value
        self._rows[_TRANSFER].extend(
            (kind, posted.debit, posted.credit, posted.minor, currency, day, contact_id, invoice_id)
            for posted in invoice_postings(order.lines.by_kind())
        )
        self._add_event(
            "order.placed",
            placed_payload(placed),
            contact_id=contact_id,
            order_id=placed.order_id,
            request=(order.request_key, order.hashed),
        )

    def _add_items(self, order_id: int, lines: OrderLines) -> None:
        rows = self._rows[_ITEM]
        for line in lines.lines:
            item = line.input
            rows.append(
                (
                    order_id,
                    line.position,
                    item.kind.value,
                    item.product_id,
                    item.description,
                    item.quantity,
                    item.unit_price,
                    line.line_minor,
                    item.apply_to_commissions,
                )
            )

    def _add_event(
        self,
        name: str,
        payload: Mapping[str, str | int],
        *,
        contact_id: int | None = None,
        order_id: int | None = None,
        request: tuple[str, str] | tuple[None, None] = (None, None),
    ) -> None:
        self._rows[_EVENT].append(
            (name, self._actor_id, self._source, *request, contact_id, order_id, json.dumps(payload))
        )

    def write(self) -> None:
        """Write everything in the caller's transaction.

        Raises IntegrityError or DataError when the database refuses a row.
        """
        copy_rows(self._rows)


def copy_rows(rows_of: Mapping[str, Sequence[Sequence[Any]]]) -> None:
    """One COPY for each statement that has rows, in the order given.

    Raises IntegrityError or DataError when the database refuses a row.
    """
    with connection.cursor() as cursor:
        for statement, rows in rows_of.items():
            if not rows:
                continue
            # Django does not turn the driver's errors of a COPY into its own by itself.
            with connection.wrap_database_errors, cursor.copy(statement) as copy:
                for row in rows:
                    copy.write_row(row)
