from django.db import migrations

from duebook.events.append_only import append_only, facts_fixed
from duebook.payments.seeds import seed_payment_types

PAYMENT_FACTS = [
    "id",
    "number",
    "contact_id",
    "payment_type_id",
    "kind",
    "amount_minor",
    "currency",
    "received_on",
    "apply_to_commissions",
    "charge_id",
    "recorded_by_id",
    "recorded_at",
    "source",
]


def seed(apps, schema_editor):
    seed_payment_types(apps.get_model("payments", "PaymentType"))


class Migration(migrations.Migration):
    dependencies = [
        ("payments", "0001_initial"),
        ("events", "0002_append_only"),
        ("ledger", "0002_append_only_and_accounts"),
    ]

    operations = [
        facts_fixed("payments_payment", PAYMENT_FACTS),
        append_only("payments_allocation"),
        append_only("payments_reversal"),
        append_only("payments_return"),
        migrations.RunPython(seed, migrations.RunPython.noop),
    ]
