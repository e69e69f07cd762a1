from django.db import migrations, models

CAME_BACK = """
UPDATE payments_gatewayrefund g SET came_back_at = latest.observed_at
  FROM (SELECT DISTINCT ON (gateway_refund_id) gateway_refund_id, seen, observed_at
          FROM payments_observation WHERE gateway_refund_id IS NOT NULL
         ORDER BY gateway_refund_id, id DESC) AS latest
 WHERE latest.gateway_refund_id = g.id AND latest.seen = 'failed' AND g.state = 'succeeded'
"""


class Migration(migrations.Migration):
    dependencies = [
        ("payments", "0020_approved_alone"),
    ]

    operations = [
        migrations.AddField(
            model_name="gatewayrefund",
            name="came_back_at",
            field=models.DateTimeField(null=True, verbose_name="came back"),
        ),
        migrations.RunSQL(CAME_BACK, migrations.RunSQL.noop),
        migrations.AddConstraint(
            model_name="gatewayrefund",
            constraint=models.CheckConstraint(
                condition=models.Q(("came_back_at__isnull", True), ("state", "succeeded"), _connector="OR"),
                name="gatewayrefund_came_back_had_gone",
            ),
        ),
        migrations.AddIndex(
            model_name="gatewayrefund",
            index=models.Index(
                condition=models.Q(("came_back_at__isnull", False)),
                fields=["came_back_at"],
                name="gatewayrefund_came_back",
            ),
        ),
    ]
