"""Ask the card processors whether their books and ours say the same, and say what differs.

For each active merchant account: every charge with what was captured and given back, in both directions;
every settlement; and card clearing, which must be what the processor took, less what went back, less disputes
and settlements. What a dispute took is read from our books: processors list it with its settlement only.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice

from django.db.models import Q, QuerySet, Sum

from duebook.domain.accounts import TransferKind
from duebook.domain.charging import ChargeState
from duebook.domain.settlements import FEE_BOOKED_BEFORE
from duebook.gateways.accounts import accounts_that_tell, gateway_of
from duebook.gateways.models import MerchantAccount
from duebook.gateways.protocol import Gateway, GatewayError, Outcome, SeenCharge, SeenSettlement
from duebook.ledger.models import Transfer
from duebook.payments.models import Charge, Payment, Settlement
from duebook.reports.services.verify_books import MOST_OF_ONE_CHECK, Finding

UNDER_WAY = timedelta(minutes=5)
"""A younger charge may be on its way from the processor's book to ours; if it differs, it is left out."""

AHEAD = timedelta(days=3660)
"""How far the clock of a processor may be ahead of ours: a sandbox's may have been let run."""

CHUNK = 500


@dataclass
class _Compared:
    """What was found so far of one account, and what its card clearing should come to by currency."""

    findings: list[Finding] = field(default_factory=list)
    clearing: Counter[str] = field(default_factory=Counter)
    seen: set[int] = field(default_factory=set)
    left_out: set[int] = field(default_factory=set)


def verify_gateways(*, now: datetime) -> list[Finding]:
    """Compare each account to which something may happen with its processor; no answer is a finding.

    Reads only. Calls the processors, so it may not run inside a transaction.
    """
    return [finding for account in accounts_that_tell(now) for finding in _verify(account, now)]


def _verify(account: MerchantAccount, now: datetime) -> list[Finding]:
    compared = _Compared()
    try:
        gateway = gateway_of(account)
        _compare_charges(account, gateway, now, compared)
        _compare_settlements(account, gateway, compared)
    except GatewayError as error:
        return [Finding("gateway_reached", str(account), "an answer", error.reason)]
    _compare_clearing(account, compared)
    return list(_first_of_each(compared.findings))


def _compare_charges(account: MerchantAccount, gateway: Gateway, now: datetime, compared: _Compared) -> None:
    first = Charge.objects.filter(merchant_account=account).order_by("prepared_at").first()
    since = min(account.created_at, first.prepared_at if first else account.created_at) - timedelta(days=1)
    for chunk in _chunks(gateway.list_charges(since=since, until=now + AHEAD)):
        ids, references = [one.id for one in chunk], [one.reference for one in chunk if one.reference]
        known = Charge.objects.filter(
            Q(gateway_id__in=ids) | Q(reference__in=references), merchant_account=account
        )
        by_name = {name: ours for ours in known for name in (ours.gateway_id, ours.reference) if name}
        for theirs in chunk:
            _compare_charge(theirs, by_name.get(theirs.id) or by_name.get(theirs.reference), now, compared)
    succeeded = Charge.objects.filter(merchant_account=account, state=ChargeState.SUCCEEDED.value)
    for ours in succeeded.order_by("pk").iterator(chunk_size=CHUNK):
        if ours.pk not in compared.seen:
            what = f"{ours} ({ours.gateway_id})"
            _tell_of(
                ours, Finding("gateway_charge", what, "nothing at the processor", _ours(ours)), now, compared
            )


def _tell_of(ours: Charge, finding: Finding, now: datetime, compared: _Compared) -> bool:
    """Whether the difference counts: a young charge is left out instead."""
    if ours.prepared_at >= now - UNDER_WAY:
        compared.left_out.add(ours.pk)
        return False
    compared.findings.append(finding)
    return True


def _compare_charge(theirs: SeenCharge, ours: Charge | None, now: datetime, compared: _Compared) -> None:
    captured = theirs.captured_minor if theirs.outcome is Outcome.SUCCEEDED else 0
    refunded, currency = theirs.refunded_minor, theirs.amount.currency
    # Some processors count a refund from its beginning on.
    if ours is not None and ours.refunded_minor <= refunded <= ours.refunded_minor + ours.refunding_minor:
        refunded = ours.refunded_minor
    told = f"{captured} {currency}, {refunded} refunded"
    counts = True
    if ours is not None:
        compared.seen.add(ours.pk)
        if (captured, refunded, currency) != (ours.captured_minor, ours.refunded_minor, ours.currency):
            what = f"{ours} ({theirs.id})"
            counts = _tell_of(ours, Finding("gateway_charge", what, told, _ours(ours)), now, compared)
    elif captured:
        compared.findings.append(Finding("gateway_charge", theirs.id, told, "no charge in the books"))
    if counts:
        compared.clearing[currency] += captured - refunded


def _ours(charge: Charge) -> str:
    return f"{charge.captured_minor} {charge.currency}, {charge.refunded_minor} refunded"


def _compare_settlements(account: MerchantAccount, gateway: Gateway, compared: _Compared) -> None:
    rows = Settlement.objects.filter(merchant_account=account).select_related("returned")
    ours = {one.gateway_id: one for one in rows}
    since = min([one.paid_on for one in ours.values()] + [account.created_at.date() - timedelta(days=1)])
    for theirs in gateway.list_settlements(since=since):
        imported = ours.pop(theirs.id, None)
        is_back = theirs.returned_on is not None
        told = _told(theirs.currency, theirs.net_minor, theirs.fee_minor, is_back=is_back)
        found = _told_of(imported) if imported is not None else "not imported"
        if told != found:
            compared.findings.append(Finding("gateway_settlement", theirs.id, told, found))
        compared.clearing[theirs.currency] -= _clears(theirs)
    for left in ours.values():
        compared.findings.append(
            Finding(
                "gateway_settlement",
                f"{left} ({left.gateway_id})",
                "nothing at the processor",
                _told_of(left),
            )
        )


def _told_of(ours: Settlement) -> str:
    is_back = hasattr(ours, "returned")
    return _told(ours.currency, ours.net_minor, ours.fee_minor, is_back=is_back)


def _told(currency: str, net_minor: int, fee_minor: int, *, is_back: bool) -> str:
    return f"{net_minor} {currency} net, {fee_minor} fees{', returned' if is_back else ''}"


def _clears(theirs: SeenSettlement) -> int:
    """What it takes off card clearing: all but the fees that were booked with their disputes.

    Of one that the bank sent back the net is there again.
    """
    before = sum(line.fee_minor for line in theirs.lines if line.kind in FEE_BOOKED_BEFORE)
    reached_minor = theirs.net_minor if theirs.returned_on is None else 0
    return reached_minor + theirs.fee_minor - before


def _compare_clearing(account: MerchantAccount, compared: _Compared) -> None:
    left_out = Payment.objects.filter(charge_id__in=compared.left_out).values("pk")
    rows = Transfer.objects.filter(~Q(payment_id__in=left_out) | Q(payment_id=None))
    balances = _net(account, rows)
    disputes = _net(
        account,
        rows.filter(
            kind__in=[TransferKind.RETURNED.value, TransferKind.PROCESSOR_FEE.value], payment_id__isnull=False
        ),
    )
    for currency in sorted({*balances, *compared.clearing}):
        expected = compared.clearing[currency] + disputes[currency]
        if expected != balances[currency]:
            compared.findings.append(
                Finding(
                    "gateway_clearing",
                    f"card clearing of {account}",
                    f"{expected} {currency}",
                    f"{balances[currency]} {currency}",
                )
            )


def _net(account: MerchantAccount, rows: QuerySet[Transfer]) -> Counter[str]:
    """Debits less credits of the account's card clearing, by currency."""
    net: Counter[str] = Counter()
    for side, sign in (("debit_account", 1), ("credit_account", -1)):
        sums = rows.filter(**{side: account.clearing_account_id}).order_by().values_list("currency")
        for currency, minor in sums.annotate(Sum("amount_minor")):
            net[currency] += sign * int(minor)
    return net


def _chunks(charges: Iterable[SeenCharge]) -> Iterator[list[SeenCharge]]:
    rest = iter(charges)
    while chunk := list(islice(rest, CHUNK)):
        yield chunk


def _first_of_each(findings: Iterable[Finding]) -> Iterator[Finding]:
    """Not more of one check than a person reads, and then how many there are."""
    counts: Counter[str] = Counter()
    for finding in findings:
        counts[finding.check] += 1
        if counts[finding.check] <= MOST_OF_ONE_CHECK:
            yield finding
    for check, count in counts.items():
        if count > MOST_OF_ONE_CHECK:
            yield Finding(check, "all together", "0 findings", f"{count} findings")
