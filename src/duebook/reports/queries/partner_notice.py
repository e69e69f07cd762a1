"""Reading what a partner is told of a lead or a sale, as it stands now."""

from django.db.models import Sum

from duebook.commissions.models import Accrual
from duebook.contacts.models import Contact
from duebook.domain.commission_rules import PartnerRole
from duebook.domain.money import Money
from duebook.invoices.models import Void
from duebook.orders.models import Order
from duebook.partners.models import Referral
from duebook.partners.notifying import told_of_leads, told_of_sales
from duebook.reports.partner_notice import LeadNotice, SaleNotice
from duebook.staff.models import Business


def lead_notice(*, contact_id: int, partner_id: int, business: Business) -> LeadNotice | None:
    """What the partner is told of the contact; None where the partner is not told, or did not refer it."""
    partner = told_of_leads().filter(pk=partner_id).select_related("contact").first()
    referral = (
        Referral.objects.filter(contact=contact_id, partner=partner_id).select_related("contact").first()
    )
    if partner is None or referral is None:
        return None
    return LeadNotice(partner.name, partner.contact.email, _customer(referral.contact, business))


def sale_notice(*, order_id: int, partner_id: int, business: Business) -> SaleNotice | None:
    """What the partner is told of the order.

    None where the partner is not told or not on the order, and for an order that is cancelled or void.
    """
    partner = told_of_sales().filter(pk=partner_id).select_related("contact").first()
    order = Order.objects.select_related("contact").get(pk=order_id)
    roles = _roles(order, partner_id)
    if partner is None or not roles or Void.objects.filter(invoice__order=order).exists():
        return None
    earnable = Accrual.objects.filter(invoice__order=order, partner=partner).aggregate(sum=Sum("total_minor"))
    return SaleNotice(
        name=partner.name,
        address=partner.contact.email,
        customer=_customer(order.contact, business),
        contact_id=order.contact_id,
        order=str(order),
        roles=roles,
        total=Money(int(earnable["sum"] or 0), order.currency),
    )


def _roles(order: Order, partner_id: int) -> tuple[PartnerRole, ...]:
    assigned = {PartnerRole.LEAD: order.lead_partner_id, PartnerRole.SALE: order.sale_partner_id}
    return tuple(role for role, assigned_id in assigned.items() if assigned_id == partner_id)


def _customer(contact: Contact, business: Business) -> str:
    return contact.name if business.partners_see_names else ""
