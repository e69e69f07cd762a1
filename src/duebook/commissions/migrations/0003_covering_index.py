from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("commissions", "0002_guards")]

    operations = [
        migrations.RemoveIndex("commissionentry", "commissionentry_by_partner"),
        migrations.AddIndex(
            "commissionentry",
            models.Index(
                fields=["partner", "entered_on", "id"],
                include=["currency", "amount_minor"],
                name="commissionentry_by_partner",
            ),
        ),
    ]
