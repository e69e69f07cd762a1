"""The database's own guards: each that must exist exists, so that no migration drops one unseen."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction

from duebook.events.models import Event
from duebook.invoices.models import Invoice
from duebook.ledger.models import ClosedPeriod, Transfer
from duebook.payments.models import Payment
from tests.factories import day, make_invoice, make_payment

pytestmark = pytest.mark.django_db

CHECKS = {
    "business_is_one_row",
    "rolelimit_not_negative",
    "rolelimit_limits_something",
    "dayuse_in_range",
    "refundrequest_has_a_reason",
    "refundrequest_decided_by_someone",
    "refundrequest_by_a_second_person",
    "refundrequest_rejected_with_a_reason",
    "outcomeproposal_has_a_reason",
    "outcomeproposal_decided_by_someone",
    "outcomeproposal_by_a_second_person",
    "outcomeproposal_rejected_with_a_reason",
    "refundrequest_amount_in_range",
    "outcomeproposal_of_one",
    "outcomeproposal_says_what_was_seen",
    "refundresolution_has_a_note",
    "limituse_amount_in_range",
    "limituse_of_one_act",
    "transfer_amount_in_range",
    "transfer_between_two_accounts",
    "contact_has_a_name",
    "product_price_not_negative",
    "merchantaccount_default_is_active",
    "partner_code_well_formed",
    "partner_not_its_own_parent",
    "orderitem_quantity_positive",
    "orderitem_only_discounts_negative",
    "orderitem_in_range",
    "cancellation_has_a_reason",
    "invoice_applied_within_total",
    "invoice_total_in_range",
    "invoice_finance_within_total",
    "invoice_counters_agree",
    "invoice_due_after_issue",
    "void_has_a_reason",
    "payment_amount_in_range",
    "payment_used_within_amount",
    "allocation_amount_in_range",
    "reversal_has_a_reason",
    "reversal_amount_positive",
    "return_has_a_reason",
    "return_amounts",
    "accrual_earned_within_total",
    "accrual_in_range",
    "commissionentry_not_zero",
    "orderoverride_rate_in_range",
    "payout_amount_positive",
    "payoutbatch_total_positive",
    "payoutbatch_paid_has_a_date",
    "refund_has_a_reason",
    "refund_amount_in_range",
    "refund_by_hand_has_no_attempt",
    "refundreversal_has_a_reason",
    "charge_amount_in_range",
    "charge_refunded_within_captured",
    "charge_captured_succeeded",
    "charge_returned_within_captured",
    "charge_cleared_by_its_id",
    "chargeline_amount_positive",
    "gatewayrefund_amount_in_range",
    "dispute_amounts",
    "dispute_ended_unless_open",
    "disputebooking_amount_positive",
    "paymentmethod_month",
    "cardsetup_saved_has_a_card",
    "cardsetup_ended_unless_waiting",
    "webhookresolution_has_a_note",
    "paymentmethod_default_is_on_file",
    "paymentmethod_forgotten_is_out_of_use",
    "paylink_withdrawn_by_someone",
    "linkpayment_amount_in_range",
    "linkpayment_charged_or_refused",
    "linkpaymentline_within_balance",
    "settlement_net_is_gross_less_fees",
    "settlementline_clears_one",
    "settlementreturn_booked_clears",
}
UNIQUE = {
    "event_one_per_request",
    "user_email_once_without_case",
    "rolelimit_once",
    "dayuse_once",
    "refundrequest_one_waiting",
    "outcomeproposal_one_a_charge",
    "outcomeproposal_one_a_refund",
    "payments_refundresolution_gateway_refund_id_key",
    "payments_limituse_charge_id_key",
    "payments_limituse_gateway_refund_id_key",
    "transfer_corrected_once",
    "contact_external_id_once",
    "product_sku_once",
    "merchantaccount_name_once",
    "merchantaccount_one_default",
    "gateways_merchantaccount_webhook_token_key",
    "webhookmessage_once",
    "partner_code_once_without_case",
    "order_source_once",
    "orderitem_position_once",
    "paymenttype_label_once",
    "accrual_once",
    "orderoverride_once",
    "payout_once_a_batch",
    "payoutline_entry_in_one_live_payout",
    "refund_once_per_attempt",
    "payments_refundreversal_refund_id_key",
    "payments_refundreversal_transfer_id_key",
    "payment_one_a_charge",
    "paymentmethod_token_once",
    "paymentmethod_one_default",
    "charge_gateway_id_once",
    "chargeline_once",
    "chargeline_one_open_an_invoice",
    "gatewayrefund_one_open_a_payment",
    "dispute_once",
    "payments_disputebooking_transfer_id_key",
    "payments_disputebooking_takes_back_id_key",
    "cardsetup_gateway_id_once",
    "paylinkinvoice_once",
    "linkpayment_number_once",
    "linkpayment_one_a_request",
    "linkpaymentline_once",
    "settlement_gateway_id_once",
    "settlementline_object_once",
    "clearingbyhand_once",
    "payments_settlement_net_transfer_id_key",
    "payments_settlement_fee_transfer_id_key",
    "payments_settlementreturn_settlement_id_key",
    "payments_settlementreturn_transfer_id_key",
    "payments_settlementreturnreview_settlement_return_id_key",
}
TRIGGERS = {
    "events_event_no_change",
    "events_event_no_truncate",
    "ledger_transfer_no_change",
    "ledger_transfer_no_truncate",
    "ledger_transfer_open_period",
    "ledger_closedperiod_no_change",
    "ledger_closedperiod_no_truncate",
    "payments_payment_facts_fixed",
    "payments_payment_no_delete",
    "payments_payment_no_truncate",
    "payments_allocation_no_change",
    "payments_allocation_no_truncate",
    "payments_reversal_no_change",
    "payments_reversal_no_truncate",
    "payments_return_no_change",
    "payments_return_no_truncate",
    "payments_refund_no_change",
    "payments_refund_no_truncate",
    "payments_refundreversal_no_change",
    "payments_refundreversal_no_truncate",
    "payments_charge_debts_fixed",
    "payments_charge_facts_fixed",
    "payments_charge_no_delete",
    "payments_charge_transition",
    "payments_chargeline_facts_fixed",
    "payments_chargeline_no_delete",
    "payments_observation_no_change",
    "payments_observation_no_truncate",
    "payments_refundrequest_facts_fixed",
    "payments_refundrequest_no_delete",
    "payments_refundrequest_decided_once",
    "payments_outcomeproposal_facts_fixed",
    "payments_outcomeproposal_no_delete",
    "payments_outcomeproposal_decided_once",
    "payments_refundresolution_no_change",
    "payments_refundresolution_no_truncate",
    "payments_dayuse_facts_fixed",
    "payments_dayuse_no_delete",
    "payments_limituse_facts_fixed",
    "payments_limituse_no_delete",
    "payments_gatewayrefund_facts_fixed",
    "payments_gatewayrefund_no_delete",
    "payments_gatewayrefund_transition",
    "payments_dispute_facts_fixed",
    "payments_dispute_no_delete",
    "payments_dispute_transition",
    "payments_disputebooking_no_change",
    "payments_disputebooking_no_truncate",
    "payments_disputereview_no_change",
    "payments_disputereview_no_truncate",
    "commissions_commissionentry_no_change",
    "commissions_commissionentry_no_truncate",
    "commissions_accrualbasis_no_change",
    "commissions_accrualbasis_no_truncate",
    "commissions_payoutbatch_alone_a_day_later",
    "commissions_payout_facts_fixed",
    "commissions_payout_no_delete",
    "commissions_payoutline_facts_fixed",
    "commissions_payoutline_no_delete",
    "payments_paymentmethod_facts_fixed",
    "payments_paymentmethod_no_delete",
    "payments_cardsetup_facts_fixed",
    "payments_cardsetup_no_delete",
    "payments_paylink_facts_fixed",
    "payments_paylink_no_delete",
    "payments_paylinkinvoice_no_change",
    "payments_paylinkinvoice_no_truncate",
    "payments_linkpayment_facts_fixed",
    "payments_linkpayment_no_delete",
    "payments_linkpaymentline_no_change",
    "payments_linkpaymentline_no_truncate",
    "gateways_webhookresolution_no_change",
    "gateways_webhookresolution_no_truncate",
    "payments_settlement_no_change",
    "payments_settlement_no_truncate",
    "payments_settlementline_facts_fixed",
    "payments_settlementline_no_delete",
    "payments_settlementline_noted_once",
    "payments_settlementreturn_facts_fixed",
    "payments_settlementreturn_no_delete",
    "payments_settlementreturnreview_no_change",
    "payments_settlementreturnreview_no_truncate",
    "payments_settlementline_no_truncate",
}
OPEN_INDEXES = {
    "invoice_open_by_due",
    "invoice_open_by_contact",
    "payment_with_credit",
    "charge_not_cleared",
    "settlementline_of_none",
    "settlementreturn_not_cleared",
    "settlementreturn_to_see",
    "contact_search",
    "webhookmessage_to_do",
    "charge_open",
    "charge_disputed",
    "dispute_to_see",
    "observation_of_dispute",
    "gatewayrefund_refused",
    "linkpayment_to_close",
}


def names(sql: str) -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return {row[0] for row in cursor.fetchall()}


def test_every_check_constraint_exists() -> None:
    found = names("SELECT conname FROM pg_constraint WHERE contype = 'c' AND convalidated")

    assert found >= CHECKS


def test_every_unique_key_and_partial_index_exists() -> None:
    unique = names("SELECT indexrelid::regclass::text FROM pg_index WHERE indisunique AND indisvalid")

    assert unique >= UNIQUE
    assert names("SELECT indexname FROM pg_indexes") >= OPEN_INDEXES


def test_every_trigger_exists_and_is_on() -> None:
    ours = "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal AND tgenabled = 'O'"

    assert names(ours) >= TRIGGERS


def test_foreign_keys_restrict() -> None:
    lax = names("SELECT conname FROM pg_constraint WHERE contype = 'f' AND confdeltype NOT IN ('a', 'r')")

    assert not {name for name in lax if not name.startswith("procrastinate_")}


def test_an_invoice_cannot_be_applied_past_its_total() -> None:
    invoice = make_invoice("100.00")

    for minor in (10001, -1):
        with pytest.raises(IntegrityError, match="violates check constraint"), transaction.atomic():
            Invoice.objects.filter(pk=invoice.pk).update(applied_minor=minor)


def test_a_payment_cannot_be_used_past_its_amount() -> None:
    payment = make_payment("40.00", invoice=make_invoice())

    with pytest.raises(IntegrityError, match="payment_used_within_amount"), transaction.atomic():
        Payment.objects.filter(pk=payment.pk).update(returned_minor=1)


@pytest.mark.parametrize("sql", ["DELETE FROM {}", "TRUNCATE {} CASCADE"])
@pytest.mark.parametrize(
    "table", ["ledger_transfer", "events_event", "payments_payment", "payments_allocation"]
)
def test_facts_are_neither_deleted_nor_truncated(sql: str, table: str) -> None:
    make_payment(invoice=make_invoice())

    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        with pytest.raises(IntegrityError, match="are facts"), transaction.atomic():
            cursor.execute(sql.format(table))

    assert Payment.objects.count() == 1


def test_the_database_refuses_a_transfer_in_the_closed_period() -> None:
    make_invoice("100.00")
    ClosedPeriod.objects.create(closed_until=day(-1), decided_by_id=1)
    transfer = Transfer.objects.get()
    transfer.pk = None

    transfer.effective_on = day()
    with transaction.atomic():
        transfer.save(force_insert=True)
        transaction.set_rollback(True)
    transfer.pk = None
    transfer.effective_on = day() - timedelta(days=1)
    with pytest.raises(IntegrityError, match="closed until"), transaction.atomic():
        transfer.save(force_insert=True)


def test_a_request_key_is_used_once_by_each_actor() -> None:
    event = Event(name="x", actor_id=1, source="web", request_key="k")
    event.save()

    with pytest.raises(IntegrityError, match="event_one_per_request"), transaction.atomic():
        Event(name="y", actor_id=1, source="web", request_key="k").save()
    Event(name="y", actor_id=2, source="web", request_key="k").save()
