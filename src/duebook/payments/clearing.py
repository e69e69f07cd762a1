"""What the lines of settlements clear: noted in the line and counted on what it clears, in one transaction.

That is a charge, or a settlement that the bank sent back.

Both sides meet at the lock of the merchant account: an import takes it, and so does a charge whose id at the
processor becomes known only now. So no line is counted twice and none is missed. An import waits for charges
only by the ids that they had before, so the two never wait for each other.
"""

from collections.abc import Iterable, Iterator

from django.db.models import F, OuterRef, Subquery, Sum

from duebook.domain.settlements import LineKind
from duebook.gateways.models import MerchantAccount
from duebook.payments.models import Charge, SettlementLine, SettlementReturn

AT_ONCE = 5_000
"""How many ids or lines one statement names: it takes 65,535 parameters, and a settlement may have more."""


def in_parts(ids: Iterable[str]) -> Iterator[list[str]]:
    """The ids, each once and no empty one, in parts that one statement takes."""
    known = sorted({pk for pk in ids if pk})
    for first in range(0, len(known), AT_ONCE):
        yield known[first : first + AT_ONCE]


def lock_account(merchant_account_id: int) -> None:
    """Nothing else is imported for the account until the transaction ends."""
    rows = MerchantAccount.objects.select_for_update(no_key=True, of=("self",))
    list(rows.filter(pk=merchant_account_id).values_list("pk"))


def charges_that_clear(
    *, merchant_account_id: int, gateway_ids: Iterable[str], currency: str
) -> dict[str, int]:
    """The account's charges in the currency by their ids at the processor."""
    rows = Charge.objects.filter(merchant_account=merchant_account_id, currency=currency)
    found: dict[str, int] = {}
    for part in in_parts(gateway_ids):
        found.update(rows.filter(gateway_id__in=part).values_list("gateway_id", "pk"))
    return found


def returns_that_clear(
    *, merchant_account_id: int, gateway_ids: Iterable[str], currency: str
) -> dict[str, int]:
    """The account's returned settlements in the currency, of those that were booked, by their ids there."""
    rows = SettlementReturn.objects.filter(
        merchant_account=merchant_account_id, currency=currency, booked_on__isnull=False
    )
    found: dict[str, int] = {}
    for part in in_parts(gateway_ids):
        known = rows.filter(settlement__gateway_id__in=part)
        found.update(known.values_list("settlement__gateway_id", "pk"))
    return found


def count_cleared(settlement_id: int) -> None:
    """Count on its charges and returns what the lines of a settlement clear; once, after they were written.

    Locks the charges. Under the lock of the account.
    """
    for return_id, minor in (
        SettlementLine.objects.filter(settlement=settlement_id, settlement_return__isnull=False)
        .order_by("pk")
        .values_list("settlement_return_id", "clears_minor")
    ):
        count_paid_again(return_id, minor)
    lines = SettlementLine.objects.filter(settlement=settlement_id, charge__isnull=False)
    charges = Charge.objects.filter(pk__in=lines.values("charge"))
    list(charges.select_for_update(no_key=True, of=("self",)).order_by("pk").values_list("pk"))
    of_charge = lines.filter(charge=OuterRef("pk")).order_by().values("charge")
    charges.update(
        cleared_minor=F("cleared_minor") + Subquery(of_charge.annotate(s=Sum("clears_minor")).values("s"))
    )


def count_paid_again(return_id: int, minor: int) -> None:
    """Count it on the return, which nobody has to look at once all of it was paid again."""
    row = SettlementReturn.objects.filter(pk=return_id)
    row.update(cleared_minor=F("cleared_minor") + minor)
    row.filter(uncleared_minor=0).update(waits_since=None)


def clear_return_by_earlier_lines(made: SettlementReturn, gateway_id: str) -> None:
    """Count what was paid again before the return was known. Under the lock of the account."""
    if made.booked_on is None:
        return
    lines = SettlementLine.objects.filter(
        merchant_account=made.merchant_account_id,
        kind=LineKind.SETTLEMENT_RETURNED.value,
        object_id=gateway_id,
        settlement__currency=made.currency,
        settlement_return=None,
    )
    for pk, minor in list(lines.values_list("pk", "clears_minor")):
        SettlementLine.objects.filter(pk=pk).update(settlement_return=made)
        count_paid_again(made.pk, minor)


def clear_by_earlier_lines(charge_id: int) -> None:
    """Count what was settled before the charge's id at the processor was known. Under the charge's lock.

    Locks the merchant account.
    """
    charge = Charge.objects.get(pk=charge_id)
    lock_account(charge.merchant_account_id)
    lines = SettlementLine.objects.filter(
        merchant_account=charge.merchant_account_id,
        charge_gateway_id=charge.gateway_id,
        settlement__currency=charge.currency,
        charge=None,
    ).exclude(kind=LineKind.SETTLEMENT_RETURNED.value)
    found = list(lines.values_list("pk", "clears_minor"))
    if found:
        SettlementLine.objects.filter(pk__in=[pk for pk, _ in found]).update(charge=charge)
        Charge.objects.filter(pk=charge_id).update(
            cleared_minor=F("cleared_minor") + sum(minor for _, minor in found)
        )
