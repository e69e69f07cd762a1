"""Every partner, program and override at once, for placing many orders: the terms of each without a query."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from duebook.commissions.queries import partner_overrides, partner_terms, program_terms, with_upline
from duebook.domain.commission_rules import Override, PartnerRole, PartnerTerms, ProgramTerms
from duebook.domain.commission_terms import OrderTerms
from duebook.partners.models import Partner, PartnerOverride, Program


@dataclass(frozen=True, slots=True)
class TermsBook:
    """The rules of today; it gives a new order the terms that ``terms_now`` reads for it."""

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
