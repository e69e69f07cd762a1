import django.db.models.deletion
from django.db import migrations, models
from django.db.models.functions import Now

from duebook.events.append_only import append_only

_ENTRIES = "ALTER TABLE commissions_commissionentry {} TRIGGER commissions_commissionentry_no_change"


def keep_what_is_known(apps, schema_editor):
    """Give each accrual the order's lines of today: what they were when an entry was made is not known."""
    Accrual = apps.get_model("commissions", "Accrual")
    Basis = apps.get_model("commissions", "AccrualBasis")
    Entry = apps.get_model("commissions", "CommissionEntry")
    Item = apps.get_model("orders", "OrderItem")
    schema_editor.execute(_ENTRIES.format("DISABLE"))
    for accrual in Accrual.objects.select_related("invoice").iterator():
        items = Item.objects.filter(order_id=accrual.invoice.order_id).order_by("position")
        sold = [
            {
                "position": item.position,
                "kind": item.kind,
                "product_id": item.product_id,
                "description": item.description,
                "quantity": format(item.quantity.normalize(), "f"),
                "line_minor": item.line_minor,
                "apply_to_commissions": item.apply_to_commissions,
            }
            for item in items
        ]
        basis = Basis.objects.create(sold=sold, lines=accrual.lines)
        Accrual.objects.filter(pk=accrual.pk).update(basis=basis)
        Entry.objects.filter(accrual=accrual).update(basis=basis)
    # PostgreSQL changes no table that has checks pending.
    schema_editor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    schema_editor.execute(_ENTRIES.format("ENABLE"))


def _basis(**options):
    return models.ForeignKey(
        db_index=False,
        on_delete=django.db.models.deletion.RESTRICT,
        to="commissions.accrualbasis",
        verbose_name="basis",
        **options,
    )


class Migration(migrations.Migration):
    dependencies = [("commissions", "0003_covering_index"), ("orders", "__first__")]

    operations = [
        migrations.CreateModel(
            name="AccrualBasis",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("sold", models.JSONField(verbose_name="lines of the order")),
                ("lines", models.JSONField(verbose_name="lines with their rules")),
                ("recorded_at", models.DateTimeField(db_default=Now(), verbose_name="recorded")),
            ],
        ),
        migrations.AddField("accrual", "basis", _basis(null=True, related_name="accruals")),
        migrations.AddField("commissionentry", "basis", _basis(null=True, related_name="entries")),
        migrations.RunPython(keep_what_is_known, migrations.RunPython.noop),
        migrations.AlterField("accrual", "basis", _basis(related_name="accruals")),
        migrations.AlterField("commissionentry", "basis", _basis(related_name="entries")),
        migrations.RemoveField("accrual", "lines"),
        append_only("commissions_accrualbasis"),
    ]
