"""An order belongs to one contact and has items.

The amount of a line is stored, never recomputed from its price.
"""

from django.db import models
from django.db.models import Func, Q, Value
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from duebook.catalog.models import Product
from duebook.contacts.models import Contact
from duebook.domain.money import MAX_MINOR
from duebook.domain.order_lines import ItemKind
from duebook.domain.permissions import Source
from duebook.partners.models import Partner


class NextNumber(Func):
    """The next number of a sequence, as a column default."""

    function = "nextval"
    template = "%(function)s(%(expressions)s::regclass)"
    output_field = models.BigIntegerField()

    def __init__(self, sequence: str) -> None:
        super().__init__(Value(sequence))


class Order(models.Model):
    number = models.BigIntegerField(_("number"), unique=True, db_default=NextNumber("order_number_seq"))
    contact = models.ForeignKey(
        Contact,
        on_delete=models.RESTRICT,
        related_name="orders",
        verbose_name=_("contact"),
    )
    title = models.CharField(_("title"), max_length=200)
    ordered_on = models.DateField(_("date"))
    currency = models.CharField(_("currency"), max_length=3)
    source = models.CharField(_("source"), max_length=10, choices=[(s.value, s.value) for s in Source])
    source_key = models.CharField(_("identity in the source"), max_length=200, null=True)
    lead_partner = models.ForeignKey(
        Partner,
        on_delete=models.RESTRICT,
        null=True,
        blank=True,
        related_name="lead_orders",
        verbose_name=_("lead referral partner"),
    )
    sale_partner = models.ForeignKey(
        Partner,
        on_delete=models.RESTRICT,
        null=True,
        blank=True,
        related_name="sale_orders",
        verbose_name=_("sale referral partner"),
    )
    created_at = models.DateTimeField(_("created"), db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["source", "source_key"],
                condition=Q(source_key__isnull=False),
                name="order_source_once",
            ),
        ]
        indexes = [models.Index(fields=["ordered_on", "id"], name="order_newest")]

    def __str__(self) -> str:
        return f"#{self.number}"


class OrderItem(models.Model):
    """One line; a discount's ``line_minor`` is negative, every other kind's is zero or more."""

    class Kinds(models.TextChoices):
        PRODUCT = ItemKind.PRODUCT.value, _("Product")
        TAX = ItemKind.TAX.value, _("Tax")
        SHIPPING = ItemKind.SHIPPING.value, _("Shipping")
        DISCOUNT = ItemKind.DISCOUNT.value, _("Discount")
        FINANCE_CHARGE = ItemKind.FINANCE_CHARGE.value, _("Finance charge")
        OTHER = ItemKind.OTHER.value, _("Other")

    order = models.ForeignKey(Order, on_delete=models.RESTRICT, related_name="items", verbose_name=_("order"))
    position = models.PositiveSmallIntegerField(_("position"))
    kind = models.CharField(_("kind"), max_length=15, choices=Kinds, default=Kinds.PRODUCT)
    product = models.ForeignKey(
        Product,
        on_delete=models.RESTRICT,
        null=True,
        blank=True,
        related_name="items",
        verbose_name=_("product"),
    )
    description = models.CharField(_("description"), max_length=200)
    quantity = models.DecimalField(_("quantity"), max_digits=14, decimal_places=4)
    unit_price = models.DecimalField(_("unit price"), max_digits=22, decimal_places=6)
    line_minor = models.BigIntegerField(_("amount"))
    apply_to_commissions = models.BooleanField(_("apply to commissions"), default=True)

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["order", "position"], name="orderitem_position_once"),
            models.CheckConstraint(condition=Q(quantity__gt=0), name="orderitem_quantity_positive"),
            models.CheckConstraint(
                condition=Q(kind=ItemKind.DISCOUNT.value, line_minor__lte=0)
                | (~Q(kind=ItemKind.DISCOUNT.value) & Q(line_minor__gte=0)),
                name="orderitem_only_discounts_negative",
            ),
            models.CheckConstraint(
                condition=Q(line_minor__gte=-MAX_MINOR, line_minor__lte=MAX_MINOR),
                name="orderitem_in_range",
            ),
        ]

    def __str__(self) -> str:
        return self.description


class Cancellation(models.Model):
    """The order was cancelled: who, when and why stands in the row and its event."""

    order = models.OneToOneField(
        Order,
        on_delete=models.RESTRICT,
        related_name="cancellation",
        verbose_name=_("order"),
    )
    cancelled_on = models.DateField(_("date"))
    reason = models.TextField(_("reason"))
    cancelled_by_id = models.BigIntegerField(_("cancelled by"))
    recorded_at = models.DateTimeField(_("recorded"), db_default=Now())

    class Meta:
        constraints = [models.CheckConstraint(condition=~Q(reason=""), name="cancellation_has_a_reason")]

    def __str__(self) -> str:
        return f"{self.order_id} cancelled"
