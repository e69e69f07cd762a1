from django.db import migrations

from duebook.staff.seeds import seed_business


def seed(apps, schema_editor):
    seed_business(apps.get_model("staff", "Business"))


class Migration(migrations.Migration):
    dependencies = [("staff", "0001_initial")]

    operations = [migrations.RunPython(seed, migrations.RunPython.noop)]
