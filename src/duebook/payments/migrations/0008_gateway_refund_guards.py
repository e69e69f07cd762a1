from django.db import migrations

from duebook.events.append_only import facts_fixed

REFUND_FACTS = [
    "id",
    "payment_id",
    "charge_id",
    "amount_minor",
    "currency",
    "key",
    "reference",
    "attempt",
    "wanted",
    "prepared_by_id",
    "source",
    "prepared_at",
]

# What domain/gateway_refunds.py calls REFUND_TRANSITIONS.
KEEP_TO_TRANSITIONS = """
CREATE FUNCTION keep_refund_transition() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (OLD.state, NEW.state) NOT IN (
    ('created', 'sent'), ('created', 'failed'),
    ('sent', 'succeeded'), ('sent', 'failed'), ('sent', 'pending'), ('sent', 'unknown'),
    ('unknown', 'succeeded'), ('unknown', 'failed'), ('unknown', 'pending'),
    ('pending', 'succeeded'), ('pending', 'failed'),
    ('failed', 'succeeded'))
  THEN
    RAISE EXCEPTION 'A refund that is % never becomes %', OLD.state, NEW.state
      USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$
"""

TRIGGER = """
CREATE TRIGGER payments_gatewayrefund_transition BEFORE UPDATE OF state ON payments_gatewayrefund
  FOR EACH ROW WHEN (OLD.state IS DISTINCT FROM NEW.state) EXECUTE FUNCTION keep_refund_transition()
"""


class Migration(migrations.Migration):
    dependencies = [("payments", "0007_gateway_refunds")]

    operations = [
        facts_fixed("payments_gatewayrefund", REFUND_FACTS),
        migrations.RunSQL(
            sql=[KEEP_TO_TRANSITIONS, TRIGGER],
            reverse_sql=[
                "DROP TRIGGER payments_gatewayrefund_transition ON payments_gatewayrefund",
                "DROP FUNCTION keep_refund_transition()",
            ],
        ),
    ]
