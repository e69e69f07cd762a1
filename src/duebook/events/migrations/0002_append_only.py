from django.db import migrations

from duebook.events.append_only import REFUSE_CHANGE, append_only


class Migration(migrations.Migration):
    dependencies = [("events", "0001_initial")]

    operations = [
        migrations.RunSQL(REFUSE_CHANGE, "DROP FUNCTION refuse_change()"),
        append_only("events_event"),
    ]
