"""Lists of payments are narrowed down by amount and by type."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("payments", "0002_facts_and_types")]

    operations = [
        migrations.AddIndex(
            model_name="payment",
            index=models.Index(fields=["amount_minor", "-received_on", "-id"], name="payment_by_amount"),
        ),
        migrations.AddIndex(
            model_name="payment",
            index=models.Index(fields=["payment_type", "-received_on", "-id"], name="payment_by_type"),
        ),
    ]
