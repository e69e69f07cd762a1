"""Addresses of charges, and of the money that waits for a person."""

from django.urls import path

from duebook.web.views import charges, decisions, disputes

urlpatterns = [
    path("charges/<int:charge_id>/", charges.charge, name="charge"),
    path("charges/<int:charge_id>/inquiry/", charges.charge_inquiry, name="charge_inquiry"),
    path("charges/<int:charge_id>/cancellation/", charges.charge_cancellation, name="charge_cancellation"),
    path("charges/<int:charge_id>/message/", charges.charge_message, name="charge_message"),
    path("decisions/", decisions.decisions, name="decisions"),
    path("decisions/refunds/<int:attempt_id>/inquiry/", decisions.refund_inquiry, name="refund_inquiry"),
    path("decisions/disputes/<int:dispute_id>/inquiry/", disputes.dispute_inquiry, name="dispute_inquiry"),
    path("decisions/disputes/<int:dispute_id>/review/", disputes.dispute_review, name="dispute_review"),
    path(
        "decisions/settlements/<int:return_id>/review/",
        decisions.settlement_return_review,
        name="settlement_return_review",
    ),
    path("decisions/messages/<int:message_id>/retry/", decisions.message_retry, name="message_retry"),
    path(
        "decisions/messages/<int:message_id>/resolution/",
        decisions.message_resolution,
        name="message_resolution",
    ),
]
