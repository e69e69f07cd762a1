"""Addresses of the pages for customers, each reached by a link of its own."""

from django.urls import path

from duebook.portal.views import cards, pay, pay_cancellation, pay_receipts

app_name = "pay"

urlpatterns = [
    path("cards/<str:token>/", cards.card, name="card"),
    path("back/<str:signed>/", pay.back, name="back"),
    path("logo/", pay_receipts.logo, name="logo"),
    path("<str:token>/", pay.link, name="link"),
    path("<str:token>/<int:number>/", pay.payment, name="payment"),
    path(
        "<str:token>/<int:number>/cancellation/",
        pay_cancellation.pay_cancellation,
        name="pay_cancellation",
    ),
    path("<str:token>/<int:number>/receipt.pdf", pay_receipts.receipt_file, name="receipt_file"),
]
