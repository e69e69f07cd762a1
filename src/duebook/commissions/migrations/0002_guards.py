from django.db import migrations

from duebook.events.append_only import append_only, facts_fixed


class Migration(migrations.Migration):
    dependencies = [("commissions", "0001_initial"), ("events", "0002_append_only")]

    operations = [
        append_only("commissions_commissionentry"),
        facts_fixed("commissions_payout", ["id", "batch_id", "partner_id", "amount_minor", "currency"]),
        facts_fixed("commissions_payoutline", ["id", "payout_id", "entry_id", "amount_minor"]),
    ]
