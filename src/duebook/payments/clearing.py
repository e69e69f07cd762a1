"""What the lines of settlements clear: noted in the line and counted on its charge, in one transaction.

Both sides meet at the lock of the merchant account: an import takes it, and so does a charge whose id at the
processor becomes known only now. So no line is counted twice and none is missed. An import waits for charges
only by the ids that they had before, so the two never wait for each other.
"""

from collections.abc import Iterable

from django.db.models import F, OuterRef, Subquery, Sum

from duebook.gateways.models import MerchantAccount
from duebook.payments.models import Charge, SettlementLine


def lock_account(merchant_account_id: int) -> None:
    """Nothing else is imported for the account until the transaction ends."""
    rows = MerchantAccount.objects.select_for_update(no_key=True, of=("self",))
    list(rows.filter(pk=merchant_account_id).values_list("pk"))


def charges_that_clear(
    *, merchant_account_id: int, gateway_ids: Iterable[str], currency: str
) -> dict[str, int]:
    """The account's charges in the currency by their ids at the processor."""
    rows = Charge.objects.filter(
        merchant_account=merchant_account_id,
        gateway_id__in={gateway_id for gateway_id in gateway_ids if gateway_id},
        currency=currency,
    )
    return dict(rows.values_list("gateway_id", "pk"))


def count_cleared(settlement_id: int) -> None:
    """Count on its charges what the lines of a settlement clear; once, after they were written.

    Locks the charges.
    """
    lines = SettlementLine.objects.filter(settlement=settlement_id, charge__isnull=False)
    charges = Charge.objects.filter(pk__in=lines.values("charge"))
    list(charges.select_for_update(no_key=True, of=("self",)).order_by("pk").values_list("pk"))
    of_charge = lines.filter(charge=OuterRef("pk")).order_by().values("charge")
    charges.update(
        cleared_minor=F("cleared_minor") + Subquery(of_charge.annotate(s=Sum("clears_minor")).values("s"))
    )


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
    )
    found = list(lines.values_list("pk", "clears_minor"))
    if found:
        SettlementLine.objects.filter(pk__in=[pk for pk, _ in found]).update(charge=charge)
        Charge.objects.filter(pk=charge_id).update(
            cleared_minor=F("cleared_minor") + sum(minor for _, minor in found)
        )
