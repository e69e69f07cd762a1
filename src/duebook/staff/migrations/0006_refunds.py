from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("staff", "0005_installation"),
    ]

    operations = [
        migrations.AlterField(
            model_name="rolelimit",
            name="right",
            field=models.CharField(
                choices=[
                    ("record payments", "record payments"),
                    ("charge cards", "charge cards"),
                    ("record adjustments and write-offs", "record adjustments and write-offs"),
                    ("undo any payment", "undo any payment"),
                    ("record returned payments", "record returned payments"),
                    ("refund payments", "refund payments"),
                ],
                max_length=60,
                verbose_name="right",
            ),
        ),
    ]
