"""Adding and changing partners, programs and overrides; what is refused writes nothing."""

from dataclasses import replace
from typing import Any

import pytest

from duebook.domain import errors
from duebook.domain.commission_checks import RuleInput
from duebook.domain.commission_rules import PartnerRole, PayoutType, Rate
from duebook.domain.permissions import Role
from duebook.events.models import Event
from duebook.partners.details import PartnerDetails, ProgramDetails
from duebook.partners.models import Partner, PartnerOverride, Program, Rule
from duebook.partners.queries import referrers_of
from duebook.partners.services.add_partner import add_partner
from duebook.partners.services.delete_partner import delete_partner
from duebook.partners.services.edit_partner import edit_partner
from duebook.partners.services.refer_contact import refer_contact
from duebook.partners.services.save_program import save_program
from duebook.partners.services.set_partner_overrides import OverrideInput, set_partner_overrides
from tests.factories import SYSTEM, actor, day, key, make_contact, make_invoice, make_partner, make_program
from tests.snapshot import everything

pytestmark = pytest.mark.django_db

LEAD, SALE = PartnerRole.LEAD, PartnerRole.SALE


def details(**fields: Any) -> PartnerDetails:
    contact = fields.pop("contact", None) or make_contact("Dana")
    return PartnerDetails(**{"contact_id": contact.pk, "name": "Dana", "code": "DANA1", **fields})


def program(**fields: Any) -> ProgramDetails:
    values: dict[str, Any] = {
        "name": "Standard",
        "priority": 10,
        "payout_type": PayoutType.ON_PAYMENT,
        "hold_days": 30,
        "levels": 2,
        "rules": (RuleInput(LEAD, 1, Rate(1000)), RuleInput(LEAD, 2, Rate(500))),
    }
    return ProgramDetails(**{**values, **fields})


def test_a_partner_is_added_once_by_the_same_request() -> None:
    wanted, request_key = details(), key()

    first = add_partner(details=wanted, request_key=request_key, actor=SYSTEM)
    again = add_partner(details=wanted, request_key=request_key, actor=SYSTEM)

    assert first.pk == again.pk
    assert Partner.objects.count() == 1
    assert Event.objects.get(name="partner.added").payload["code"] == "DANA1"


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"code": "D 1"}, errors.CodeMalformed),
        ({"code": "sammy"}, errors.CodeTaken),
        ({"parent_id": 999}, errors.NotFound),
        ({"contact_id": 999}, errors.NotFound),
    ],
)
def test_a_refused_partner_is_not_added(fields: dict[str, Any], error: type[Exception]) -> None:
    make_partner("Sam", code="SAMMY")
    wanted = replace(details(), **fields)
    before = everything()

    with pytest.raises(error):
        add_partner(details=wanted, request_key=key(), actor=SYSTEM)
    with pytest.raises(errors.Forbidden):
        add_partner(
            details=details(contact=make_partner("Zoe", code="ZOEY").contact),
            request_key=key(),
            actor=actor(Role.CLERK),
        )

    assert Event.objects.count() == len(before["events.Event"])
    assert not Partner.objects.filter(code="DANA1").exists()


def test_editing_keeps_the_old_details_in_the_event() -> None:
    dana = make_partner()

    edit_partner(
        partner_id=dana.pk,
        details=details(contact=dana.contact, name="Dana B.", active=False),
        request_key=key(),
        actor=SYSTEM,
    )

    dana.refresh_from_db()
    assert (dana.name, dana.status) == ("Dana B.", "inactive")
    assert Event.objects.get(name="partner.changed").payload["before"]["name"] == "Dana"


def test_a_loop_of_parents_is_refused() -> None:
    pam = make_partner("Pam", code="PAMELA")
    dana = make_partner(parent=pam)
    before = everything()

    for parent_id in (dana.pk, pam.pk):
        with pytest.raises(errors.ParentLoop):
            edit_partner(
                partner_id=pam.pk,
                details=details(contact=pam.contact, code="PAMELA", parent_id=parent_id),
                request_key=key(),
                actor=SYSTEM,
            )

    assert everything() == before


def test_a_partner_with_commissions_is_not_deleted_and_a_mistake_is() -> None:
    dana, sam = make_partner(), make_partner("Sam", code="SAMMY")
    make_program(dana, sam)
    make_invoice(lead_partner_id=dana.pk)

    with pytest.raises(errors.PartnerHasEntries):
        delete_partner(partner_id=dana.pk, actor=SYSTEM)
    delete_partner(partner_id=sam.pk, actor=SYSTEM)

    assert list(Partner.objects.values_list("name", flat=True)) == ["Dana"]


def test_a_program_has_its_rules_and_members() -> None:
    dana = make_partner()

    saved = save_program(
        program_id=None, details=program(member_ids=frozenset({dana.pk})), request_key=key(), actor=SYSTEM
    )
    save_program(
        program_id=saved.pk,
        details=program(rules=(RuleInput(SALE, 1, Rate(0, 250, "USD")),)),
        request_key=key(),
        actor=SYSTEM,
    )

    assert list(Rule.objects.values_list("role", "level", "percent_bps", "fixed_minor", "currency")) == [
        ("sale", 1, 0, 250, "USD")
    ]
    assert not saved.members.exists()
    changed = Event.objects.get(name="program.changed").payload
    assert len(changed["before"]["rules"]) == 2
    assert changed["before"]["members"] == [dana.pk]


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"rules": ()}, errors.ProgramNeedsRules),
        ({"name": "old program"}, errors.NameTaken),
        ({"rules": (RuleInput(LEAD, 1, Rate(100), product_id=999),)}, errors.NotFound),
        ({"levels": 1}, errors.LevelAboveProgram),
    ],
)
def test_a_refused_program_writes_nothing(fields: dict[str, Any], error: type[Exception]) -> None:
    make_program(name="Old program")
    before = everything()

    with pytest.raises(error):
        save_program(program_id=None, details=program(**fields), request_key=key(), actor=SYSTEM)
    with pytest.raises(errors.Forbidden):
        save_program(program_id=None, details=program(), request_key=key(), actor=actor(Role.MANAGER))

    assert everything() == before
    assert Program.objects.count() == 1


def test_overrides_are_replaced_as_a_whole() -> None:
    dana = make_partner()
    one = OverrideInput(LEAD, Rate(2000), PayoutType.UP_FRONT)

    for overrides in ([one, replace(one, level=2)], [replace(one, rate=Rate(3000))]):
        set_partner_overrides(partner_id=dana.pk, overrides=overrides, request_key=key(), actor=SYSTEM)

    assert list(PartnerOverride.objects.values_list("percent_bps", flat=True)) == [3000]
    with pytest.raises(errors.RuleTwice):
        set_partner_overrides(partner_id=dana.pk, overrides=[one, one], request_key=key(), actor=SYSTEM)


def test_the_newest_referral_of_a_role_is_in_force() -> None:
    acme, dana, sam = make_contact(), make_partner(), make_partner("Sam", code="SAMMY")
    for partner, since in ((dana, day(-9)), (sam, day(-2))):
        refer_contact(
            contact_id=acme.pk, partner_id=partner.pk, role=LEAD, since=since, request_key=key(), actor=SYSTEM
        )

    assert referrers_of(acme.pk) == {"lead": sam.pk}
