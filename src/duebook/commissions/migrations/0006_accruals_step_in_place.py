import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("commissions", "0005_refunds"), ("invoices", "0001_initial")]

    operations = [
        # An accrual is updated by every payment, in no column that an index holds: with room on its page the
        # new version needs no new entry in any index.
        migrations.RunSQL(
            "ALTER TABLE commissions_accrual SET (fillfactor = 80)",
            "ALTER TABLE commissions_accrual RESET (fillfactor)",
        ),
        migrations.AlterField(
            "accrual",
            "invoice",
            models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.RESTRICT,
                related_name="accruals",
                to="invoices.invoice",
                verbose_name="invoice",
            ),
        ),
    ]
