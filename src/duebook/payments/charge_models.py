"""Each attempt to charge a card, each attempt to give money of it back, and what the gateway said of them.

A charge is written down before anything is sent, and everything that the gateway ever says of it is kept.
Invariants: an invoice has at most one open charge; a state follows another only as ``domain/charging.py``
says (a trigger); no more goes back, by refunds and disputes, than was captured; ``uncleared_minor`` is what
the books hold of a charge on card clearing and the lines of settlements have not cleared.
"""

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from duebook.contacts.models import Contact
from duebook.domain.charging import OPEN_STATES, ChargeState
from duebook.domain.gateway_refunds import OPEN_REFUND_STATES, RefundState
from duebook.domain.money import MAX_MINOR
from duebook.domain.permissions import Source
from duebook.gateways.models import MerchantAccount
from duebook.invoices.models import Invoice
from duebook.payments.card_models import PaymentMethod

OPEN_REFUND_STATES_IN_ORDER = sorted(OPEN_REFUND_STATES)
"""In one order always, so that the constraint does not change from run to run."""


class Charge(models.Model):
    """One attempt to take money from a card, for one invoice or several.

    ``called_off_at`` is when it was seen that its customer need not confirm it any more, since its invoices
    are settled otherwise.
    """

    class States(models.TextChoices):
        CREATED = ChargeState.CREATED.value, _("Being prepared")
        SENT = ChargeState.SENT.value, _("On its way")
        SUCCEEDED = ChargeState.SUCCEEDED.value, _("Approved")
        DECLINED = ChargeState.DECLINED.value, _("Declined")
        NOT_PERFORMED = ChargeState.NOT_PERFORMED.value, _("Not carried out")
        REQUIRES_ACTION = ChargeState.REQUIRES_ACTION.value, _("Needs the customer")
        PENDING = ChargeState.PENDING.value, _("In progress")
        UNKNOWN = ChargeState.UNKNOWN.value, _("Unknown: we are asking the processor")

    contact = models.ForeignKey(
        Contact, on_delete=models.RESTRICT, related_name="charges", verbose_name=_("contact")
    )
    merchant_account = models.ForeignKey(
        MerchantAccount, on_delete=models.RESTRICT, related_name="charges", verbose_name=_("account")
    )
    payment_method = models.ForeignKey(
        PaymentMethod, on_delete=models.RESTRICT, related_name="charges", verbose_name=_("card")
    )
    amount_minor = models.BigIntegerField(_("amount"))
    currency = models.CharField(_("currency"), max_length=3)
    key = models.CharField(_("key at the gateway"), max_length=64, unique=True)
    reference = models.CharField(_("our name at the gateway"), max_length=80, unique=True)
    attempt = models.PositiveIntegerField(_("attempt"))
    token = models.CharField(_("token sent"), max_length=120)
    customer = models.CharField(_("customer sent"), max_length=120, blank=True)
    description = models.CharField(_("description sent"), max_length=200, blank=True)
    debts = models.CharField(_("debts sent"), max_length=500, blank=True, db_default="")
    customer_present = models.BooleanField(_("customer present"), default=False)
    apply_to_commissions = models.BooleanField(_("apply to commissions"), default=True)
    notes = models.TextField(_("notes"), blank=True)
    email_receipt = models.BooleanField(_("e-mail a receipt"), default=False)
    prepared_by_id = models.BigIntegerField(_("charged by"))
    source = models.CharField(_("source"), max_length=10, choices=[(s.value, s.value) for s in Source])
    prepared_at = models.DateTimeField(_("prepared"), db_default=Now())

    state = models.CharField(
        _("state"), max_length=16, choices=States.choices, default=ChargeState.CREATED.value
    )
    gateway_id = models.CharField(_("id at the gateway"), max_length=120, blank=True)
    sent_at = models.DateTimeField(_("sent"), null=True)
    settled_at = models.DateTimeField(_("outcome known"), null=True)
    decline_kind = models.CharField(_("kind of decline"), max_length=30, blank=True)
    decline_code = models.CharField(_("code of the decline"), max_length=60, blank=True)
    decline_message = models.CharField(_("words of the gateway"), max_length=300, blank=True)
    action_url = models.TextField(_("where the customer authenticates"), blank=True)
    problem = models.TextField(_("problem"), blank=True)
    asked = models.PositiveSmallIntegerField(_("times asked"), default=0)
    ask_at = models.DateTimeField(_("asked again"), null=True)
    called_off_at = models.DateTimeField(_("called off"), null=True)
    captured_minor = models.BigIntegerField(_("captured"), default=0)
    refunding_minor = models.BigIntegerField(_("being refunded"), default=0)
    refunded_minor = models.BigIntegerField(_("refunded"), default=0)
    disputed_minor = models.BigIntegerField(_("disputed"), db_default=0)
    returned_minor = models.BigIntegerField(_("taken back by the bank, told by letter"), db_default=0)
    dispute_fee_minor = models.BigIntegerField(_("fees of its disputes"), db_default=0)
    cleared_minor = models.BigIntegerField(_("cleared by settlements"), db_default=0)
    uncleared_minor = models.GeneratedField(
        expression=F("captured_minor")
        - F("refunded_minor")
        - F("disputed_minor")
        - F("returned_minor")
        - F("dispute_fee_minor")
        - F("cleared_minor"),
        output_field=models.BigIntegerField(_("not cleared")),
        db_persist=True,
    )

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(amount_minor__gt=0, amount_minor__lte=MAX_MINOR), name="charge_amount_in_range"
            ),
            models.CheckConstraint(
                condition=Q(
                    returned_minor__gte=0,
                    dispute_fee_minor__gte=0,
                    captured_minor__gte=F("refunded_minor") + F("disputed_minor") + F("returned_minor"),
                ),
                name="charge_returned_within_captured",
            ),
            models.CheckConstraint(
                condition=Q(cleared_minor=0) | ~Q(gateway_id=""), name="charge_cleared_by_its_id"
            ),
            models.CheckConstraint(
                condition=Q(
                    refunding_minor__gte=0,
                    refunded_minor__gte=0,
                    disputed_minor__gte=0,
                    captured_minor__gte=F("refunding_minor") + F("refunded_minor") + F("disputed_minor"),
                ),
                name="charge_refunded_within_captured",
            ),
            models.CheckConstraint(
                condition=Q(captured_minor=0) | Q(state=ChargeState.SUCCEEDED.value),
                name="charge_captured_succeeded",
            ),
            models.UniqueConstraint(
                fields=["merchant_account", "gateway_id"],
                condition=~Q(gateway_id=""),
                name="charge_gateway_id_once",
            ),
        ]
        indexes = [
            models.Index(fields=["contact", "-id"], name="charge_by_contact"),
            models.Index(fields=["ask_at"], condition=Q(ask_at__isnull=False), name="charge_to_ask"),
            models.Index(
                fields=["prepared_at"],
                condition=Q(state__in=sorted(state.value for state in OPEN_STATES)),
                name="charge_open",
            ),
            models.Index(
                fields=["prepared_at"],
                condition=~Q(problem="")
                & Q(state__in=[ChargeState.SUCCEEDED.value, ChargeState.DECLINED.value]),
                name="charge_disputed",
            ),
            models.Index(
                fields=["merchant_account", "currency"],
                condition=~Q(uncleared_minor=0),
                name="charge_not_cleared",
            ),
        ]

    def __str__(self) -> str:
        return f"C-{self.pk}"

    @property
    def is_open(self) -> bool:
        """Whether its outcome is still to come."""
        return self.state in OPEN_STATES

    @property
    def is_being_called_off(self) -> bool:
        """Whether the gateway is asked to cancel it, since its invoices are settled otherwise."""
        return self.state == ChargeState.REQUIRES_ACTION.value and self.called_off_at is not None

    @property
    def refundable_minor(self) -> int:
        """What of it can still go back: neither refunded, nor being refunded, nor taken by a dispute."""
        return self.captured_minor - self.refunded_minor - self.refunding_minor - self.disputed_minor


class ChargeLine(models.Model):
    """What a charge is to pay of one invoice; ``is_open`` while the charge is."""

    charge = models.ForeignKey(
        Charge, on_delete=models.RESTRICT, related_name="lines", verbose_name=_("charge")
    )
    invoice = models.ForeignKey(
        Invoice, on_delete=models.RESTRICT, related_name="charge_lines", verbose_name=_("invoice")
    )
    amount_minor = models.BigIntegerField(_("amount"))
    is_open = models.BooleanField(_("open"), default=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="chargeline_amount_positive"),
            models.UniqueConstraint(fields=["charge", "invoice"], name="chargeline_once"),
            models.UniqueConstraint(
                fields=["invoice"], condition=Q(is_open=True), name="chargeline_one_open_an_invoice"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.charge_id} → {self.invoice_id}: {self.amount_minor}"


class GatewayRefund(models.Model):
    """One attempt to give money of a charge back through its gateway; a success writes a ``Refund``.

    ``came_back_at`` is when the gateway was first seen to say that it failed after it had succeeded: the
    customer's bank has sent the money back. It stays a success until a person books it back.
    """

    class States(models.TextChoices):
        CREATED = RefundState.CREATED.value, _("Being prepared")
        SENT = RefundState.SENT.value, _("On its way")
        SUCCEEDED = RefundState.SUCCEEDED.value, _("Given back")
        FAILED = RefundState.FAILED.value, _("Refused")
        PENDING = RefundState.PENDING.value, _("In progress")
        UNKNOWN = RefundState.UNKNOWN.value, _("Unknown: we are asking the processor")

    payment = models.ForeignKey(
        "payments.Payment",
        on_delete=models.RESTRICT,
        related_name="gateway_refunds",
        verbose_name=_("payment"),
    )
    charge = models.ForeignKey(
        Charge, on_delete=models.RESTRICT, related_name="gateway_refunds", verbose_name=_("charge")
    )
    amount_minor = models.BigIntegerField(_("amount"))
    currency = models.CharField(_("currency"), max_length=3)
    key = models.CharField(_("key at the gateway"), max_length=64, unique=True)
    reference = models.CharField(_("our name at the gateway"), max_length=80, unique=True)
    attempt = models.PositiveIntegerField(_("attempt"))
    wanted = models.JSONField(_("what was asked for"))
    prepared_by_id = models.BigIntegerField(_("refunded by"))
    source = models.CharField(_("source"), max_length=10, choices=[(s.value, s.value) for s in Source])
    prepared_at = models.DateTimeField(_("prepared"), db_default=Now())

    state = models.CharField(
        _("state"), max_length=16, choices=States.choices, default=RefundState.CREATED.value
    )
    gateway_id = models.CharField(_("id at the gateway"), max_length=120, blank=True)
    sent_at = models.DateTimeField(_("sent"), null=True)
    settled_at = models.DateTimeField(_("outcome known"), null=True)
    problem = models.TextField(_("problem"), blank=True)
    asked = models.PositiveSmallIntegerField(_("times asked"), default=0)
    ask_at = models.DateTimeField(_("asked again"), null=True)
    came_back_at = models.DateTimeField(_("came back"), null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(came_back_at__isnull=True) | Q(state=RefundState.SUCCEEDED.value),
                name="gatewayrefund_came_back_had_gone",
            ),
            models.CheckConstraint(
                condition=Q(amount_minor__gt=0, amount_minor__lte=MAX_MINOR),
                name="gatewayrefund_amount_in_range",
            ),
            models.UniqueConstraint(
                fields=["payment"],
                condition=Q(state__in=[state.value for state in OPEN_REFUND_STATES_IN_ORDER]),
                name="gatewayrefund_one_open_a_payment",
            ),
        ]
        indexes = [
            models.Index(fields=["ask_at"], condition=Q(ask_at__isnull=False), name="gatewayrefund_to_ask"),
            models.Index(
                fields=["settled_at"],
                condition=Q(state=RefundState.FAILED.value),
                name="gatewayrefund_refused",
            ),
            models.Index(
                fields=["came_back_at"],
                condition=Q(came_back_at__isnull=False),
                name="gatewayrefund_came_back",
            ),
        ]

    def __str__(self) -> str:
        return f"R-{self.pk}"

    @property
    def is_open(self) -> bool:
        """Whether its outcome is still to come."""
        return self.state in OPEN_REFUND_STATES


class Observation(models.Model):
    """Something that the gateway said of a charge, a refund or a dispute of it, or that asking it came to.

    Append-only.
    """

    class Channels(models.TextChoices):
        REPLY = "reply", _("reply")
        WEBHOOK = "webhook", _("webhook")
        POLL = "poll", _("asked")
        PERSON = "person", _("a person")
        BY_HAND = "by_hand", _("settled by hand")

    charge = models.ForeignKey(
        Charge, on_delete=models.RESTRICT, related_name="observations", verbose_name=_("charge")
    )
    gateway_refund = models.ForeignKey(
        GatewayRefund,
        on_delete=models.RESTRICT,
        null=True,
        related_name="observations",
        verbose_name=_("refund"),
    )
    dispute = models.ForeignKey(
        "payments.Dispute",
        on_delete=models.RESTRICT,
        null=True,
        related_name="observations",
        verbose_name=_("dispute"),
        db_index=False,
    )
    channel = models.CharField(_("how"), max_length=10, choices=Channels)
    seen = models.CharField(_("seen"), max_length=16)
    state_before = models.CharField(_("before"), max_length=16)
    state_after = models.CharField(_("after"), max_length=16)
    problem = models.TextField(_("problem"), blank=True)
    payload = models.JSONField(_("what the gateway said"), default=dict)
    observed_at = models.DateTimeField(_("when"), db_default=Now())

    class Meta:
        indexes = [
            models.Index(
                fields=["dispute"], condition=Q(dispute__isnull=False), name="observation_of_dispute"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.charge_id}: {self.state_before} → {self.state_after}"
