"""Addresses below /reports/. A file has the address of its page with its ending."""

from django.urls import path

from duebook.web.views import reports, reports_books, reports_clearing, reports_payments, reports_receivables

urlpatterns = [
    path("", reports.report_list, name="report_list"),
    path("credit/", reports.credit, name="report_credit"),
    path("credit.csv", reports.credit_csv, name="report_credit_csv"),
    path("commissions/", reports.commissions_payable, name="report_commissions"),
    path("receivables/", reports_receivables.receivables, name="report_receivables"),
    path("receivables.csv", reports_receivables.receivables_csv, name="report_receivables_csv"),
    path("receivables/invoices/", reports_receivables.invoices, name="report_receivable_invoices"),
    path("receivables/invoices.csv", reports_receivables.invoices_csv, name="report_receivable_invoices_csv"),
    path("payments/", reports_payments.payments, name="report_payments"),
    path("payments.csv", reports_payments.payments_csv, name="report_payments_csv"),
    path("payments/rows/", reports_payments.rows, name="report_payment_rows"),
    path("payments/rows.csv", reports_payments.rows_csv, name="report_payment_rows_csv"),
    path("card-clearing/", reports_clearing.waiting, name="report_card_clearing"),
    path("card-clearing.csv", reports_clearing.waiting_csv, name="report_card_clearing_csv"),
    path("card-clearing/settlements/", reports_clearing.settlements, name="report_settlements"),
    path("card-clearing/settlements.csv", reports_clearing.settlements_csv, name="report_settlements_csv"),
    path(
        "card-clearing/settlements/<int:settlement_id>/",
        reports_clearing.settlement,
        name="report_settlement",
    ),
    path(
        "card-clearing/settlements/<int:settlement_id>.csv",
        reports_clearing.settlement_csv,
        name="report_settlement_csv",
    ),
    path(
        "card-clearing/accounts/<int:merchant_account_id>/inquiry/",
        reports_clearing.settlement_inquiry,
        name="settlement_inquiry",
    ),
    path("trial-balance/", reports_books.trial_balance, name="report_trial_balance"),
    path("trial-balance.csv", reports_books.trial_balance_csv, name="report_trial_balance_csv"),
    path("accounts/<int:account_id>/", reports_books.register, name="report_register"),
    path("accounts/<int:account_id>.csv", reports_books.register_csv, name="report_register_csv"),
    path("journal/", reports_books.journal, name="report_journal"),
    path("journal.csv", reports_books.journal_csv, name="report_journal_csv"),
    path("journal.hledger", reports_books.journal_hledger, name="report_journal_hledger"),
]
