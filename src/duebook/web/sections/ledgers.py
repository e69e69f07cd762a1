"""Addresses of partners' ledgers. A file has the address of its page with its ending."""

from django.urls import path

from duebook.web.views import ledgers

urlpatterns = [
    path("ledgers/", ledgers.ledgers, name="ledgers"),
    path("ledgers.csv", ledgers.ledgers_csv, name="ledgers_csv"),
    path("ledgers.xlsx", ledgers.ledgers_xlsx, name="ledgers_xlsx"),
    path("ledgers/<int:partner_id>/", ledgers.ledger, name="ledger"),
    path("ledgers/<int:partner_id>.csv", ledgers.ledger_csv, name="ledger_csv"),
    path("ledgers/<int:partner_id>.xlsx", ledgers.ledger_xlsx, name="ledger_xlsx"),
]
