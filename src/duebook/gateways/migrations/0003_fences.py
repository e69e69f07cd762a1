import django.db.models.functions.datetime
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("gateways", "0002_webhook_resolutions")]

    operations = [
        migrations.AddField(
            model_name="merchantaccount",
            name="fenced_since",
            field=models.DateTimeField(
                null=True, verbose_name="paused, as these books may lack what happened since"
            ),
        ),
        migrations.CreateModel(
            name="SignOfLife",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("database", models.CharField(max_length=80, verbose_name="database")),
                (
                    "alive_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), verbose_name="last at work"
                    ),
                ),
            ],
        ),
        migrations.AddConstraint(
            model_name="signoflife",
            constraint=models.CheckConstraint(condition=models.Q(("pk", 1)), name="signoflife_one"),
        ),
    ]
