from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("commissions", "0004_an_entry_keeps_its_basis"),
    ]

    operations = [
        migrations.AlterField(
            model_name="commissionentry",
            name="cause",
            field=models.CharField(
                choices=[
                    ("payment", "Payment"),
                    ("undone", "Payment undone"),
                    ("returned", "Payment returned"),
                    ("refunded", "Payment refunded"),
                    ("moved", "Payment moved"),
                    ("credit_applied", "Credit applied"),
                    ("assigned", "Partner assigned"),
                    ("order_placed", "Order placed"),
                    ("order_changed", "Order changed"),
                    ("order_cancelled", "Order cancelled"),
                    ("recalculated", "Recalculated"),
                ],
                max_length=16,
                verbose_name="cause",
            ),
        ),
    ]
