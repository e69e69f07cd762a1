"""Payments narrowed down for a list, and what they come to.

The sums stop at a number of rows, so that a list over years opens as fast as one over a week; then they are
not told at all rather than wrong.
"""

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.contrib.postgres.aggregates import ArrayAgg
from django.db.models import Count, Q, QuerySet, Sum, TextChoices
from django.utils.translation import gettext_lazy as _

from duebook.domain.money import Money
from duebook.domain.payment_kinds import PaymentKind
from duebook.payments.models import Dispute, Payment

MOST_SUMMED = 10_000


class PaymentStates(TextChoices):
    """How a payment stands."""

    APPLIED = "applied", _("Applied")
    CREDIT = "credit", _("Credit left")
    UNDONE = "undone", _("Undone")
    RETURNED = "returned", _("Returned by the bank")
    DISPUTED = "disputed", _("Disputed")
    REFUNDED = "refunded", _("Refunded")


@dataclass(frozen=True, slots=True)
class PaymentFilter:
    """None leaves a question open."""

    since: date | None = None
    until: date | None = None
    type_id: int | None = None
    contact_ids: tuple[int, ...] | None = None
    amount_minor: int | None = None
    state: PaymentStates | None = None


@dataclass(frozen=True, slots=True)
class Sums:
    """What the listed payments of one currency come to. Money and adjustments never add up to one figure."""

    count: int
    received: Money
    returned: Money
    refunded: Money
    adjusted: Money
    undone: Money


_IN_STATE = {
    PaymentStates.APPLIED: Q(credit_minor=0, allocated_minor__gt=0),
    PaymentStates.CREDIT: Q(credit_minor__gt=0),
    PaymentStates.UNDONE: Q(reversal__isnull=False),
    PaymentStates.RETURNED: Q(bank_return__isnull=False),
    PaymentStates.DISPUTED: Q(pk__in=Dispute.objects.filter(booked_minor__gt=0).values("payment")),
    PaymentStates.REFUNDED: Q(refunded_minor__gt=0),
}


def payments_matching(wanted: PaymentFilter) -> QuerySet[Payment]:
    """The payments, with contact, type, and whether they were undone or went back."""
    rows = Payment.objects.all()
    if wanted.since is not None:
        rows = rows.filter(received_on__gte=wanted.since)
    if wanted.until is not None:
        rows = rows.filter(received_on__lte=wanted.until)
    if wanted.type_id is not None:
        rows = rows.filter(payment_type_id=wanted.type_id)
    if wanted.contact_ids is not None:
        rows = rows.filter(contact_id__in=wanted.contact_ids)
    if wanted.amount_minor is not None:
        rows = rows.filter(amount_minor=wanted.amount_minor)
    if wanted.state is not None:
        rows = rows.filter(_IN_STATE[wanted.state])
    return rows


def listed(rows: QuerySet[Payment]) -> QuerySet[Payment]:
    """The rows with all that a list shows."""
    return rows.select_related("contact", "payment_type", "reversal", "bank_return").prefetch_related(
        "allocations__invoice"
    )


def sums_of(rows: QuerySet[Payment]) -> list[Sums] | None:
    """What the payments come to, by currency; None when they are more than are summed.

    Undone payments are in ``undone`` only. Money that went back was received and is told beside it.
    One query, and one more for each currency after the first.
    """
    first = _sums_in(rows, None)
    if first["count"] > MOST_SUMMED:
        return None
    currencies = sorted(first["currencies"] or [])
    if len(currencies) < 2:
        return [_as_sums(first, currency) for currency in currencies]
    return [_as_sums(_sums_in(rows, currency), currency) for currency in currencies]


def _sums_in(rows: QuerySet[Payment], currency: str | None) -> dict[str, Any]:
    if currency is not None:
        rows = rows.filter(currency=currency)
    money, adjustment = Q(kind=PaymentKind.MONEY.value), Q(kind=PaymentKind.ADJUSTMENT.value)
    # Any rows will do: either they are all there are, or they are too many to be told.
    return rows.order_by()[: MOST_SUMMED + 1].aggregate(
        count=Count("pk"),
        currencies=ArrayAgg("currency", distinct=True),
        amount_of_money=Sum("amount_minor", filter=money, default=0),
        undone_money=Sum("reversed_minor", filter=money, default=0),
        returned=Sum("returned_minor", default=0),
        refunded=Sum("refunded_minor", default=0),
        amount_adjusted=Sum("amount_minor", filter=adjustment, default=0),
        undone_adjusted=Sum("reversed_minor", filter=adjustment, default=0),
    )


def _as_sums(row: dict[str, Any], currency: str) -> Sums:
    return Sums(
        count=row["count"],
        received=Money(int(row["amount_of_money"] - row["undone_money"]), currency),
        returned=Money(int(row["returned"]), currency),
        refunded=Money(int(row["refunded"]), currency),
        adjusted=Money(int(row["amount_adjusted"] - row["undone_adjusted"]), currency),
        undone=Money(int(row["undone_money"] + row["undone_adjusted"]), currency),
    )
