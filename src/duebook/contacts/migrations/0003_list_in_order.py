from django.db import migrations, models
from django.db.models.functions import Collate, Lower


class Migration(migrations.Migration):
    dependencies = [("contacts", "0002_find_by_email")]

    operations = [
        migrations.AddIndex(
            "contact",
            models.Index(Collate(Lower("name"), "C"), models.F("id"), name="contact_in_order"),
        ),
    ]
