"""Every page asks for its right before it looks at anything; a new page must be named here."""

from collections.abc import Iterator, Mapping

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from duebook.domain.permissions import RIGHTS_OF, Right, Role
from duebook.events.models import Event
from tests.web.pages import sign_in

pytestmark = pytest.mark.django_db

PAGES: Mapping[Right | None, str] = {
    Right.VIEW: """
        charge dashboard decisions outcome payment_receipt payment_receipt_file report_card_clearing
        report_card_clearing_csv report_credit report_credit_csv report_journal report_journal_csv
        report_journal_hledger report_list report_payment_rows report_payment_rows_csv report_payments
        report_payments_csv report_receivable_invoices report_receivable_invoices_csv report_receivables
        report_receivables_csv report_register report_register_csv report_settlement report_settlement_csv
        report_settlements report_settlements_csv report_trial_balance report_trial_balance_csv
    """,
    Right.RECORD_PAYMENTS: """
        payment_add payment_correction payment_correction_contact payment_correction_preview payment_enter
        payment_preview payment_receipt_message
    """,
    Right.CHARGE_CARDS: """
        charge_cancellation charge_inquiry charge_message charge_outcome outcome_withdrawal
        pay_link_withdrawal
    """,
    Right.MANAGE_CARDS: "card_deactivation card_default card_link_withdrawal",
    Right.RESOLVE_MESSAGES: """
        dispute_inquiry dispute_review message_resolution message_retry outcome_rejection settlement_inquiry
        settlement_return_review
    """,
    Right.APPLY_CREDIT: "credit_use",
    Right.MOVE_ALLOCATIONS: "payment_move",
    Right.RETURN_PAYMENTS: "payment_return",
    Right.REFUND: """
        payment_refund refund_choose refund_inquiry refund_outcome refund_request refund_request_rejection
        refund_request_withdrawal refund_resolution
    """,
    Right.AMEND_NOTES: "payment_notes",
    Right.EDIT_CONTACTS: "contact_add contact_edit",
    Right.EDIT_PRODUCTS: "product_add product_edit",
    Right.EDIT_ORDERS: "order_add order_items",
    Right.VOID: "invoice_void order_cancellation",
    Right.MANAGE_PARTNERS: "order_partners partner_add partner_contact partner_deletion partner_edit",
    Right.SET_COMMISSIONS: """
        order_overrides order_recalculation partner_overrides program program_add recalculations
        rehearsal_new rehearsal_program
    """,
    Right.VIEW_COMMISSIONS: """
        commission_entry ledger ledger_csv ledger_xlsx ledgers ledgers_csv ledgers_xlsx partner partner_list
        payout payout_rejection payout_statement payout_statement_file payouts program_list rehearsal
        rehearsal_csv rehearsals report_commissions
    """,
    Right.CREATE_PAYOUTS: """
        payout_bank_csv payout_new payout_payment payout_statement_message payout_statements_message
    """,
    Right.APPROVE_PAYOUTS: "payout_approval",
    Right.CHANGE_SETTINGS: """
        settings_business settings_limits settings_logo settings_merchant_account
        settings_merchant_account_add settings_merchant_account_default settings_merchant_account_test
        settings_merchant_accounts settings_type settings_type_add settings_type_order settings_types
    """,
    Right.MANAGE_USERS: "settings_user settings_user_add settings_user_password settings_users",
    # Everybody who is signed in sees these; what some of them write is asked for where it is written.
    None: """
        contact contact_cards contact_history contact_list contact_orders contact_pay_links contact_payments
        contact_referrals help help_list help_picture invoice logo order order_list order_print payment
        payment_list payment_reversal product_list profile refund_reversal search settings
        settings_closed_period
    """,
}
ASKED_WITHIN = {
    "contact_cards": Right.MANAGE_CARDS,
    "contact_pay_links": Right.CHARGE_CARDS,
    "contact_referrals": Right.MANAGE_PARTNERS,
}
"""Pages for all whose form is for some, and which refuse it before they look at what was typed."""
SIGNED = {"webhook"}
"""What proves itself by a signature, and not by who is signed in."""


def web_pages() -> dict[str, URLPattern]:
    """The pages of the staff by their names."""
    (web,) = (
        one for one in get_resolver().url_patterns if isinstance(one, URLResolver) and one.namespace == "web"
    )
    return {str(page.name): page for page in _pages_in(web)}


def _pages_in(resolver: URLResolver) -> Iterator[URLPattern]:
    for one in resolver.url_patterns:
        if isinstance(one, URLResolver):
            yield from _pages_in(one)
        else:
            yield one


def address_of(name: str, page: URLPattern) -> str:
    kwargs = {
        key: "1" if "int" in type(one).__name__.lower() else "x"
        for key, one in page.pattern.converters.items()
    }
    return reverse(f"web:{name}", kwargs=kwargs)


def test_every_page_is_named_once() -> None:
    named = [name for names in PAGES.values() for name in names.split()]

    assert sorted(named) == sorted(web_pages().keys() - SIGNED)


@pytest.mark.parametrize("role", Role)
def test_a_page_is_refused_to_who_lacks_its_right(client: Client, role: Role) -> None:
    sign_in(client, role)
    pages = web_pages()
    wrong = []

    for right, names in PAGES.items():
        for name in names.split():
            address = address_of(name, pages[name])
            for method in ("get", "post"):
                needed = ASKED_WITHIN.get(name) if method == "post" and right is None else right
                status = getattr(client, method)(address).status_code
                refused = needed is not None and needed not in RIGHTS_OF[role]
                # A page may not know the method: then it does nothing whoever asks.
                if status not in ({403, 405} if refused else {200, 302, 404, 405, 409, 410, 422}):
                    wrong.append((method, name, status))

    assert wrong == []
    assert not Event.objects.exists()


def test_a_stranger_is_led_to_sign_in(client: Client) -> None:
    for name, page in web_pages().items():
        if name not in SIGNED:
            for method in (client.get, client.post):
                answer = method(address_of(name, page))
                assert (answer.status_code, answer["Location"].split("?")[0]) == (302, "/accounts/login/")
