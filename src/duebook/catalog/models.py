"""A product has a default price; an order keeps its own copy of name and price."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class Product(models.Model):
    name = models.CharField(_("name"), max_length=200)
    sku = models.CharField(_("SKU"), max_length=64, null=True, blank=True)
    price_minor = models.BigIntegerField(_("price"), default=0)
    currency = models.CharField(_("currency"), max_length=3)
    taxable = models.BooleanField(_("taxable"), default=True)
    active = models.BooleanField(_("active"), default=True)
    description = models.TextField(_("description"), blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(price_minor__gte=0), name="product_price_not_negative"),
            models.UniqueConstraint(fields=["sku"], condition=Q(sku__isnull=False), name="product_sku_once"),
        ]
        indexes = [models.Index(models.functions.Lower("name"), name="product_by_name")]

    def __str__(self) -> str:
        return self.name
