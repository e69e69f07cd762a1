"""Checks of the transfers in themselves: they balance, and what they name exists."""

from duebook.reports.verification.check import Check

TRIAL_BALANCE = Check(
    name="trial_balance",
    rule="The balances of all accounts add up to zero in each currency.",
    query="""
        SELECT t.currency, 0,
               sum((CASE WHEN d.id IS NULL THEN 0 ELSE t.amount_minor END)
                 - (CASE WHEN c.id IS NULL THEN 0 ELSE t.amount_minor END))
          FROM ledger_transfer t
          LEFT JOIN ledger_account d ON d.id = t.debit_account_id
          LEFT JOIN ledger_account c ON c.id = t.credit_account_id
         GROUP BY t.currency
        HAVING count(*) FILTER (WHERE d.id IS NULL OR c.id IS NULL) > 0
    """,
)

TRANSFER_IDS = Check(
    name="transfer_ids",
    rule="What a transfer is about exists.",
    query="""
        SELECT 'transfer ' || t.id, 'a contact', 'no contact with id ' || t.contact_id
          FROM ledger_transfer t LEFT JOIN contacts_contact x ON x.id = t.contact_id
         WHERE t.contact_id IS NOT NULL AND x.id IS NULL
        UNION ALL
        SELECT 'transfer ' || t.id, 'an invoice', 'no invoice with id ' || t.invoice_id
          FROM ledger_transfer t LEFT JOIN invoices_invoice x ON x.id = t.invoice_id
         WHERE t.invoice_id IS NOT NULL AND x.id IS NULL
        UNION ALL
        SELECT 'transfer ' || t.id, 'a payment', 'no payment with id ' || t.payment_id
          FROM ledger_transfer t LEFT JOIN payments_payment x ON x.id = t.payment_id
         WHERE t.payment_id IS NOT NULL AND x.id IS NULL
        UNION ALL
        SELECT 'transfer ' || t.id, 'a partner', 'no partner with id ' || t.partner_id
          FROM ledger_transfer t LEFT JOIN partners_partner x ON x.id = t.partner_id
         WHERE t.partner_id IS NOT NULL AND x.id IS NULL
        UNION ALL
        SELECT 'transfer ' || t.id, 'a corrected transfer', 'no transfer with id ' || t.corrects_id
          FROM ledger_transfer t LEFT JOIN ledger_transfer x ON x.id = t.corrects_id
         WHERE t.corrects_id IS NOT NULL AND x.id IS NULL
    """,
)

TRANSFER_CONTACT = Check(
    name="transfer_contact",
    rule="A transfer about an invoice or a payment names the contact of both.",
    query="""
        SELECT 'transfer ' || t.id, 'contact ' || coalesce(i.contact_id, p.contact_id),
               'contact ' || coalesce(t.contact_id::text, 'none')
          FROM ledger_transfer t
          LEFT JOIN invoices_invoice i ON i.id = t.invoice_id
          LEFT JOIN payments_payment p ON p.id = t.payment_id
         WHERE coalesce(i.contact_id, t.contact_id) IS DISTINCT FROM coalesce(p.contact_id, t.contact_id)
            OR coalesce(i.contact_id, p.contact_id, t.contact_id) IS DISTINCT FROM t.contact_id
    """,
)

MIRRORED_TRANSFERS = Check(
    name="mirrored_transfers",
    rule="A transfer that corrects another is its mirror image.",
    query="""
        SELECT 'transfer ' || t.id,
               format('%%s %%s %%s from %%s to %%s', c.kind, c.amount_minor, c.currency, c.debit_account_id,
                      c.credit_account_id),
               format('%%s %%s %%s from %%s to %%s', t.kind, t.amount_minor, t.currency, t.credit_account_id,
                      t.debit_account_id)
          FROM ledger_transfer t JOIN ledger_transfer c ON c.id = t.corrects_id
         WHERE (t.kind, t.amount_minor, t.currency, t.debit_account_id, t.credit_account_id)
            <> (c.kind, c.amount_minor, c.currency, c.credit_account_id, c.debit_account_id)
            OR (t.contact_id, t.invoice_id, t.payment_id, t.partner_id)
               IS DISTINCT FROM (c.contact_id, c.invoice_id, c.payment_id, c.partner_id)
    """,
)

CHECKS = (TRIAL_BALANCE, TRANSFER_IDS, TRANSFER_CONTACT, MIRRORED_TRANSFERS)
