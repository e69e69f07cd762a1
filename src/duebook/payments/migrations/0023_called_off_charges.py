from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("payments", "0022_debts_of_charges"),
    ]

    operations = [
        migrations.AddField(
            model_name="charge",
            name="called_off_at",
            field=models.DateTimeField(null=True, verbose_name="called off"),
        ),
    ]
