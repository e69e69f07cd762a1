"""Addresses of the pages for referral partners."""

from django.urls import path

from duebook.portal.views import pages, sign_in

app_name = "portal"

urlpatterns = [
    path("", sign_in.sign_in_page, name="sign_in"),
    path("sent/", sign_in.link_sent, name="link_sent"),
    path("link/<str:token>/", sign_in.link, name="link"),
    path("sign-out/", sign_in.sign_out_page, name="sign_out"),
    path("overview/", pages.overview, name="overview"),
    path("referrals/", pages.referrals, name="referrals"),
    path("orders/", pages.orders, name="orders"),
    path("earnings/", pages.earnings, name="earnings"),
    path("payouts/", pages.payouts, name="payouts"),
    path("payouts/<int:payout_id>/", pages.statement, name="statement"),
    path("payouts/<int:payout_id>.pdf", pages.statement_file, name="statement_file"),
]
