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

TRANSFER_ACCOUNTS = Check(
    name="transfer_accounts",
    rule="A transfer is between the accounts of its kind; what was returned leaves where it came in.",
    query="""
        WITH kinds (kind, debit_id, credit_id) AS (
          VALUES ('allocated', %(customer_credit)s, %(receivable)s),
                 ('deallocated', %(receivable)s, %(customer_credit)s),
                 ('bank_fee', %(bank_fees)s, %(bank)s),
                 ('commission_earned', %(commission_expense)s, %(partner_payable)s),
                 ('commission_clawed_back', %(partner_payable)s, %(commission_expense)s),
                 ('commission_paid', %(partner_payable)s, %(bank)s)
        ), received AS (
          SELECT payment_id, debit_account_id AS account_id
            FROM ledger_transfer WHERE kind = 'payment_received' AND corrects_id IS NULL
        ), wanted AS (
          SELECT t.id, t.kind, t.debit_account_id, t.credit_account_id, k.debit_id, k.credit_id
            FROM ledger_transfer t JOIN kinds k ON k.kind = t.kind
           WHERE t.corrects_id IS NULL
          UNION ALL
          SELECT t.id, t.kind, t.debit_account_id, t.credit_account_id, %(customer_credit)s, r.account_id
            FROM ledger_transfer t LEFT JOIN received r ON r.payment_id = t.payment_id
           WHERE t.kind = 'returned' AND t.corrects_id IS NULL
        )
        SELECT 'transfer ' || id, format('%%s from %%s to %%s', kind, credit_id, debit_id),
               format('%%s from %%s to %%s', kind, credit_account_id, debit_account_id)
          FROM wanted
         WHERE (debit_account_id, credit_account_id) IS DISTINCT FROM (debit_id, credit_id)
        UNION ALL
        SELECT 'transfer ' || id, 'a kind of transfer', kind
          FROM ledger_transfer WHERE kind <> ALL (%(transfer_kinds)s)
    """,
)

CHECKS = (TRIAL_BALANCE, TRANSFER_IDS, TRANSFER_CONTACT, MIRRORED_TRANSFERS, TRANSFER_ACCOUNTS)
