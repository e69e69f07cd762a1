from django.db import migrations

NOT_ALONE_AT_ONCE = migrations.RunSQL(
    sql="""
        CREATE TRIGGER commissions_payoutbatch_alone_a_day_later BEFORE UPDATE ON commissions_payoutbatch
          FOR EACH ROW WHEN (OLD.state = 'built' AND NEW.state = 'approved'
                             AND NEW.decided_by_id = NEW.built_by_id
                             AND NEW.decided_at < NEW.built_at + interval '24 hours')
          EXECUTE FUNCTION refuse_change()
    """,
    reverse_sql="DROP TRIGGER commissions_payoutbatch_alone_a_day_later ON commissions_payoutbatch",
)
"""A trigger and no CHECK: batches approved by their only user before there was this rule stay as they are."""


class Migration(migrations.Migration):
    dependencies = [
        ("commissions", "0008_undone_refunds"),
    ]

    operations = [NOT_ALONE_AT_ONCE]
