"""Addresses of referral partners, programs, referrals, and of what orders bring to partners."""

from django.urls import path

from duebook.web.views import (
    order_commissions,
    partners,
    partners_entry,
    partners_page,
    partners_referrals,
    programs,
    recalculations,
)

urlpatterns = [
    path("partners/", partners.partner_list, name="partner_list"),
    path("partners/new/", partners.partner_add, name="partner_add"),
    path("partners/<int:partner_id>/", partners_page.partner, name="partner"),
    path("partners/<int:partner_id>/edit/", partners.partner_edit, name="partner_edit"),
    path("partners/<int:partner_id>/contact/", partners.partner_contact, name="partner_contact"),
    path("partners/<int:partner_id>/deletion/", partners.partner_delete, name="partner_deletion"),
    path("partners/<int:partner_id>/overrides/", partners_page.partner_overrides, name="partner_overrides"),
    path("programs/", programs.program_list, name="program_list"),
    path("programs/new/", programs.program_add, name="program_add"),
    path("programs/<int:program_id>/", programs.program_edit, name="program"),
    path("commissions/entries/<int:entry_id>/", partners_entry.commission_entry, name="commission_entry"),
    path("orders/<int:order_id>/partners/", order_commissions.order_partners, name="order_partners"),
    path("orders/<int:order_id>/overrides/", order_commissions.order_overrides, name="order_overrides"),
    path(
        "orders/<int:order_id>/recalculation/",
        order_commissions.order_recalculation,
        name="order_recalculation",
    ),
    path("recalculations/", recalculations.recalculations, name="recalculations"),
    path("contacts/<int:contact_id>/referrals/", partners_referrals.referrals, name="contact_referrals"),
]
