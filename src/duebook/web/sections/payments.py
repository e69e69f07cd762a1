"""Addresses of payments and of the credit that contacts have."""

from django.urls import path

from duebook.web.views import (
    payments_add,
    payments_amend,
    payments_correct,
    payments_credit,
    payments_enter,
    payments_list,
    payments_move,
    payments_page,
    payments_refund,
    payments_refund_choose,
    payments_undo,
)

urlpatterns = [
    path("payments/", payments_list.payment_list, name="payment_list"),
    path("payments/new/", payments_enter.payment_enter, name="payment_enter"),
    path("payments/<int:payment_id>/", payments_page.payment, name="payment"),
    path("payments/<int:payment_id>/reversal/", payments_undo.payment_reversal, name="payment_reversal"),
    path("payments/<int:payment_id>/return/", payments_undo.payment_return, name="payment_return"),
    path("payments/<int:payment_id>/refunds/", payments_refund.payment_refund, name="payment_refund"),
    path("refunds/<int:refund_id>/reversal/", payments_undo.refund_reversal, name="refund_reversal"),
    path("payments/<int:payment_id>/notes/", payments_amend.payment_notes, name="payment_notes"),
    path(
        "payments/<int:payment_id>/correction/",
        payments_correct.payment_correction,
        name="payment_correction",
    ),
    path(
        "payments/<int:payment_id>/correction/preview/",
        payments_correct.payment_correction_preview,
        name="payment_correction_preview",
    ),
    path(
        "payments/<int:payment_id>/correction/contact/",
        payments_enter.payment_correction_contact,
        name="payment_correction_contact",
    ),
    path(
        "payments/<int:payment_id>/invoices/<int:invoice_id>/move/",
        payments_move.payment_move,
        name="payment_move",
    ),
    path("contacts/<int:contact_id>/payments/new/", payments_add.payment_add, name="payment_add"),
    path("contacts/<int:contact_id>/payments/preview/", payments_add.payment_preview, name="payment_preview"),
    path(
        "contacts/<int:contact_id>/refunds/new/",
        payments_refund_choose.refund_choose,
        name="refund_choose",
    ),
    path("contacts/<int:contact_id>/credit/", payments_credit.credit_use, name="credit_use"),
]
