"""Checks of pay links: nobody pays for somebody else, and a charge is what its customer agreed to."""

from duebook.reports.verification.check import Check

LINK_OF_INVOICE = Check(
    name="link_of_invoice",
    rule="A pay link is for invoices of its contact, in its currency.",
    query="""
        SELECT 'L-' || l.id, format('contact %%s in %%s', l.contact_id, l.currency),
               format('contact %%s in %%s', i.contact_id, i.currency)
          FROM payments_paylink l JOIN payments_paylinkinvoice p ON p.link_id = l.id
          JOIN invoices_invoice i ON i.id = p.invoice_id
         WHERE (i.contact_id, i.currency) <> (l.contact_id, l.currency)
    """,
)

LINK_OF_CHARGE = Check(
    name="link_of_charge",
    rule="A charge by a pay link is of its contact and account, of the chosen amount, on the card entered.",
    query="""
        SELECT format('L-%%s/%%s', p.link_id, p.number),
               format('contact %%s at account %%s, %%s, card %%s',
                      l.contact_id, l.merchant_account_id, p.amount_minor, s.payment_method_id),
               format('contact %%s at account %%s, %%s, card %%s',
                      c.contact_id, c.merchant_account_id, c.amount_minor, c.payment_method_id)
          FROM payments_linkpayment p JOIN payments_paylink l ON l.id = p.link_id
          JOIN payments_cardsetup s ON s.id = p.setup_id
          JOIN payments_charge c ON c.id = p.charge_id
         WHERE (c.contact_id, c.merchant_account_id, c.amount_minor, c.payment_method_id)
               IS DISTINCT FROM (l.contact_id, l.merchant_account_id, p.amount_minor, s.payment_method_id)
    """,
)

LINES_OF_LINK_PAYMENT = Check(
    name="lines_of_link_payment",
    rule="What a payment by link pays are invoices of the link, and its charge has the same lines.",
    query="""
        SELECT format('L-%%s/%%s', p.link_id, p.number), agreed.told, coalesce(charged.told, 'nothing')
          FROM payments_linkpayment p
          JOIN LATERAL (SELECT string_agg(format('%%s: %%s', i.invoice_id, n.amount_minor), ', '
                                          ORDER BY n.invoice_id) AS told
                          FROM payments_linkpaymentline n
                          LEFT JOIN payments_paylinkinvoice i
                                 ON i.invoice_id = n.invoice_id AND i.link_id = p.link_id
                         WHERE n.payment_id = p.id) agreed ON true
          JOIN LATERAL (SELECT string_agg(format('%%s: %%s', n.invoice_id, n.amount_minor), ', '
                                          ORDER BY n.invoice_id) AS told
                          FROM payments_chargeline n WHERE n.charge_id = p.charge_id) charged ON true
         WHERE p.charge_id IS NOT NULL AND agreed.told IS DISTINCT FROM charged.told
    """,
)

CARD_NOT_ON_FILE = Check(
    name="card_not_on_file",
    rule="A card that is not on file was entered to pay by a link, or was found with a charge that was lost.",
    query="""
        SELECT 'card ' || c.id, 'a payment by link or a recovered charge', 'none'
          FROM payments_paymentmethod c
         WHERE NOT c.on_file
           AND NOT EXISTS (SELECT FROM payments_cardsetup s JOIN payments_linkpayment p ON p.setup_id = s.id
                            WHERE s.payment_method_id = c.id)
           AND NOT EXISTS (SELECT FROM payments_charge h JOIN events_event e
                               ON e.actor_id = 0 AND e.request_key = format('charge:%%s:recovered', h.id)
                            WHERE h.payment_method_id = c.id)
    """,
)

CHECKS = (LINK_OF_INVOICE, LINK_OF_CHARGE, LINES_OF_LINK_PAYMENT, CARD_NOT_ON_FILE)
