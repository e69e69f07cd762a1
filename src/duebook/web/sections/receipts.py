"""Addresses of receipts, below those of their payments."""

from django.urls import path

from duebook.web.views import receipts

urlpatterns = [
    path("payments/<int:payment_id>/receipt/", receipts.receipt, name="payment_receipt"),
    path("payments/<int:payment_id>/receipt.pdf", receipts.receipt_file, name="payment_receipt_file"),
    path(
        "payments/<int:payment_id>/receipt/message/", receipts.receipt_message, name="payment_receipt_message"
    ),
]
