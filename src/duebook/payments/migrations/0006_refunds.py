import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

from duebook.events.append_only import append_only


class Migration(migrations.Migration):
    dependencies = [
        ("events", "0002_append_only"),
        ("ledger", "0004_refunds"),
        ("payments", "0005_charge_guards"),
    ]

    operations = [
        migrations.CreateModel(
            name="Refund",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("amount_minor", models.BigIntegerField(verbose_name="amount")),
                ("currency", models.CharField(max_length=3, verbose_name="currency")),
                ("refunded_on", models.DateField(verbose_name="date")),
                (
                    "means",
                    models.CharField(
                        choices=[("by_hand", "By hand"), ("gateway", "Through the gateway")],
                        max_length=8,
                        verbose_name="means",
                    ),
                ),
                ("reference", models.CharField(blank=True, max_length=100, verbose_name="reference")),
                ("reason", models.TextField(verbose_name="reason")),
                (
                    "gateway_refund_id",
                    models.BigIntegerField(null=True, verbose_name="attempt at the gateway"),
                ),
                ("recorded_by_id", models.BigIntegerField(verbose_name="recorded by")),
                (
                    "recorded_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), verbose_name="recorded"
                    ),
                ),
                (
                    "account",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.RESTRICT,
                        related_name="refunds",
                        to="ledger.account",
                        verbose_name="account that the money left",
                    ),
                ),
                (
                    "payment",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.RESTRICT,
                        related_name="refunds",
                        to="payments.payment",
                        verbose_name="payment",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("reason", ""), _negated=True), name="refund_has_a_reason"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("amount_minor__gt", 0), ("amount_minor__lte", 1000000000000000)),
                        name="refund_amount_in_range",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("gateway_refund_id__isnull", True), ("means", "gateway"), _connector="OR"
                        ),
                        name="refund_by_hand_has_no_attempt",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("gateway_refund_id__isnull", False)),
                        fields=("gateway_refund_id",),
                        name="refund_once_per_attempt",
                    ),
                ],
            },
        ),
        append_only("payments_refund"),
    ]
