"""Checks of cards on file: nobody's card is kept or charged for somebody else."""

from duebook.reports.verification.check import Check

CARD_OF_SETUP = Check(
    name="card_of_setup",
    rule="A card saved by a link is the contact's whose link it was, at the account that was offered.",
    query="""
        SELECT s.reference, format('contact %%s at account %%s', s.contact_id, s.merchant_account_id),
               format('contact %%s at account %%s', c.contact_id, c.merchant_account_id)
          FROM payments_cardsetup s JOIN payments_paymentmethod c ON c.id = s.payment_method_id
         WHERE (c.contact_id, c.merchant_account_id) <> (s.contact_id, s.merchant_account_id)
    """,
)

CARD_OF_CHARGE = Check(
    name="card_of_charge",
    rule="A charge is on a card of its contact, at its account.",
    query="""
        SELECT 'C-' || h.id, format('contact %%s at account %%s', h.contact_id, h.merchant_account_id),
               format('contact %%s at account %%s', c.contact_id, c.merchant_account_id)
          FROM payments_charge h JOIN payments_paymentmethod c ON c.id = h.payment_method_id
         WHERE (c.contact_id, c.merchant_account_id) <> (h.contact_id, h.merchant_account_id)
    """,
)

CARD_IN_USE = Check(
    name="card_in_use",
    rule="A card that is out of use is no default, and no charge of it is open.",
    query="""
        SELECT 'card ' || c.id, 'out of use',
               CASE WHEN c.is_default THEN 'the default' ELSE 'an open charge' END
          FROM payments_paymentmethod c
         WHERE NOT c.active
           AND (c.is_default OR EXISTS (SELECT FROM payments_charge h
                JOIN payments_chargeline l ON l.charge_id = h.id AND l.is_open
               WHERE h.payment_method_id = c.id))
    """,
)

CHECKS = (CARD_OF_SETUP, CARD_OF_CHARGE, CARD_IN_USE)
