"""Cards on file, and how each came there."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from duebook.contacts.models import Contact
from duebook.gateways.models import MerchantAccount
from duebook.gateways.protocol import SetupOutcome


class PaymentMethod(models.Model):
    """A card that the gateway keeps for a contact; of its number we know the last four digits.

    One that is not ``on_file`` was entered for one payment alone: nobody else may charge it, and the gateway
    forgets it once that has ended. ``forgotten_at`` is when the gateway was first told to forget the token;
    from then on nobody can rely on it.
    """

    contact = models.ForeignKey(
        Contact, on_delete=models.RESTRICT, related_name="payment_methods", verbose_name=_("contact")
    )
    merchant_account = models.ForeignKey(
        MerchantAccount, on_delete=models.RESTRICT, related_name="payment_methods", verbose_name=_("account")
    )
    token = models.CharField(_("token"), max_length=120)
    customer = models.CharField(_("customer at the gateway"), max_length=120, blank=True)
    brand = models.CharField(_("brand"), max_length=30)
    last_four = models.CharField(_("last four digits"), max_length=4)
    exp_month = models.PositiveSmallIntegerField(_("month of expiry"))
    exp_year = models.PositiveSmallIntegerField(_("year of expiry"))
    fingerprint = models.CharField(_("fingerprint"), max_length=120, blank=True)
    is_default = models.BooleanField(_("default"), default=False)
    active = models.BooleanField(_("active"), default=True)
    on_file = models.BooleanField(_("on file"), default=True, db_default=True)
    added_at = models.DateTimeField(_("added"), db_default=Now())
    forgotten_at = models.DateTimeField(_("told to forget"), null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["merchant_account", "token"], name="paymentmethod_token_once"),
            models.UniqueConstraint(
                fields=["contact"],
                condition=Q(is_default=True, active=True),
                name="paymentmethod_one_default",
            ),
            models.CheckConstraint(
                condition=Q(exp_month__gte=1, exp_month__lte=12), name="paymentmethod_month"
            ),
            models.CheckConstraint(
                condition=Q(on_file=True) | Q(is_default=False), name="paymentmethod_default_is_on_file"
            ),
            models.CheckConstraint(
                condition=Q(active=False) | Q(forgotten_at__isnull=True),
                name="paymentmethod_forgotten_is_out_of_use",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.brand} •••• {self.last_four}"

    @property
    def expiry(self) -> str:
        """The month of expiry as it stands on a card: 12/26."""
        return f"{self.exp_month:02d}/{self.exp_year % 100:02d}"


class CardSetup(models.Model):
    """A link by which a customer puts a card on file, or enters one to pay, and what became of it.

    Of the link's token only the hash is kept. The customer types the card at the gateway, which knows this by
    ``gateway_id``; after a declined card another may be tried.
    """

    class States(models.TextChoices):
        WAITING = SetupOutcome.WAITING.value, _("Waiting for the customer")
        SAVED = SetupOutcome.SAVED.value, _("Saved")
        DECLINED = SetupOutcome.DECLINED.value, _("Declined")
        CANCELLED = SetupOutcome.CANCELLED.value, _("Cancelled")

    contact = models.ForeignKey(
        Contact, on_delete=models.RESTRICT, related_name="card_setups", verbose_name=_("contact")
    )
    merchant_account = models.ForeignKey(
        MerchantAccount, on_delete=models.RESTRICT, related_name="card_setups", verbose_name=_("account")
    )
    reference = models.CharField(_("our name at the gateway"), max_length=80, unique=True)
    token_hash = models.CharField(_("hash of the link's token"), max_length=64, unique=True)
    offered_by_id = models.BigIntegerField(_("offered by"))
    offered_at = models.DateTimeField(_("offered"), db_default=Now())
    expires_at = models.DateTimeField(_("link works until"))
    puts_on_file = models.BooleanField(_("puts the card on file"), default=True, db_default=True)

    state = models.CharField(_("state"), max_length=10, choices=States, default=States.WAITING)
    gateway_id = models.CharField(_("id at the gateway"), max_length=120, blank=True)
    customer = models.CharField(_("customer at the gateway"), max_length=120, blank=True)
    sealed_handle = models.TextField(_("how the gateway takes the card, sealed"), blank=True)
    begun_at = models.DateTimeField(_("begun"), null=True)
    ended_at = models.DateTimeField(_("outcome known"), null=True)
    decline_kind = models.CharField(_("kind of decline"), max_length=30, blank=True)
    decline_code = models.CharField(_("code of the decline"), max_length=60, blank=True)
    payment_method = models.ForeignKey(
        PaymentMethod, on_delete=models.RESTRICT, related_name="setups", null=True, verbose_name=_("card")
    )

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(state=SetupOutcome.SAVED.value, payment_method__isnull=False)
                | (~Q(state=SetupOutcome.SAVED.value) & Q(payment_method__isnull=True)),
                name="cardsetup_saved_has_a_card",
            ),
            models.CheckConstraint(
                condition=Q(state=SetupOutcome.WAITING.value, ended_at__isnull=True)
                | (~Q(state=SetupOutcome.WAITING.value) & Q(ended_at__isnull=False)),
                name="cardsetup_ended_unless_waiting",
            ),
            models.UniqueConstraint(
                fields=["merchant_account", "gateway_id"],
                condition=~Q(gateway_id=""),
                name="cardsetup_gateway_id_once",
            ),
        ]

    def __str__(self) -> str:
        return self.reference

    @property
    def is_open(self) -> bool:
        """Whether a card may still be typed, as far as the state says."""
        return self.state in (self.States.WAITING, self.States.DECLINED)
