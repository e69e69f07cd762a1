from django.db import migrations, models

FIXED = """
CREATE TRIGGER payments_charge_receipt_fixed BEFORE UPDATE OF email_receipt ON payments_charge
  FOR EACH ROW WHEN (OLD.email_receipt IS DISTINCT FROM NEW.email_receipt) EXECUTE FUNCTION refuse_change()
"""


class Migration(migrations.Migration):
    dependencies = [
        ("payments", "0014_second_person"),
    ]

    operations = [
        migrations.AddField(
            model_name="charge",
            name="email_receipt",
            field=models.BooleanField(default=False, verbose_name="e-mail a receipt"),
        ),
        migrations.RunSQL(FIXED, "DROP TRIGGER payments_charge_receipt_fixed ON payments_charge"),
    ]
