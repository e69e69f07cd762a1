"""A batch of imported orders: read in a few statements, decided one by one, written with one COPY a table.

Invariant: a batch writes the rows that ``place_order`` and ``record_payment`` would write for its orders, all
of them or none, and the number of its statements does not depend on its size. Deciding asks the database
nothing, so it can run beside the writing of the batch before.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from enum import Enum
from itertools import count

from duebook.commissions.terms_book import TermsBook, read_terms_book
from duebook.domain.commission_rules import PartnerRole
from duebook.domain.errors import DomainError, OrderDiffers, PeriodClosed
from duebook.domain.money import Money
from duebook.domain.order_import import ImportedOrder, Paid
from duebook.domain.order_lines import ItemKind, LineInput, total_lines
from duebook.domain.order_row import Column
from duebook.domain.permissions import Actor
from duebook.domain.recording import OpenInvoice, PaymentDecision, PaymentInput, Share
from duebook.events.requests import input_hash
from duebook.imports.bulk_rows import BulkRows, NewOrder
from duebook.imports.contact_matching import ContactMatching
from duebook.imports.known_rows import KnownContact, KnownOrder, known_orders
from duebook.imports.new_ids import IdsOfNothing, IdsOfSequences
from duebook.imports.order_commissions import CommissionRows, OrderCommissions, decide_commissions
from duebook.imports.order_reading import KeyedOrder
from duebook.imports.partner_matching import PartnerMatching, match_partners
from duebook.imports.payment_labels import PaymentLabels
from duebook.imports.product_matching import NewProduct, ProductMatching
from duebook.imports.refusals import Refusal
from duebook.ledger.currencies import exponent
from duebook.payments import write_path
from duebook.payments.recording_plan import plan_recording
from duebook.payments.services.record_payment import decide_recording
from duebook.payments.write_path import Plan, Situation
from duebook.sales.services.place_order import PlacedOrder, hash_of_order

_ORDER_IDS = ("orders_order_id_seq", "order_number_seq", "invoices_invoice_id_seq", "invoice_number_seq")
_PAYMENT_IDS = ("payments_payment_id_seq", "payment_number_seq")


class Writing(Enum):
    """Whether an import is written or only tried."""

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
    contacts: list[KnownContact] = field(default_factory=list)
    products: list[NewProduct] = field(default_factory=list)
    ordered_minor: dict[str, int] = field(default_factory=dict)
    paid_minor: dict[str, int] = field(default_factory=dict)
    refusals: list[Refusal] = field(default_factory=list)


@dataclass(slots=True)
class _Read:
    """What deciding goes by: the orders that are not there yet, and everything that they name."""

    orders: list[KeyedOrder]
    contacts: ContactMatching
    products: ProductMatching
    terms: TermsBook
    partners: PartnerMatching
    situation: Situation
    order_ids: list[tuple[int, ...]]
    payment_ids: list[tuple[int, ...]]


class OrderBatch:
    """One batch: first ``read``, then ``decide``, then ``write``."""

    def __init__(self, orders: Sequence[KeyedOrder], terms: BatchTerms) -> None:
        self.orders = orders
        self.outcome = BatchOutcome()
        self._terms = terms
        self._ids = IdsOfSequences() if terms.writing is Writing.WRITE else IdsOfNothing()
        self._rows = BulkRows(terms.actor)
        self._commissions = CommissionRows()
        self._accrual_ids = count(-1, -1)
        self._plan = Plan()
        self._read: _Read | None = None

    @property
    def _known(self) -> _Read:
        if self._read is None:
            raise RuntimeError("a batch is read before it is decided")
        return self._read

    def read(self, *, after: BatchOutcome | None = None) -> None:
        """Ask the database for what deciding needs, taking what ``after`` is about to add for written."""
        orders = self._without_known()
        paid = sum(1 for one in orders if one.order.paid)
        earlier = after or BatchOutcome()
        contacts = ContactMatching((one.order.customer for one in orders), self._ids, also=earlier.contacts)
        terms = read_terms_book()
        self._read = _Read(
            orders=orders,
            contacts=contacts,
            terms=terms,
            partners=PartnerMatching({}, {})
            if terms.is_empty
            else match_partners(contact_ids=contacts.known_ids),
            products=ProductMatching(
                (line.item for one in orders for line in one.order.lines), self._ids, also=earlier.products
            ),
            situation=write_path.read_situation(
                invoice_ids=[],
                type_ids=sorted({each.id for each in self._terms.labels.by_label.values()}) if paid else [],
                contact_ids=[],
                actor_id=self._terms.actor.user_id,
                request_keys=[],
                new_payments=0,
            ),
            order_ids=self._ids.take(_ORDER_IDS, len(orders)),
            payment_ids=self._ids.take(_PAYMENT_IDS, paid),
        )

    def decide(self) -> None:
        """Decide every order that was read; one that is refused leaves the others alone."""
        read = self._known
        matched = self._match_contacts(read)
        situation = replace(read.situation, contact_ids=frozenset(contact_id for _, contact_id in matched))
        order_ids = iter(read.order_ids)
        payment_ids = iter(read.payment_ids)
        used_contacts: set[int] = set()
        used_products: set[int | None] = set()
        for one, contact_id in matched:
            try:
                new = self._decide_order(one, contact_id, next(order_ids), situation)
                commissions = self._decide_commissions(new)
                payment = self._decide_payment(one, new, commissions, situation)
            except DomainError as error:
                self._refuse(one.order, error)
                continue
            self._rows.add_order(new)
            if commissions is not None:
                self._commissions.add(new, commissions)
            self.outcome.created += 1
            _add_up(self.outcome.ordered_minor, new.placed.total)
            used_contacts.add(contact_id)
            used_products.update(line.input.product_id for line in new.lines.lines)
            if payment is not None:
                self._add_payment(one, payment, next(payment_ids))
        self._add_new(read, used_contacts, used_products)

    def write(self) -> None:
        """Write what was decided in the caller's transaction, unless this is a dry run.

        Raises IntegrityError or DataError when the database refuses the batch.
        """
        if self._terms.writing is Writing.WRITE:
            self._rows.write()
            self._plan.name_accruals(self._commissions.write(self._ids))
            if self._plan.payments:
                write_path.book(self._plan)

    def _refuse(self, order: ImportedOrder, error: DomainError) -> None:
        self.outcome.refusals.append(Refusal(order.line, error, order.rows))

    def _without_known(self) -> list[KeyedOrder]:
        """The orders that are not there yet. One that is there and says something else is refused."""
        known = known_orders(self._terms.actor.source.value, [one.key for one in self.orders])
        if not known:
            return list(self.orders)
        for one in self.orders:
            if (before := known.get(one.key)) is None:
                continue
            order = one.order
            if before == KnownOrder(order.ordered_on, order.currency, order.total_minor):
                self.outcome.already_there += 1
                continue
            was = Money(before.total_minor, before.currency)
            now = Money(order.total_minor, order.currency)
            self._refuse(order, OrderDiffers(before=was, date=before.ordered_on, now=now))
        return [one for one in self.orders if one.key not in known]

    def _match_contacts(self, read: _Read) -> list[tuple[KeyedOrder, int]]:
        matched = []
        for one in read.orders:
            try:
                matched.append((one, read.contacts.find(one.order.customer)))
            except DomainError as error:
                self._refuse(one.order, error)
        return matched

    def _decide_order(
        self, one: KeyedOrder, contact_id: int, ids: tuple[int, ...], situation: Situation
    ) -> NewOrder:
        order = one.order
        if situation.closed_until is not None and order.ordered_on <= situation.closed_until:
            raise PeriodClosed(field=Column.ORDER_DATE, closed_until=situation.closed_until)
        inputs = self._inputs(order)
        lines = total_lines(inputs, order.currency, exponent(order.currency))
        order_id, number, invoice_id, invoice_number = ids
        total = Money(lines.total_minor, order.currency)
        partners = self._known.partners.find(order, contact_id)
        return NewOrder(
            placed=PlacedOrder(order_id, number, invoice_id, invoice_number, total),
            contact_id=contact_id,
            title=order.title,
            ordered_on=order.ordered_on,
            due_on=order.due_on or order.ordered_on + timedelta(days=self._terms.terms_days),
            lines=lines,
            source_key=one.key,
            request_key=request_key_of_order(one.key),
            hashed=hash_of_order(
                contact_id,
                order.title,
                order.ordered_on,
                order.currency,
                inputs,
                order.due_on,
                (partners.get(PartnerRole.LEAD), partners.get(PartnerRole.SALE)),
            ),
            partners=partners,
        )

    def _decide_commissions(self, new: NewOrder) -> OrderCommissions | None:
        book, placed = self._known.terms, new.placed
        if book.is_empty:
            return None
        terms = book.terms(order_id=placed.order_id, currency=placed.total.currency, assigned=new.partners)
        return decide_commissions(new, terms, self._accrual_ids)

    def _inputs(self, order: ImportedOrder) -> tuple[LineInput, ...]:
        find = self._known.products.find
        return tuple(
            LineInput(
                kind=ItemKind.PRODUCT,
                description=line.item or order.title,
                quantity=line.quantity,
                unit_price=line.unit_price,
                product_id=find(line.item, line.unit_price, order.currency),
                line_minor=line.line_minor,
            )
            for line in order.lines
        )

    def _decide_payment(
        self, one: KeyedOrder, new: NewOrder, commissions: OrderCommissions | None, situation: Situation
    ) -> PaymentDecision | None:
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
            finance_minor=new.lines.finance_minor,
            accruals=commissions.accruals if commissions else (),
        )
        try:
            wanted = payment_of(one.order.paid, new, self._terms.labels)
            return decide_recording(wanted, self._terms.actor, self._terms.on, situation)
        except DomainError as error:
            error.field = Column.PAID_ON if error.field == "received_on" else error.field
            raise

    def _add_payment(self, one: KeyedOrder, decision: PaymentDecision, ids: tuple[int, ...]) -> None:
        payment_id, number = ids
        key = request_key_of_payment(one.key)
        hashed = input_hash(decision.input)
        plan_recording(self._plan, decision, payment_id, number, self._terms.actor, key, hashed)
        self.outcome.payments += 1
        _add_up(self.outcome.paid_minor, decision.input.amount)

    def _add_new(self, read: _Read, used_contacts: set[int], used_products: set[int | None]) -> None:
        """Add the new contacts and products that an accepted order has."""
        for contact in read.contacts.new.values():
            if contact.id in used_contacts:
                self._rows.add_contact(contact)
                self.outcome.contacts.append(contact)
        for product in read.products.new.values():
            if product.id in used_products:
                self._rows.add_product(product)
                self.outcome.products.append(product)


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
