from django.db import migrations, models

FIXED = """
CREATE TRIGGER payments_charge_debts_fixed BEFORE UPDATE OF debts ON payments_charge
  FOR EACH ROW WHEN (OLD.debts IS DISTINCT FROM NEW.debts) EXECUTE FUNCTION refuse_change()
"""


class Migration(migrations.Migration):
    dependencies = [("payments", "0021_refunds_that_came_back")]

    operations = [
        migrations.AddField(
            model_name="charge",
            name="debts",
            field=models.CharField(blank=True, db_default="", max_length=500, verbose_name="debts sent"),
        ),
        migrations.RunSQL(FIXED, "DROP TRIGGER payments_charge_debts_fixed ON payments_charge"),
    ]
