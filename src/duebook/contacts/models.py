"""A contact is a person or a company; its name, search text and sort key are computed by the database."""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import F, Q, Value
from django.db.models.functions import Coalesce, Collate, Concat, Lower, Now, NullIf, Trim
from django.utils.translation import gettext_lazy as _

_FULL_NAME = Trim(Concat(F("given_name"), Value(" "), F("family_name")))


class Contact(models.Model):
    given_name = models.CharField(_("first name"), max_length=100, blank=True)
    family_name = models.CharField(_("last name"), max_length=100, blank=True)
    company = models.CharField(_("company"), max_length=200, blank=True)
    email = models.EmailField(_("e-mail"), blank=True)
    phone = models.CharField(_("phone"), max_length=40, blank=True)
    line1 = models.CharField(_("address"), max_length=200, blank=True)
    line2 = models.CharField(_("address, second line"), max_length=200, blank=True)
    city = models.CharField(_("city"), max_length=100, blank=True)
    region = models.CharField(_("state or region"), max_length=100, blank=True)
    postal_code = models.CharField(_("postal code"), max_length=20, blank=True)
    country = models.CharField(_("country"), max_length=100, blank=True)
    tags = ArrayField(
        models.CharField(max_length=50),
        verbose_name=_("tags"),
        default=list,
        blank=True,
    )
    notes = models.TextField(_("notes"), blank=True)
    external_id = models.CharField(_("id in the old system"), max_length=100, null=True, blank=True)
    created_at = models.DateTimeField(_("created"), db_default=Now())
    name = models.GeneratedField(
        expression=Coalesce(NullIf(_FULL_NAME, Value("")), F("company")),
        output_field=models.CharField(max_length=201),
        db_persist=True,
    )
    search_text = models.GeneratedField(
        expression=Lower(
            Concat(
                F("given_name"),
                Value(" "),
                F("family_name"),
                Value(" "),
                F("company"),
                Value(" "),
                F("email"),
                output_field=models.TextField(),
            )
        ),
        output_field=models.TextField(),
        db_persist=True,
    )

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=~Q(given_name="") | ~Q(family_name="") | ~Q(company=""),
                name="contact_has_a_name",
            ),
            models.UniqueConstraint(
                fields=["external_id"],
                condition=Q(external_id__isnull=False),
                name="contact_external_id_once",
            ),
        ]
        indexes = [
            GinIndex(OpClass(F("search_text"), name="gin_trgm_ops"), name="contact_search"),
            models.Index(OpClass(Lower("name"), name="text_pattern_ops"), name="contact_by_name"),
            models.Index(Collate(Lower("name"), "C"), "id", name="contact_in_order"),
            models.Index(Lower("email"), condition=~Q(email=""), name="contact_by_email"),
        ]

    def __str__(self) -> str:
        return str(self.name)
