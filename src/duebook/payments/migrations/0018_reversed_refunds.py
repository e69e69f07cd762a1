import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

from duebook.events.append_only import append_only


class Migration(migrations.Migration):
    dependencies = [
        ("payments", "0017_what_has_cleared"),
    ]

    operations = [
        migrations.CreateModel(
            name="RefundReversal",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("transfer_id", models.BigIntegerField(unique=True, verbose_name="transfer")),
                ("reason", models.TextField(verbose_name="reason")),
                ("reversed_on", models.DateField(verbose_name="date")),
                ("reversed_by_id", models.BigIntegerField(verbose_name="undone by")),
                (
                    "recorded_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), verbose_name="recorded"
                    ),
                ),
                (
                    "refund",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.RESTRICT,
                        related_name="reversal",
                        to="payments.refund",
                        verbose_name="refund",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("reason", ""), _negated=True), name="refundreversal_has_a_reason"
                    ),
                ],
            },
        ),
        append_only("payments_refundreversal"),
    ]
