"""A table of 200,000 rows with its contacts, made by ``bench.pages``."""

from django.db import models


class BareContact(models.Model):
    name = models.CharField(max_length=200)

    class Meta:
        managed = False
        db_table = "bench_bare_contact"

    def __str__(self) -> str:
        return self.name


class BareInvoice(models.Model):
    number = models.BigIntegerField()
    contact = models.ForeignKey(BareContact, on_delete=models.RESTRICT)
    due_on = models.DateField()
    balance_due_minor = models.BigIntegerField()

    objects: models.Manager["BareInvoice"] = models.Manager()

    class Meta:
        managed = False
        db_table = "bench_bare_invoice"

    def __str__(self) -> str:
        return str(self.number)
