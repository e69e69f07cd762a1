"""Addresses of what one person asks for and another decides."""

from django.urls import path

from duebook.web.views import decisions, outcomes, refund_requests

urlpatterns = [
    path("refund-requests/<int:request_id>/", refund_requests.refund_request, name="refund_request"),
    path(
        "refund-requests/<int:request_id>/rejection/",
        refund_requests.refund_request_rejection,
        name="refund_request_rejection",
    ),
    path(
        "refund-requests/<int:request_id>/withdrawal/",
        refund_requests.refund_request_withdrawal,
        name="refund_request_withdrawal",
    ),
    path("charges/<int:charge_id>/outcome/", outcomes.charge_outcome, name="charge_outcome"),
    path("decisions/refunds/<int:attempt_id>/outcome/", outcomes.refund_outcome, name="refund_outcome"),
    path(
        "decisions/refunds/<int:attempt_id>/resolution/",
        decisions.refund_resolution,
        name="refund_resolution",
    ),
    path("outcomes/<int:proposal_id>/", outcomes.outcome, name="outcome"),
    path("outcomes/<int:proposal_id>/rejection/", outcomes.outcome_rejection, name="outcome_rejection"),
    path("outcomes/<int:proposal_id>/withdrawal/", outcomes.outcome_withdrawal, name="outcome_withdrawal"),
]
