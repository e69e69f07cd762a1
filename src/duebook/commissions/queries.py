"""Reads of commissions: what the terms of orders consist of, and the accruals of invoices."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from django.db.models import QuerySet

from duebook.commissions.models import Accrual, FrozenTerms, OrderOverride
from duebook.domain.commission_base import SoldLine
from duebook.domain.commission_rules import (
    MAX_LEVELS,
    Override,
    PartnerRole,
    PartnerTerms,
    PayoutType,
    ProgramTerms,
    Rate,
    RuleTerms,
)
from duebook.domain.commission_steps import AccrualState
from duebook.domain.commission_terms import OrderTerms
from duebook.domain.order_lines import ItemKind
from duebook.orders.models import OrderItem
from duebook.partners.models import Partner, PartnerOverride, Program, RateFields, Rule


def frozen_terms(order_id: int) -> OrderTerms | None:
    """The terms that were frozen when the order got its partners."""
    frozen = FrozenTerms.objects.filter(order_id=order_id).values_list("terms", flat=True).first()
    return OrderTerms.from_json(frozen) if frozen is not None else None


_LINE_FIELDS = ("position", "product_id", "description", "quantity", "line_minor", "apply_to_commissions")


def sold_lines(order_id: int) -> list[SoldLine]:
    """The order's items as commissions see them."""
    return sold_lines_of_orders([order_id]).get(order_id, [])


def sold_lines_of_orders(order_ids: Iterable[int]) -> dict[int, list[SoldLine]]:
    """The items of each order as commissions see them, by the order's id; one query."""
    lines: dict[int, list[SoldLine]] = {}
    rows = OrderItem.objects.filter(order__in=list(order_ids)).order_by("order_id", "position")
    for order_id, kind, *rest in rows.values_list("order_id", "kind", *_LINE_FIELDS):
        position, product_id, description, quantity, line_minor, applies = rest
        lines.setdefault(order_id, []).append(
            SoldLine(position, ItemKind(kind), product_id, description, quantity, line_minor, applies)
        )
    return lines


ACCRUAL_FIELDS = (
    "invoice_id",
    "id",
    "partner_id",
    "partner__name",
    "role",
    "level",
    "payout_type",
    "hold_days",
    "total_minor",
    "earned_minor",
    "counted_minor",
)


def accruals_of(invoice_ids: Iterable[int]) -> dict[int, tuple[AccrualState, ...]]:
    """The accruals of each invoice, in the order in which they came to be."""
    rows = Accrual.objects.filter(invoice__in=set(invoice_ids)).order_by("id").values_list(*ACCRUAL_FIELDS)
    return group_accruals(rows)


def group_accruals(rows: Iterable[Sequence[Any]]) -> dict[int, tuple[AccrualState, ...]]:
    """Accruals by invoice, from rows in the order of ACCRUAL_FIELDS."""
    grouped: dict[int, tuple[AccrualState, ...]] = {}
    for invoice_id, pk, partner_id, name, role, level, payout_type, *figures in rows:
        state = AccrualState(
            pk, partner_id, name, PartnerRole(role), level, PayoutType(payout_type), *figures
        )
        grouped[invoice_id] = (*grouped.get(invoice_id, ()), state)
    return grouped


def with_upline(
    first: set[int], read: Callable[[set[int]], Iterable[PartnerTerms]]
) -> dict[int, PartnerTerms]:
    """The partners with their parents and grandparents, level by level; ``read`` gives those of a level."""
    found: dict[int, PartnerTerms] = {}
    wanted = first
    for _ in range(MAX_LEVELS):
        wanted = wanted - set(found)
        if not wanted:
            break
        found.update((partner.id, partner) for partner in read(wanted))
        wanted = {p.parent_id for p in found.values() if p.parent_id is not None}
    return found


def read_partners(ids: set[int]) -> Iterable[PartnerTerms]:
    """The partners of these ids, by id."""
    return (partner_terms(row) for row in Partner.objects.filter(pk__in=ids).order_by("id"))


def partner_terms(row: Partner) -> PartnerTerms:
    """A partner as the rules of ``domain`` see it."""
    return PartnerTerms(row.pk, row.name, row.status == Partner.Statuses.ACTIVE, row.parent_id)


def programs_of(partner_ids: set[int]) -> Iterable[ProgramTerms]:
    """The active programs that any of the partners is in, as they are asked, with those members alone."""
    programs = (
        Program.objects.filter(active=True, members__in=partner_ids)
        .distinct()
        .order_by("priority", "id")
        .prefetch_related("rules")
    )
    membership = Program.members.through.objects.filter(partner_id__in=partner_ids)
    members: dict[int, set[int]] = {}
    for program_id, partner_id in membership.values_list("program_id", "partner_id"):
        members.setdefault(program_id, set()).add(partner_id)
    for program in programs:
        yield program_terms(program, frozenset(members.get(program.pk, ())), program.rules.all())


def program_terms(program: Program, members: frozenset[int], rules: Iterable[Rule]) -> ProgramTerms:
    """A program as the rules of ``domain`` see it."""
    return ProgramTerms(
        id=program.pk,
        name=program.name,
        priority=program.priority,
        payout_type=PayoutType(program.payout_type),
        hold_days=program.hold_days,
        levels=program.levels,
        members=members,
        rules=tuple(
            RuleTerms(rule.pk, PartnerRole(rule.role), rule.level, rate_of(rule), rule.product_id)
            for rule in sorted(rules, key=lambda rule: rule.pk)
        ),
    )


def rate_of(row: RateFields) -> Rate:
    return Rate(row.percent_bps, row.fixed_minor, row.currency)


def partner_overrides(rows: QuerySet[PartnerOverride]) -> Iterable[Override]:
    """The rates agreed for partners, as the rules of ``domain`` see them."""
    for own in rows.order_by("id"):
        yield Override(
            id=own.pk,
            partner_id=own.partner_id,
            role=PartnerRole(own.role),
            rate=rate_of(own),
            payout_type=PayoutType(own.payout_type),
            hold_days=own.hold_days,
            product_id=own.product_id,
            level=own.level,
        )


def order_overrides(order_ids: Iterable[int]) -> dict[int, list[Override]]:
    """The rates agreed on each order, by the order's id."""
    overrides: dict[int, list[Override]] = {}
    for once in OrderOverride.objects.filter(order__in=list(order_ids)).order_by("id"):
        overrides.setdefault(once.order_id, []).append(
            Override(
                id=once.pk,
                partner_id=once.partner_id,
                role=PartnerRole(once.role),
                rate=rate_of(once),
                payout_type=PayoutType(once.payout_type),
                hold_days=once.hold_days,
                order_id=once.order_id,
                product_id=once.product_id,
            )
        )
    return overrides
