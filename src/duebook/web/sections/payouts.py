"""Addresses of payouts to partners and of rehearsals."""

from django.urls import path

from duebook.web.views import payouts, payouts_statements, rehearsals

urlpatterns = [
    path("payouts/", payouts.payouts, name="payouts"),
    path("payouts/new/", payouts.payout_new, name="payout_new"),
    path("payouts/<int:batch_id>/", payouts.payout, name="payout"),
    path("payouts/<int:batch_id>/approval/", payouts.payout_approval, name="payout_approval"),
    path("payouts/<int:batch_id>/rejection/", payouts.payout_rejection, name="payout_rejection"),
    path("payouts/<int:batch_id>/payment/", payouts.payout_payment, name="payout_payment"),
    path("payouts/<int:batch_id>/bank.csv", payouts.payout_bank_csv, name="payout_bank_csv"),
    path(
        "payouts/<int:batch_id>/statements/message/",
        payouts_statements.statements_message,
        name="payout_statements_message",
    ),
    path(
        "payouts/<int:batch_id>/statements/<int:partner_id>/",
        payouts_statements.statement,
        name="payout_statement",
    ),
    path(
        "payouts/<int:batch_id>/statements/<int:partner_id>.pdf",
        payouts_statements.statement_file,
        name="payout_statement_file",
    ),
    path(
        "payouts/<int:batch_id>/statements/<int:partner_id>/message/",
        payouts_statements.statement_message,
        name="payout_statement_message",
    ),
    path("rehearsals/", rehearsals.rehearsals, name="rehearsals"),
    path("rehearsals/new/", rehearsals.rehearsal_new, name="rehearsal_new"),
    path("rehearsals/<int:rehearsal_id>/", rehearsals.rehearsal, name="rehearsal"),
    path("rehearsals/<int:rehearsal_id>.csv", rehearsals.rehearsal_csv, name="rehearsal_csv"),
    path("rehearsals/<int:rehearsal_id>/program/", rehearsals.rehearsal_program, name="rehearsal_program"),
]
