from django.db import migrations

from duebook.events.append_only import append_only, facts_fixed

CHARGE_FACTS = [
    "id",
    "contact_id",
    "merchant_account_id",
    "payment_method_id",
    "amount_minor",
    "currency",
    "key",
    "reference",
    "attempt",
    "token",
    "customer",
    "description",
    "customer_present",
    "apply_to_commissions",
    "notes",
    "prepared_by_id",
    "source",
    "prepared_at",
]

# What domain/charging.py calls TRANSITIONS.
KEEP_TO_TRANSITIONS = """
CREATE FUNCTION keep_charge_transition() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (OLD.state, NEW.state) NOT IN (
    ('created', 'sent'), ('created', 'not_performed'),
    ('sent', 'succeeded'), ('sent', 'declined'), ('sent', 'not_performed'),
    ('sent', 'requires_action'), ('sent', 'pending'), ('sent', 'unknown'),
    ('unknown', 'succeeded'), ('unknown', 'declined'), ('unknown', 'not_performed'),
    ('unknown', 'requires_action'), ('unknown', 'pending'),
    ('requires_action', 'succeeded'), ('requires_action', 'declined'),
    ('requires_action', 'not_performed'), ('requires_action', 'pending'),
    ('pending', 'succeeded'), ('pending', 'declined'), ('pending', 'not_performed'),
    ('pending', 'requires_action'),
    ('declined', 'succeeded'), ('not_performed', 'succeeded'))
  THEN
    RAISE EXCEPTION 'A charge that is % never becomes %', OLD.state, NEW.state
      USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$
"""


TRIGGER = """
CREATE TRIGGER payments_charge_transition BEFORE UPDATE OF state ON payments_charge
  FOR EACH ROW WHEN (OLD.state IS DISTINCT FROM NEW.state) EXECUTE FUNCTION keep_charge_transition()
"""


class Migration(migrations.Migration):
    dependencies = [("payments", "0004_charges")]

    operations = [
        facts_fixed("payments_charge", CHARGE_FACTS),
        facts_fixed("payments_chargeline", ["id", "charge_id", "invoice_id", "amount_minor"]),
        append_only("payments_observation"),
        migrations.RunSQL(
            sql=[
                KEEP_TO_TRANSITIONS,
                TRIGGER,
            ],
            reverse_sql=[
                "DROP TRIGGER payments_charge_transition ON payments_charge",
                "DROP FUNCTION keep_charge_transition()",
            ],
        ),
    ]
