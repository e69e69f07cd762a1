"""Pay links, and each attempt of a customer to pay by one.

Of a link's token only the hash is kept. An attempt belongs to one entry of a card (its ``setup``) and leads
to one charge at most; so no second submit, reload or way back charges twice.
"""

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from duebook.contacts.models import Contact
from duebook.domain.money import MAX_MINOR
from duebook.gateways.models import MerchantAccount
from duebook.invoices.models import Invoice
from duebook.payments.card_models import CardSetup
from duebook.payments.charge_models import Charge


class PayLink(models.Model):
    """A page for one customer to pay one invoice or several by card, until it runs out or is withdrawn."""

    contact = models.ForeignKey(
        Contact, on_delete=models.RESTRICT, related_name="pay_links", verbose_name=_("contact")
    )
    merchant_account = models.ForeignKey(
        MerchantAccount, on_delete=models.RESTRICT, related_name="pay_links", verbose_name=_("account")
    )
    currency = models.CharField(_("currency"), max_length=3)
    reference = models.CharField(_("name of the link"), max_length=80, unique=True)
    token_hash = models.CharField(_("hash of the link's token"), max_length=64, unique=True)
    offered_by_id = models.BigIntegerField(_("offered by"))
    offered_at = models.DateTimeField(_("offered"), db_default=Now())
    expires_at = models.DateTimeField(_("link works until"))
    withdrawn_at = models.DateTimeField(_("withdrawn"), null=True)
    withdrawn_by_id = models.BigIntegerField(_("withdrawn by"), null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(withdrawn_at__isnull=True, withdrawn_by_id__isnull=True)
                | Q(withdrawn_at__isnull=False, withdrawn_by_id__isnull=False),
                name="paylink_withdrawn_by_someone",
            ),
        ]
        indexes = [models.Index(fields=["contact", "-id"], name="paylink_by_contact")]

    def __str__(self) -> str:
        return f"L-{self.pk}"


class PayLinkInvoice(models.Model):
    """An invoice that a link is for."""

    link = models.ForeignKey(
        PayLink, on_delete=models.RESTRICT, related_name="lines", verbose_name=_("pay link")
    )
    invoice = models.ForeignKey(
        Invoice, on_delete=models.RESTRICT, related_name="pay_link_lines", verbose_name=_("invoice")
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["link", "invoice"], name="paylinkinvoice_once"),
        ]

    def __str__(self) -> str:
        return f"{self.link_id}: {self.invoice_id}"


class LinkPayment(models.Model):
    """What the customer chose to pay by a link, and what came of it.

    ``refusal`` is the code of why no charge was made; ``ended_at`` says that what follows from its end was
    seen to. A charge that succeeds after another end takes that back: it is seen to anew.
    """

    link = models.ForeignKey(
        PayLink, on_delete=models.RESTRICT, related_name="payments", verbose_name=_("pay link")
    )
    number = models.PositiveIntegerField(_("number"))
    request_key = models.CharField(_("request key"), max_length=100)
    amount_minor = models.BigIntegerField(_("amount"))
    keeps_card = models.BooleanField(_("keep the card"), default=False)
    setup = models.OneToOneField(
        CardSetup, on_delete=models.RESTRICT, related_name="link_payment", verbose_name=_("entry of the card")
    )
    charge = models.OneToOneField(
        Charge, on_delete=models.RESTRICT, related_name="link_payment", null=True, verbose_name=_("charge")
    )
    refusal = models.CharField(_("why nothing was charged"), max_length=60, blank=True)
    begun_at = models.DateTimeField(_("begun"), db_default=Now())
    ended_at = models.DateTimeField(_("ended"), null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(amount_minor__gt=0, amount_minor__lte=MAX_MINOR),
                name="linkpayment_amount_in_range",
            ),
            models.CheckConstraint(
                condition=Q(charge__isnull=True) | Q(refusal=""), name="linkpayment_charged_or_refused"
            ),
            models.UniqueConstraint(fields=["link", "number"], name="linkpayment_number_once"),
            models.UniqueConstraint(fields=["link", "request_key"], name="linkpayment_one_a_request"),
        ]
        indexes = [
            models.Index(
                fields=["begun_at"], condition=Q(ended_at__isnull=True), name="linkpayment_to_close"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.link}/{self.number}"


class LinkPaymentLine(models.Model):
    """What of it pays which invoice, and what was due on that when the customer chose."""

    payment = models.ForeignKey(
        LinkPayment, on_delete=models.RESTRICT, related_name="lines", verbose_name=_("payment by link")
    )
    invoice = models.ForeignKey(
        Invoice, on_delete=models.RESTRICT, related_name="link_payment_lines", verbose_name=_("invoice")
    )
    amount_minor = models.BigIntegerField(_("amount"))
    balance_seen_minor = models.BigIntegerField(_("balance due as seen"))

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(amount_minor__gt=0, amount_minor__lte=F("balance_seen_minor")),
                name="linkpaymentline_within_balance",
            ),
            models.UniqueConstraint(fields=["payment", "invoice"], name="linkpaymentline_once"),
        ]

    def __str__(self) -> str:
        return f"{self.payment_id} → {self.invoice_id}: {self.amount_minor}"
