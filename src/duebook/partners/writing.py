"""Writing a partner or a program after the checks that adding and editing share."""

from typing import Any

from duebook.catalog.models import Product
from duebook.contacts.models import Contact
from duebook.domain.commission_checks import check_code, check_parent, check_rules
from duebook.domain.errors import CodeTaken, NameTaken, NotFound
from duebook.partners.details import PartnerDetails, ProgramDetails
from duebook.partners.models import Partner, Program, Rule
from duebook.staff.queries import business


def partner_fields(details: PartnerDetails, partner_id: int | None) -> dict[str, Any]:
    """The columns of a partner, once the details are checked.

    Raises NotFound, CodeMalformed, CodeTaken, ParentLoop.
    """
    check_code(details.code)
    if not Contact.objects.filter(pk=details.contact_id).exists():
        raise NotFound(field="contact", what="Contact", id=details.contact_id)
    taken = Partner.objects.filter(code__iexact=details.code).exclude(pk=partner_id or 0).first()
    if taken is not None:
        raise CodeTaken(taken=details.code, name=taken.name)
    if details.parent_id is not None:
        parent_of = dict(Partner.objects.values_list("pk", "parent_id"))
        if details.parent_id not in parent_of:
            raise NotFound(field="parent", what="Referral partner", id=details.parent_id)
        name = Partner.objects.values_list("name", flat=True).get(pk=details.parent_id)
        check_parent(partner_id, details.parent_id, parent_of, name)
    return {
        "contact_id": details.contact_id,
        "name": details.name.strip(),
        "code": details.code,
        "parent_id": details.parent_id,
        "status": Partner.Statuses.ACTIVE if details.active else Partner.Statuses.INACTIVE,
        "notify_on_lead": details.notify_on_lead,
        "notify_on_sale": details.notify_on_sale,
        "payout_method": details.payout_method,
        "payout_details": details.payout_details,
        "notes": details.notes,
        "global_override": details.global_override,
    }


def program_fields(details: ProgramDetails, program_id: int | None) -> dict[str, Any]:
    """The columns of a program, once the details and its rules are checked.

    Raises NameTaken, NotFound and what ``check_rules`` raises.
    """
    check_rules(details.rules, levels=details.levels, currency=business().currency)
    if Program.objects.filter(name__iexact=details.name.strip()).exclude(pk=program_id or 0).exists():
        raise NameTaken(what="program", name=details.name.strip())
    products = {rule.product_id for rule in details.rules if rule.product_id is not None}
    known = set(Product.objects.filter(pk__in=products).values_list("pk", flat=True))
    for missing in products - known:
        raise NotFound(field="rules", what="Product", id=missing)
    return {
        "name": details.name.strip(),
        "priority": details.priority,
        "payout_type": details.payout_type.value,
        "hold_days": details.hold_days,
        "levels": details.levels,
        "active": details.active,
        "notes": details.notes,
    }


def write_rules_and_members(program: Program, details: ProgramDetails) -> None:
    """Replace the program's rules and members; orders keep the terms they have."""
    Rule.objects.filter(program=program).delete()
    Rule.objects.bulk_create(
        Rule(
            program=program,
            product_id=rule.product_id,
            role=rule.role.value,
            level=rule.level,
            percent_bps=rule.rate.bps,
            fixed_minor=rule.rate.fixed_minor,
            currency=rule.rate.currency if rule.rate.fixed_minor else "",
        )
        for rule in details.rules
    )
    program.members.set(details.member_ids)


def program_payload(program: Program) -> dict[str, Any]:
    """The program with its rules as an event keeps them."""
    return {
        "program_id": program.pk,
        "name": program.name,
        "priority": program.priority,
        "payout_type": program.payout_type,
        "hold_days": program.hold_days,
        "levels": program.levels,
        "active": program.active,
        "rules": list(
            Rule.objects.filter(program=program)
            .order_by("id")
            .values("product_id", "role", "level", "percent_bps", "fixed_minor", "currency")
        ),
        "members": sorted(program.members.values_list("pk", flat=True)),
    }
