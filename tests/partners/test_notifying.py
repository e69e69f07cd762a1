"""Who is told of a lead or a sale: one job for each that is new, in the transaction that causes it."""

from typing import Any

import pytest
from procrastinate.contrib.django.models import ProcrastinateJob

from duebook.domain import errors
from duebook.domain.commission_rules import PartnerRole
from duebook.domain.permissions import Actor, Role, Source
from duebook.invoices.models import Invoice
from duebook.partners.models import Partner
from duebook.partners.services.refer_contact import refer_contact
from duebook.sales.services.assign_partners import assign_partners, preview_partners
from duebook.sales.services.place_order import place_order
from duebook.sales.services.recalculate_order import preview_recalculation, recalculate_order
from tests.factories import actor, day, key, line, make_contact, make_partner, make_program

pytestmark = pytest.mark.django_db

OLGA = actor(Role.OWNER)
NOT_TOLD = [
    pytest.param({"status": Partner.Statuses.INACTIVE}, "dana@example.com", id="inactive"),
    pytest.param({"notify_on_lead": False, "notify_on_sale": False}, "dana@example.com", id="switched off"),
    pytest.param({}, "", id="without address"),
]


def dana(*, email: str = "dana@example.com", **fields: Any) -> Partner:
    """Dana wants to know of leads and sales."""
    partner = make_partner(**{"notify_on_lead": True, **fields})
    partner.contact.email = email
    partner.contact.save(update_fields=["email"])
    return partner


def jobs() -> list[tuple[str, dict[str, Any]]]:
    return list(ProcrastinateJob.objects.order_by("id").values_list("task_name", "args"))


def refer(partner: Partner, contact_id: int, **fields: Any) -> None:
    given = {"role": PartnerRole.LEAD, "since": day(), "request_key": key(), "actor": OLGA}
    refer_contact(contact_id=contact_id, partner_id=partner.pk, **{**given, **fields})


def place(**fields: Any) -> int:
    """An order that a person placed on a page; its id."""
    given = {"contact_id": fields.get("contact_id") or make_contact().pk, "title": "Website"}
    given |= {"ordered_on": day(), "on": day(), "currency": "USD", "lines": [line()]}
    return place_order(**{**given, "request_key": key(), "actor": OLGA, **fields}).order_id


def assign(order_id: int, lead: int | None = None, sale: int | None = None, request_key: str = "") -> None:
    assign_partners(
        order_id=order_id,
        lead_partner_id=lead,
        sale_partner_id=sale,
        request_key=request_key or key(),
        actor=OLGA,
        on=day(),
    )


def test_a_new_referral_is_told_once() -> None:
    partner, acme = dana(), make_contact()

    refer(partner, acme.pk, request_key="one")
    refer(partner, acme.pk, request_key="one")
    refer(partner, acme.pk, since=day(-3))
    refer(partner, acme.pk, role=PartnerRole.SALE)

    assert jobs() == [("notify_partner_of_lead", {"contact_id": acme.pk, "partner_id": partner.pk})]


def test_another_partner_of_the_contact_is_told_too() -> None:
    partner, sam = dana(), make_partner("Sam", code="SAMMY", notify_on_lead=True)
    acme = make_contact()

    refer(partner, acme.pk)
    refer(sam, acme.pk, role=PartnerRole.SALE)

    assert [args["partner_id"] for _, args in jobs()] == [partner.pk, sam.pk]


@pytest.mark.parametrize(("fields", "email"), NOT_TOLD)
def test_a_lead_is_not_told_to_who_cannot_or_will_not_hear(fields: dict[str, Any], email: str) -> None:
    refer(dana(email=email, **fields), make_contact().pk)

    assert jobs() == []


def test_a_refused_referral_tells_nobody() -> None:
    with pytest.raises(errors.Forbidden):
        refer(dana(), make_contact().pk, actor=actor(Role.CLERK))

    assert jobs() == []


def test_an_order_is_told_to_its_lead_and_its_sale_partner() -> None:
    partner, sam = dana(), make_partner("Sam", code="SAMMY")

    order_id = place(lead_partner_id=partner.pk, sale_partner_id=sam.pk)

    assert jobs() == [
        ("notify_partner_of_sale", {"order_id": order_id, "partner_id": partner.pk}),
        ("notify_partner_of_sale", {"order_id": order_id, "partner_id": sam.pk}),
    ]


def test_one_who_is_both_is_told_once() -> None:
    partner = dana()

    order_id = place(lead_partner_id=partner.pk, sale_partner_id=partner.pk)

    assert jobs() == [("notify_partner_of_sale", {"order_id": order_id, "partner_id": partner.pk})]


def test_the_same_request_sent_twice_tells_once() -> None:
    partner = dana()
    asked = {"contact_id": make_contact().pk, "request_key": key(), "lead_partner_id": partner.pk}

    first, second = place(**asked), place(**asked)

    assert first == second
    assert jobs() == [("notify_partner_of_sale", {"order_id": first, "partner_id": partner.pk})]


def test_an_order_without_partners_tells_nobody() -> None:
    place()

    assert jobs() == []


@pytest.mark.parametrize(("fields", "email"), NOT_TOLD)
def test_a_sale_is_not_told_to_who_cannot_or_will_not_hear(fields: dict[str, Any], email: str) -> None:
    partner = dana(email=email, **fields)

    assign(place(lead_partner_id=partner.pk), sale=partner.pk)

    assert jobs() == []


@pytest.mark.parametrize("source", [Source.IMPORT, Source.COMMAND])
def test_what_is_loaded_in_bulk_tells_nobody(source: Source) -> None:
    partner, loading = dana(), Actor.system(source)

    place(actor=loading, lead_partner_id=partner.pk)
    refer(partner, make_contact("Beta").pk, actor=loading)

    assert jobs() == []


def test_only_who_is_new_on_an_order_is_told() -> None:
    partner, sam = dana(), make_partner("Sam", code="SAMMY")
    order_id = place(lead_partner_id=partner.pk)

    assign(order_id, lead=sam.pk, sale=partner.pk, request_key="one")
    assign(order_id, lead=sam.pk, sale=partner.pk, request_key="one")

    assert [args["partner_id"] for _, args in jobs()] == [partner.pk, sam.pk]


def test_recalculating_tells_nobody() -> None:
    partner = dana()
    order_id = place(lead_partner_id=partner.pk)
    told = jobs()
    make_program(partner)

    recalculate_order(order_id=order_id, request_key=key(), actor=OLGA, on=day())

    assert jobs() == told


def test_a_preview_tells_nobody() -> None:
    partner, order_id = dana(), place()
    make_program(partner)

    seen = preview_partners(
        order_id=order_id, lead_partner_id=partner.pk, sale_partner_id=None, actor=OLGA, on=day()
    )
    preview_recalculation(order_id=order_id, actor=OLGA, on=day())

    assert [step.after.earned_minor for step in seen] == [0]
    assert jobs() == []
    assert Invoice.objects.get(order=order_id).order.lead_partner_id is None
