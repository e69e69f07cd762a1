from django.db import migrations

from duebook.domain.accounts import FIRST_OWN_ACCOUNT_ID
from duebook.events.append_only import append_only
from duebook.ledger.seeds import seed_accounts

# In plpgsql each query takes a new snapshot, so after waiting for the lock that closing takes, the newest
# decision is seen.
REFUSE_CLOSED_PERIOD = """
CREATE FUNCTION refuse_closed_period() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE last_day date;
BEGIN
  SELECT closed_until INTO last_day FROM ledger_closedperiod ORDER BY id DESC LIMIT 1;
  IF last_day IS NOT NULL AND EXISTS (SELECT 1 FROM new_rows WHERE effective_on <= last_day) THEN
    RAISE EXCEPTION 'The books are closed until %', last_day USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NULL;
END $$
"""


def seed(apps, schema_editor):
    seed_accounts(apps.get_model("ledger", "Account"))


class Migration(migrations.Migration):
    dependencies = [("ledger", "0001_initial"), ("events", "0002_append_only")]

    operations = [
        append_only("ledger_transfer"),
        append_only("ledger_closedperiod"),
        migrations.RunSQL(REFUSE_CLOSED_PERIOD, "DROP FUNCTION refuse_closed_period()"),
        migrations.RunSQL(
            "CREATE TRIGGER ledger_transfer_open_period AFTER INSERT ON ledger_transfer"
            " REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION refuse_closed_period()",
            "DROP TRIGGER ledger_transfer_open_period ON ledger_transfer",
        ),
        migrations.RunPython(seed, migrations.RunPython.noop),
        migrations.RunSQL(
            f"ALTER TABLE ledger_account ALTER COLUMN id RESTART WITH {FIRST_OWN_ACCOUNT_ID}",
            migrations.RunSQL.noop,
        ),
    ]
