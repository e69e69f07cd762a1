"""What waits for a second person, and refused refunds that somebody has dealt with.

Invariants: nobody decides what they asked for themselves (a CHECK), but for an outcome that is approved a day
later where nobody else can; at most one request of a payment, and one proposal of a charge or refund, waits;
what was asked for never changes.
"""

from typing import Any

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from duebook.domain.money import MAX_MINOR
from duebook.domain.permissions import Source
from duebook.domain.refunding import RefundMeans
from duebook.domain.second_person import ALONE_AFTER, Outcome, RequestState
from duebook.payments.charge_models import Charge, GatewayRefund

_SOURCES = [(source.value, source.value) for source in Source]


class RequestStates(models.TextChoices):
    WAITING = RequestState.WAITING.value, _("Waiting for approval")
    APPROVED = RequestState.APPROVED.value, _("Approved")
    REJECTED = RequestState.REJECTED.value, _("Rejected")
    WITHDRAWN = RequestState.WITHDRAWN.value, _("Withdrawn")


class Asked(models.Model):
    """Who asked, when and why; what became of it, by whom and when."""

    reason = models.TextField(_("reason"))
    asked_by_id = models.BigIntegerField(_("asked by"))
    asked_at = models.DateTimeField(_("asked"), db_default=Now())
    source = models.CharField(_("source"), max_length=10, choices=_SOURCES)
    state = models.CharField(
        _("state"), max_length=10, choices=RequestStates, default=RequestState.WAITING.value
    )
    decided_by_id = models.BigIntegerField(_("decided by"), null=True)
    decided_at = models.DateTimeField(_("decided"), null=True)
    answer = models.TextField(_("why it was decided so"), blank=True)

    class Meta:
        abstract = True

    @property
    def is_waiting(self) -> bool:
        """Whether another person is still to decide."""
        return self.state == RequestState.WAITING.value


_ALONE = Q(
    state=RequestState.APPROVED.value,
    decided_by_id=F("asked_by_id"),
    decided_at__gte=F("asked_at") + ALONE_AFTER,
)
"""Approved by who asked; that nobody else could is decided under a lock, and stands in the event."""


def _guards(model: str, *, also: Q | None = None) -> list[Any]:
    """The constraints of what one person asks for and another decides, or ``also`` the same one."""
    waiting = Q(state=RequestState.WAITING.value)
    decided = Q(decided_by_id__isnull=False, decided_at__isnull=False)
    by_another = ~Q(state=RequestState.WITHDRAWN.value) & ~Q(decided_by_id=F("asked_by_id"))
    return [
        models.CheckConstraint(condition=~Q(reason=""), name=f"{model}_has_a_reason"),
        models.CheckConstraint(
            condition=(waiting & Q(decided_by_id__isnull=True, decided_at__isnull=True))
            | (~waiting & decided),
            name=f"{model}_decided_by_someone",
        ),
        models.CheckConstraint(
            condition=Q(decided_by_id__isnull=True)
            | (Q(state=RequestState.WITHDRAWN.value) & Q(decided_by_id=F("asked_by_id")))
            | (by_another if also is None else by_another | also),
            name=f"{model}_by_a_second_person",
        ),
        models.CheckConstraint(
            condition=~Q(state=RequestState.REJECTED.value) | ~Q(answer=""),
            name=f"{model}_rejected_with_a_reason",
        ),
    ]


class RefundRequest(Asked):
    """A refund above somebody's limit, as it was asked for; approving it refunds."""

    class Means(models.TextChoices):
        BY_HAND = RefundMeans.BY_HAND.value, _("By hand")
        GATEWAY = RefundMeans.GATEWAY.value, _("To the card")

    payment = models.ForeignKey(
        "payments.Payment",
        on_delete=models.RESTRICT,
        related_name="refund_requests",
        verbose_name=_("payment"),
    )
    amount_minor = models.BigIntegerField(_("amount"))
    currency = models.CharField(_("currency"), max_length=3)
    means = models.CharField(_("means"), max_length=8, choices=Means)
    refunded_on = models.DateField(_("date"))
    wanted = models.JSONField(_("what was asked for"))

    class Meta:
        constraints = [
            *_guards("refundrequest"),
            models.CheckConstraint(
                condition=Q(amount_minor__gt=0, amount_minor__lte=MAX_MINOR),
                name="refundrequest_amount_in_range",
            ),
            models.UniqueConstraint(
                fields=["payment"],
                condition=Q(state=RequestState.WAITING.value),
                name="refundrequest_one_waiting",
            ),
        ]

    def __str__(self) -> str:
        return f"RR-{self.pk}"


class OutcomeProposal(Asked):
    """What became of a charge, or of a refund at a gateway, as a person saw it at the processor."""

    class Outcomes(models.TextChoices):
        HAPPENED = Outcome.HAPPENED.value, _("It happened")
        DID_NOT_HAPPEN = Outcome.DID_NOT_HAPPEN.value, _("It did not happen")

    charge = models.ForeignKey(
        Charge, on_delete=models.RESTRICT, null=True, related_name="proposals", verbose_name=_("charge")
    )
    gateway_refund = models.ForeignKey(
        GatewayRefund,
        on_delete=models.RESTRICT,
        null=True,
        related_name="proposals",
        verbose_name=_("refund at the gateway"),
    )
    outcome = models.CharField(_("outcome"), max_length=14, choices=Outcomes)
    happened_on = models.DateField(_("date"), null=True)
    reference = models.CharField(_("reference at the processor"), max_length=120, blank=True)

    class Meta:
        constraints = [
            *_guards("outcomeproposal", also=_ALONE),
            models.CheckConstraint(
                condition=Q(charge__isnull=False, gateway_refund__isnull=True)
                | Q(charge__isnull=True, gateway_refund__isnull=False),
                name="outcomeproposal_of_one",
            ),
            models.CheckConstraint(
                condition=Q(outcome=Outcome.DID_NOT_HAPPEN.value)
                | (Q(happened_on__isnull=False) & ~Q(reference="")),
                name="outcomeproposal_says_what_was_seen",
            ),
            models.UniqueConstraint(
                fields=["charge"],
                condition=Q(state=RequestState.WAITING.value),
                name="outcomeproposal_one_a_charge",
            ),
            models.UniqueConstraint(
                fields=["gateway_refund"],
                condition=Q(state=RequestState.WAITING.value),
                name="outcomeproposal_one_a_refund",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.charge or self.gateway_refund}: {self.outcome}"

    @property
    def is_decided_alone(self) -> bool:
        """Whether who proposed it approved it, because nobody else could."""
        return self.state == RequestState.APPROVED.value and self.decided_by_id == self.asked_by_id


class RefundResolution(models.Model):
    """A person has dealt with a refund that the gateway refused: nothing more is to be done. Append-only."""

    gateway_refund = models.OneToOneField(
        GatewayRefund, on_delete=models.RESTRICT, related_name="resolution", verbose_name=_("refund")
    )
    note = models.TextField(_("what was done"))
    resolved_by_id = models.BigIntegerField(_("dealt with by"))
    resolved_at = models.DateTimeField(_("dealt with"), db_default=Now())

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(note=""), name="refundresolution_has_a_note"),
        ]

    def __str__(self) -> str:
        return f"{self.gateway_refund_id}: {self.note}"
