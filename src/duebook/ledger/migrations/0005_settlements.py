from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("ledger", "0004_refunds"),
    ]

    operations = [
        migrations.AlterField(
            model_name="transfer",
            name="kind",
            field=models.CharField(
                choices=[
                    ("invoice_issued", "invoice_issued"),
                    ("order_changed", "order_changed"),
                    ("invoice_voided", "invoice_voided"),
                    ("payment_received", "payment_received"),
                    ("adjustment", "adjustment"),
                    ("allocated", "allocated"),
                    ("deallocated", "deallocated"),
                    ("returned", "returned"),
                    ("refunded", "refunded"),
                    ("bank_fee", "bank_fee"),
                    ("processor_fee", "processor_fee"),
                    ("settled", "settled"),
                    ("commission_earned", "commission_earned"),
                    ("commission_clawed_back", "commission_clawed_back"),
                    ("commission_paid", "commission_paid"),
                ],
                max_length=30,
                verbose_name="kind",
            ),
        ),
    ]
