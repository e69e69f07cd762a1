"""A batch of imported orders: read in a few statements, decided one by one, written with one COPY a table.

Invariant: a batch writes the rows that ``place_order`` and ``record_payment`` would write for its orders, all
of them or none, and the number of its statements does not depend on its size.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from enum import Enum

from django.db import connection, transaction

from duebook.domain.errors import DomainError, OrderDiffers, PeriodClosed
from duebook.domain.money import Money
from duebook.domain.order_import import ImportedOrder, Paid
from duebook.domain.order_lines import ItemKind, LineInput, OrderLines, total_lines
from duebook.domain.order_row import Column
from duebook.domain.permissions import Actor
from duebook.domain.recording import OpenInvoice, PaymentDecision, PaymentInput, Share
from duebook.events.models import Event
from duebook.events.requests import input_hash
from duebook.imports.bulk_rows import BulkRows, NewOrder
from duebook.imports.contact_matching import ContactMatching
from duebook.imports.new_ids import IdsOfNothing, IdsOfSequences
from duebook.imports.order_reading import KeyedOrder
from duebook.imports.payment_labels import PaymentLabels
from duebook.imports.product_matching import ProductMatching
from duebook.imports.refusals import Refusal
from duebook.ledger.currencies import exponent
from duebook.orders.models import Order
from duebook.payments import write_path
from duebook.payments.services.record_payment import decide_recording, plan_recording
from duebook.payments.write_path import Plan, Situation
from duebook.sales.services.place_order import PlacedOrder, hash_of_order

_ORDER_IDS = ("orders_order_id_seq", "order_number_seq", "invoices_invoice_id_seq", "invoice_number_seq")
_PAYMENT_IDS = ("payments_payment_id_seq", "payment_number_seq")
# One import at a time, so that two files that name a new contact do not both add it.
_LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('duebook import ' || current_schema(), 0))"


class Writing(Enum):
    """Whether a batch is written or only tried."""

    WRITE = "write"
    DRY_RUN = "dry run"


@dataclass(frozen=True, slots=True)
class BatchTerms:
    """What all batches of an import share; ``on`` is the business's day."""

    actor: Actor
    on: date
    terms_days: int
    labels: PaymentLabels
    writing: Writing


@dataclass(slots=True)
class BatchOutcome:
    """What a batch did; amounts in minor units by currency."""

    created: int = 0
    already_there: int = 0
    payments: int = 0
    contacts: list[str] = field(default_factory=list)
    products: list[str] = field(default_factory=list)
    ordered_minor: dict[str, int] = field(default_factory=dict)
    paid_minor: dict[str, int] = field(default_factory=dict)
    refusals: list[Refusal] = field(default_factory=list)


@transaction.atomic
def import_batch(orders: Sequence[KeyedOrder], terms: BatchTerms) -> BatchOutcome:
    """Import the orders that are not there yet; each one that is refused leaves the others alone.

    Raises IntegrityError or DataError when the database refuses the batch; nothing of it is then written.
    """
    with connection.cursor() as cursor:
        cursor.execute(_LOCK)
    batch = _Batch(terms)
    batch.decide(orders)
    if terms.writing is Writing.WRITE:
        batch.write()
    return batch.outcome


class _Batch:
    """What a batch collects between reading and writing."""

    def __init__(self, terms: BatchTerms) -> None:
        self.outcome = BatchOutcome()
        self._terms = terms
        self._ids = IdsOfSequences() if terms.writing is Writing.WRITE else IdsOfNothing()
        self._rows = BulkRows(terms.actor)
        self._plan = Plan()

    def decide(self, orders: Sequence[KeyedOrder]) -> None:
        orders = self._without_known(orders)
        contacts = ContactMatching((one.order.customer for one in orders), self._ids)
        products = ProductMatching((line.item for one in orders for line in one.order.lines), self._ids)
        contact_ids: dict[str, int] = {}
        for one in orders:
            try:
                contact_ids[one.key] = contacts.find(one.order.customer)
            except DomainError as error:
                self._refuse(one.order, error)
        matched = [one for one in orders if one.key in contact_ids]
        situation = self._read_situation(matched, frozenset(contact_ids.values()))
        payment_ids = iter(self._ids.take(_PAYMENT_IDS, sum(1 for one in matched if one.order.paid)))
        used_contacts: set[int] = set()
        used_products: set[int | None] = set()
        for one, ids in zip(matched, self._ids.take(_ORDER_IDS, len(matched)), strict=True):
            contact_id = contact_ids[one.key]
            try:
                new = self._decide_order(one, contact_id, products, ids, situation)
                payment = self._decide_payment(one, new, situation)
            except DomainError as error:
                self._refuse(one.order, error)
                continue
            self._rows.add_order(new)
            self._count_order(one.order)
            used_contacts.add(contact_id)
            used_products.update(line.input.product_id for line in new.lines.lines)
            if payment is not None:
                self._add_payment(one, payment, next(payment_ids))
        self._add_new(contacts, products, used_contacts, used_products)

    def write(self) -> None:
        self._rows.write()
        if self._plan.payments:
            write_path.book(self._plan)

    def _refuse(self, order: ImportedOrder, error: DomainError) -> None:
        self.outcome.refusals.append(Refusal(order.line, error, order.rows))

    def _without_known(self, orders: Sequence[KeyedOrder]) -> list[KeyedOrder]:
        """The orders that are not there yet. One that is there and says something else is refused."""
        known = {
            key: (order_id, ordered_on, currency)
            for key, order_id, ordered_on, currency in Order.objects.filter(
                source=self._terms.actor.source.value, source_key__in=[one.key for one in orders]
            ).values_list("source_key", "id", "ordered_on", "currency")
        }
        if not known:
            return list(orders)
        ids = [order_id for order_id, _, _ in known.values()]
        placed = Event.objects.filter(name="order.placed", order_id__in=ids)
        totals = dict(placed.values_list("order_id", "payload__total_minor"))
        for one in orders:
            if one.key not in known:
                continue
            order_id, ordered_on, currency = known[one.key]
            before = Money(totals[order_id], currency)
            now = Money(one.order.total_minor, one.order.currency)
            if (ordered_on, before) == (one.order.ordered_on, now):
                self.outcome.already_there += 1
            else:
                self._refuse(one.order, OrderDiffers(before=before, date=ordered_on, now=now))
        return [one for one in orders if one.key not in known]

    def _read_situation(self, orders: Sequence[KeyedOrder], contact_ids: frozenset[int]) -> Situation:
        type_ids = {each.id for each in self._terms.labels.by_label.values()}
        situation = write_path.read_situation(
            invoice_ids=[],
            type_ids=sorted(type_ids) if any(one.order.paid for one in orders) else [],
            contact_ids=[],
            actor_id=self._terms.actor.user_id,
            request_keys=[],
            new_payments=0,
        )
        return replace(situation, contact_ids=contact_ids)

    def _decide_order(
        self,
        one: KeyedOrder,
        contact_id: int,
        products: ProductMatching,
        ids: tuple[int, ...],
        situation: Situation,
    ) -> NewOrder:
        order = one.order
        if situation.closed_until is not None and order.ordered_on <= situation.closed_until:
            raise PeriodClosed(field=Column.ORDER_DATE, closed_until=situation.closed_until)
        inputs = tuple(
            LineInput(
                kind=ItemKind.PRODUCT,
                description=line.item or order.title,
                quantity=line.quantity,
                unit_price=line.unit_price,
                product_id=products.find(line.item, line.unit_price, order.currency),
                line_minor=line.line_minor,
            )
            for line in order.lines
        )
        lines: OrderLines = total_lines(inputs, order.currency, exponent(order.currency))
        due_on = order.due_on or order.ordered_on + timedelta(days=self._terms.terms_days)
        order_id, number, invoice_id, invoice_number = ids
        total = Money(lines.total_minor, order.currency)
        return NewOrder(
            placed=PlacedOrder(order_id, number, invoice_id, invoice_number, total),
            contact_id=contact_id,
            title=order.title,
            ordered_on=order.ordered_on,
            due_on=due_on,
            lines=lines,
            source_key=one.key,
            request_key=request_key_of_order(one.key),
            hashed=hash_of_order(
                contact_id, order.title, order.ordered_on, order.currency, inputs, order.due_on, (None, None)
            ),
        )

    def _decide_payment(self, one: KeyedOrder, new: NewOrder, situation: Situation) -> PaymentDecision | None:
        if one.order.paid is None:
            return None
        placed = new.placed
        situation.invoices[placed.invoice_id] = OpenInvoice(
            id=placed.invoice_id,
            number=placed.invoice_number,
            contact_id=new.contact_id,
            order_id=placed.order_id,
            currency=placed.total.currency,
            total_minor=placed.total.minor,
            applied_minor=0,
            issued_on=new.ordered_on,
            is_void=False,
        )
        try:
            wanted = payment_of(one.order.paid, new, self._terms.labels)
            return decide_recording(wanted, self._terms.actor, self._terms.on, situation)
        except DomainError as error:
            error.field = Column.PAID_ON if error.field == "received_on" else error.field
            raise

    def _add_payment(self, one: KeyedOrder, decision: PaymentDecision, ids: tuple[int, ...]) -> None:
        payment_id, number = ids
        wanted = decision.input
        plan_recording(
            self._plan,
            decision,
            payment_id,
            number,
            self._terms.actor,
            request_key_of_payment(one.key),
            input_hash(wanted),
        )
        self.outcome.payments += 1
        _add_up(self.outcome.paid_minor, wanted.amount)

    def _count_order(self, order: ImportedOrder) -> None:
        self.outcome.created += 1
        _add_up(self.outcome.ordered_minor, Money(order.total_minor, order.currency))

    def _add_new(
        self,
        contacts: ContactMatching,
        products: ProductMatching,
        used_contacts: set[int],
        used_products: set[int | None],
    ) -> None:
        """Add the new contacts and products that an accepted order has."""
        for contact in contacts.new.values():
            if contact.id in used_contacts:
                self._rows.add_contact(contact)
                self.outcome.contacts.append(contact.external_id or contact.email or contact.name)
        for product in products.new.values():
            if product.id in used_products:
                self._rows.add_product(product)
                self.outcome.products.append(product.name)


def request_key_of_order(key: str) -> str:
    """The request key of an imported order's event."""
    return f"order:{key}"


def request_key_of_payment(key: str) -> str:
    """The request key of the payment that came with an imported order."""
    return f"payment:{key}"


def payment_of(paid: Paid, new: NewOrder, labels: PaymentLabels) -> PaymentInput:
    """The payment that a row's ``paid`` means: all of it applied to the order's invoice."""
    amount = Money(paid.minor, new.placed.total.currency)
    labelled = labels.find(paid.label)
    return PaymentInput(
        contact_id=new.contact_id,
        amount=amount,
        payment_type_id=labelled.id,
        received_on=paid.paid_on,
        shares=(Share(new.placed.invoice_id, amount),),
        apply_to_commissions=labelled.apply_to_commissions,
    )


def _add_up(sums: dict[str, int], amount: Money) -> None:
    sums[amount.currency] = sums.get(amount.currency, 0) + amount.minor
