from django.db import migrations, models
from django.db.models.functions import Lower


class Migration(migrations.Migration):
    dependencies = [("contacts", "0001_initial")]

    operations = [
        migrations.AddIndex(
            model_name="contact",
            index=models.Index(
                Lower("email"), condition=models.Q(("email", ""), _negated=True), name="contact_by_email"
            ),
        ),
    ]
