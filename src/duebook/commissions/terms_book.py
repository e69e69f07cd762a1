"""The rules of today, read at once for one order or many: the terms of each without a further query."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from duebook.commissions.queries import (
    order_overrides,
    partner_overrides,
    partner_terms,
    program_terms,
    programs_of,
    read_partners,
    with_upline,
)
from duebook.domain.commission_rules import Override, PartnerRole, PartnerTerms, ProgramTerms
from duebook.domain.commission_terms import OrderTerms
from duebook.orders.models import Order
from duebook.partners.models import Partner, PartnerOverride, Program


@dataclass(frozen=True, slots=True)
class TermsBook:
    """The rules of today, all of them or those that some orders need."""

    partners: Mapping[int, PartnerTerms]
    programs: tuple[ProgramTerms, ...]
    overrides: tuple[Override, ...]
    everywhere: tuple[int, ...]

    @property
    def is_empty(self) -> bool:
        """Whether no order can bring anybody anything."""
        return not self.partners

    def terms(self, *, order_id: int, currency: str, assigned: Mapping[PartnerRole, int]) -> OrderTerms:
        """The terms of a new order, which has no override of its own yet."""
        on_order = frozenset(assigned.values())
        concerned = with_upline(
            {*on_order, *self.everywhere}, lambda ids: (self.partners[pk] for pk in sorted(ids))
        )
        return OrderTerms(
            order_id=order_id,
            currency=currency,
            assigned=assigned,
            partners=tuple(concerned.values()),
            programs=tuple(
                replace(program, members=program.members & on_order)
                for program in self.programs
                if program.members & on_order
            ),
            overrides=tuple(one for one in self.overrides if one.partner_id in concerned),
            everywhere=self.everywhere,
        )


def read_terms_book() -> TermsBook:
    """The rules as they stand; one query where there is no partner, else five."""
    rows = list(Partner.objects.order_by("id"))
    if not rows:
        return TermsBook({}, (), (), ())
    members: dict[int, set[int]] = {}
    for program_id, partner_id in Program.members.through.objects.values_list("program_id", "partner_id"):
        members.setdefault(program_id, set()).add(partner_id)
    programs = Program.objects.filter(active=True).order_by("priority", "id").prefetch_related("rules")
    return TermsBook(
        partners={row.pk: partner_terms(row) for row in rows},
        programs=tuple(
            program_terms(program, frozenset(members.get(program.pk, ())), program.rules.all())
            for program in programs
        ),
        overrides=tuple(partner_overrides(PartnerOverride.objects.all())),
        everywhere=tuple(
            row.pk for row in rows if row.global_override and row.status == Partner.Statuses.ACTIVE
        ),
    )


def terms_now(order: Order) -> OrderTerms:
    """Every rule that could apply to the order today."""
    return terms_of_orders_now([order])[order.pk]


def terms_of_orders_now(orders: Iterable[Order]) -> dict[int, OrderTerms]:
    """Every rule that could apply to each order today, by its id; as many queries as for one order."""
    assigned = {order.pk: (order.currency, _assigned(order)) for order in orders}
    book = _book_for({pk for _, roles in assigned.values() for pk in roles.values()})
    own = {} if book.is_empty else order_overrides(assigned)
    found = {}
    for order_id, (currency, roles) in assigned.items():
        terms = book.terms(order_id=order_id, currency=currency, assigned=roles)
        overrides = (*terms.overrides, *own.get(order_id, ()))
        found[order_id] = replace(terms, overrides=overrides if terms.partners else ())
    return found


def _assigned(order: Order) -> dict[PartnerRole, int]:
    return {
        role: partner_id
        for role, partner_id in (
            (PartnerRole.LEAD, order.lead_partner_id),
            (PartnerRole.SALE, order.sale_partner_id),
        )
        if partner_id is not None
    }


def _book_for(on_orders: set[int]) -> TermsBook:
    """The rules that orders with these partners need."""
    everywhere = tuple(
        Partner.objects.filter(global_override=True, status=Partner.Statuses.ACTIVE)
        .order_by("id")
        .values_list("pk", flat=True)
    )
    partners = with_upline({*on_orders, *everywhere}, read_partners)
    agreed = PartnerOverride.objects.filter(partner__in=list(partners))
    return TermsBook(
        partners=partners,
        programs=tuple(programs_of(on_orders)) if on_orders else (),
        overrides=tuple(partner_overrides(agreed)) if partners else (),
        everywhere=everywhere,
    )
