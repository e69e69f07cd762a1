"""The business's accounts with card processors, and what their webhooks brought.

A secret is sealed before it is kept and never shown again. A message is stored as it came, unique by account
and event, and processed afterwards: what happened is asked of the gateway.
"""

import secrets

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext, gettext_lazy as _

from duebook.gateways.protocol import ObjectKind
from duebook.ledger.models import Account


def new_webhook_token() -> str:
    """The part of the webhook's address that nobody guesses."""
    return secrets.token_urlsafe(24)


class MerchantAccount(models.Model):
    """An account with a card processor.

    From ``fenced_since`` on these books may lack what happened there, as they may have been restored from a
    backup. Until the processor has told, nothing is charged or given back.
    """

    class Adapters(models.TextChoices):
        SANDBOX = "sandbox", _("Sandbox (no money moves)")
        STRIPE = "stripe", _("Stripe")

    name = models.CharField(_("name"), max_length=60)
    adapter = models.CharField(_("card processor"), max_length=10, choices=Adapters)
    sealed_secret = models.TextField(_("secret key"))
    public_key = models.CharField(_("publishable key"), max_length=200, blank=True)
    sealed_webhook_secrets = models.JSONField(_("signing secrets of the webhook"), default=list, blank=True)
    webhook_token = models.CharField(
        _("webhook address"), max_length=40, unique=True, default=new_webhook_token
    )
    base_url = models.CharField(_("address of the processor"), max_length=200, blank=True)
    live = models.BooleanField(_("live"), default=False)
    gateway_account_id = models.CharField(_("account at the processor"), max_length=100, blank=True)
    currencies = models.JSONField(_("currencies"), default=list, blank=True)
    clearing_account = models.ForeignKey(
        Account, on_delete=models.RESTRICT, related_name="merchant_accounts", verbose_name=_("card clearing")
    )
    active = models.BooleanField(_("active"), default=True)
    is_default = models.BooleanField(_("default"), default=False)
    checked_at = models.DateTimeField(_("connection tested"), null=True)
    last_event_at = models.DateTimeField(_("last event"), null=True)
    fenced_since = models.DateTimeField(_("paused, as these books may lack what happened since"), null=True)
    created_at = models.DateTimeField(_("added"), db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(models.functions.Lower("name"), name="merchantaccount_name_once"),
            models.UniqueConstraint(
                fields=["is_default"], condition=models.Q(is_default=True), name="merchantaccount_one_default"
            ),
            models.CheckConstraint(
                condition=models.Q(is_default=False) | models.Q(active=True),
                name="merchantaccount_default_is_active",
            ),
        ]

    def __str__(self) -> str:
        """The name; an account in test mode says so wherever it is named."""
        return self.name if self.live else gettext("%(name)s (test)") % {"name": self.name}

    def clearing_name(self) -> str:
        """What the books call the account's card clearing."""
        return f"Card clearing {self.name}" if self.live else f"Card clearing {self.name} (test)"


class SignOfLife(models.Model):
    """When these books were last at work, and in which database: what tells that they were restored."""

    database = models.CharField(_("database"), max_length=80)
    alive_at = models.DateTimeField(_("last at work"), db_default=Now())

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(pk=1), name="signoflife_one")]

    def __str__(self) -> str:
        return f"{self.database} at {self.alive_at:%Y-%m-%d %H:%M}"


class WebhookMessage(models.Model):
    """An event that a gateway told us of, and how far it was processed."""

    class States(models.TextChoices):
        WAITING = "waiting", _("Waiting")
        PROCESSED = "processed", _("Processed")
        FAILED = "failed", _("Failed")

    merchant_account = models.ForeignKey(
        MerchantAccount, on_delete=models.RESTRICT, related_name="messages", verbose_name=_("account")
    )
    event_id = models.CharField(_("event"), max_length=100)
    kind = models.CharField(_("kind"), max_length=80)
    object_kind = models.CharField(
        _("about"), max_length=12, choices=[(kind.value, kind.value) for kind in ObjectKind]
    )
    object_id = models.CharField(_("object"), max_length=100)
    occurred_at = models.DateTimeField(_("happened"))
    received_at = models.DateTimeField(_("received"), db_default=Now())
    state = models.CharField(_("state"), max_length=10, choices=States, default=States.WAITING)
    tries = models.PositiveSmallIntegerField(_("tries"), default=0)
    problem = models.TextField(_("problem"), blank=True)
    processed_at = models.DateTimeField(_("processed"), null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["merchant_account", "event_id"], name="webhookmessage_once"),
        ]
        indexes = [
            models.Index(
                fields=["received_at"],
                condition=~models.Q(state="processed"),
                name="webhookmessage_to_do",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.merchant_account_id}: {self.event_id}"


class WebhookResolution(models.Model):
    """A person has dealt with a message that was not booked by itself: who, when, and what was done."""

    message = models.OneToOneField(
        WebhookMessage, on_delete=models.RESTRICT, related_name="resolution", verbose_name=_("message")
    )
    note = models.TextField(_("what was done"))
    resolved_by_id = models.BigIntegerField(_("dealt with by"))
    resolved_at = models.DateTimeField(_("dealt with"), db_default=Now())

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~models.Q(note=""), name="webhookresolution_has_a_note"),
        ]

    def __str__(self) -> str:
        return f"{self.message_id}: {self.note}"
