from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("staff", "0002_business")]

    operations = [
        migrations.AddField(
            model_name="business",
            name="partners_see_names",
            field=models.BooleanField(default=False, verbose_name="partners see the names of customers"),
        ),
        migrations.AddField(
            model_name="business",
            name="partner_link",
            field=models.CharField(blank=True, max_length=300, verbose_name="link for partners"),
        ),
    ]
