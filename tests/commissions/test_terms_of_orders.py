"""The terms of many orders, read together, are those of each order read alone."""

import pytest

from duebook.commissions.models import OrderOverride
from duebook.commissions.terms_book import terms_now, terms_of_orders_now
from duebook.orders.models import Order
from duebook.partners.models import PartnerOverride
from tests.factories import make_invoice, make_partner, make_program

pytestmark = pytest.mark.django_db


def test_each_order_has_only_its_partners_their_levels_programs_and_overrides() -> None:
    pam = make_partner("Pam", code="PAMELA")
    dana = make_partner("Dana", parent=pam)
    sam = make_partner("Sam", code="SAMUEL")
    make_partner("Gus", code="GUSTAV", global_override=True)
    make_program(dana, sam)
    make_program(sam, name="Second", priority=20)
    PartnerOverride.objects.create(partner=pam, role="lead", percent_bps=500)
    PartnerOverride.objects.create(partner=sam, role="sale", percent_bps=600)
    one = make_invoice(lead_partner_id=dana.pk)
    OrderOverride.objects.create(order=one.order, partner=dana, role="lead", percent_bps=700)
    for lead, sale in ((None, None), (sam.pk, None), (dana.pk, sam.pk), (pam.pk, dana.pk)):
        make_invoice(contact=one.contact, lead_partner_id=lead, sale_partner_id=sale)
    orders = list(Order.objects.order_by("id"))

    together = terms_of_orders_now(orders)

    assert together == {order.pk: terms_now(order) for order in orders}
    first, bare, of_sam, *_ = together.values()
    assert [partner.name for partner in first.partners] == ["Dana", "Gus", "Pam"]
    assert [(program.name, program.members) for program in first.programs] == [("Standard", {dana.pk})]
    assert [override.rate.bps for override in first.overrides] == [500, 700]
    assert ([partner.name for partner in bare.partners], bare.programs, bare.overrides) == (["Gus"], (), ())
    assert [program.name for program in of_sam.programs] == ["Standard", "Second"]
    assert [override.rate.bps for override in of_sam.overrides] == [600]
