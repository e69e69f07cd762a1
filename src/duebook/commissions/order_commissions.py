"""Reads of commissions for the page of one order and of one entry."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Exists, OuterRef

from duebook.commissions.accruing import counters_of
from duebook.commissions.explaining import (
    ExplainedLine,
    ExplainedPayout,
    Explanation,
    SoFar,
    explain,
    explained_lines,
    why_nothing_so_far,
)
from duebook.commissions.models import Accrual, CommissionEntry, PayoutBatch, PayoutLine
from duebook.domain.commission_base import SoldLine
from duebook.domain.commission_outlook import still_to_come
from duebook.domain.commission_release import Counters, WhyNothing
from duebook.domain.commission_rules import PartnerRole, PayoutType, Silence
from duebook.domain.order_lines import ItemKind
from duebook.events.rows import row_by_id
from duebook.invoices.models import Invoice
from duebook.orders.models import OrderItem


def explanation_of(entry_id: int) -> Explanation:
    """The entry with all that made it. Raises NotFound."""
    entry = row_by_id(
        CommissionEntry.objects.select_related(
            "partner", "basis", "accrual__program", "accrual__invoice__order", "accrual__invoice__contact"
        ),
        entry_id,
        "Commission entry",
    )
    return explain(entry, _payout_of(entry))


def _payout_of(entry: CommissionEntry) -> ExplainedPayout | None:
    line = PayoutLine.objects.filter(entry=entry, live=True).select_related("payout__batch").first()
    if line is None:
        return None
    batch = line.payout.batch
    return ExplainedPayout(batch.pk, str(batch), PayoutBatch.States(batch.state), batch.paid_on)


@dataclass(frozen=True, slots=True)
class OrderCommission:
    """An accrual as the order's page shows it; amounts in minor units.

    ``never_minor`` is what never comes, because something was applied with Apply to Commissions No.
    """

    accrual: Accrual
    lines: tuple[ExplainedLine, ...]
    to_come_minor: int
    never_minor: int
    why_nothing: SoFar | WhyNothing | Silence | None
    entries: tuple[CommissionEntry, ...]

    @property
    def is_of_the_order(self) -> bool:
        """Whether the partner is still to earn here, or was on the order before and has earned something."""
        return bool(
            self.accrual.basis.lines or self.accrual.silence in Silence.__members__.values() or self.entries
        )


@dataclass(frozen=True, slots=True)
class OrderCommissions:
    """What an order brings to its partners, and the roles that nobody has.

    Once ``is_paid_out`` its partners and rules stay as they are.
    """

    rows: tuple[OrderCommission, ...]
    vacant: tuple[PartnerRole, ...]
    has_terms: bool
    is_paid_out: bool

    @property
    def earned_minor(self) -> int:
        return sum(row.accrual.earned_minor for row in self.rows)


def commissions_of(invoice: Invoice, items: Sequence[OrderItem]) -> OrderCommissions:
    """The accruals of an invoice that was read with its order and void; two queries."""
    accruals = list(
        Accrual.objects.filter(invoice=invoice)
        .select_related("partner", "program", "basis")
        .order_by("role", "level", "id")
    )
    entries: dict[int, list[CommissionEntry]] = {}
    in_payout = Exists(PayoutLine.objects.filter(entry=OuterRef("pk"), live=True))
    stored = CommissionEntry.objects.filter(accrual__invoice=invoice).annotate(in_payout=in_payout)
    is_paid_out = False
    for entry in stored.order_by("id"):
        entries.setdefault(entry.accrual_id, []).append(entry)
        is_paid_out = is_paid_out or entry.in_payout
    counters = counters_of(invoice, dead=hasattr(invoice, "void"))
    sold = [_sold(item) for item in items]
    to_come = {a.pk: _still_to_come(a, counters, invoice.balance_due_minor) for a in accruals}
    rows = [
        OrderCommission(
            accrual=accrual,
            lines=explained_lines(sold, accrual.basis.lines),
            to_come_minor=to_come[accrual.pk],
            never_minor=accrual.total_minor - accrual.earned_minor - to_come[accrual.pk],
            why_nothing=why_nothing_so_far(accrual, counters),
            entries=tuple(entries.get(accrual.pk, ())),
        )
        for accrual in accruals
    ]
    order = invoice.order
    assigned = {PartnerRole.LEAD: order.lead_partner_id, PartnerRole.SALE: order.sale_partner_id}
    return OrderCommissions(
        rows=tuple(row for row in rows if row.is_of_the_order),
        vacant=tuple(role for role, partner_id in assigned.items() if partner_id is None),
        has_terms=bool(accruals),
        is_paid_out=is_paid_out,
    )


def _still_to_come(accrual: Accrual, counters: Counters, balance_due_minor: int) -> int:
    return still_to_come(
        total_minor=accrual.total_minor,
        earned_minor=accrual.earned_minor,
        payout_type=PayoutType(accrual.payout_type),
        counters=counters,
        balance_due_minor=balance_due_minor,
    )


def _sold(item: OrderItem) -> SoldLine:
    return SoldLine(
        position=item.position,
        kind=ItemKind(item.kind),
        product_id=item.product_id,
        description=item.description,
        quantity=item.quantity,
        line_minor=item.line_minor,
        apply_to_commissions=item.apply_to_commissions,
    )
