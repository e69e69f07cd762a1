"""Deciding what a card processor's payment to the business posts: its fees and what reached the bank.

Invariants: the lines of a settlement add up to it, with one line more for what they leave open; what it takes
off card clearing is what its lines clear. A fee for a dispute was booked when the dispute was opened, so a
settlement posts every fee but those. Gross 40.00 with fees of 1.75 posts 1.75 to processor fees and 38.25 to
the bank; net below zero is money that the processor took from the bank. Of a settlement that the bank sent
back the net alone is booked back: what its lines cleared stays cleared, and a later settlement pays the net.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum

from duebook.domain.accounts import SystemAccount, TransferKind
from duebook.domain.recording import Movement


class LineKind(StrEnum):
    """What a part of a settlement is about."""

    CHARGE = "charge"
    CHARGE_FAILED = "charge failed"
    REFUND = "refund"
    REFUND_FAILED = "refund failed"
    DISPUTE = "dispute"
    """Money that a dispute took, with what the processor asks for it."""
    DISPUTE_REVERSED = "dispute reversed"
    SETTLEMENT_RETURNED = "settlement returned"
    """An earlier settlement that the bank sent back, paid again."""
    FEE = "fee"
    OTHER = "other"
    UNEXPLAINED = "unexplained"
    """What the lines leave open of the settlement's totals; no processor says it."""


ONCE = frozenset(
    {
        LineKind.CHARGE,
        LineKind.CHARGE_FAILED,
        LineKind.REFUND,
        LineKind.REFUND_FAILED,
        LineKind.DISPUTE,
        LineKind.DISPUTE_REVERSED,
        LineKind.SETTLEMENT_RETURNED,
    }
)
"""What happens once to an object of the processor, so that it is settled once."""

FEE_BOOKED_BEFORE = frozenset({LineKind.DISPUTE, LineKind.DISPUTE_REVERSED})
"""Lines whose fee left card clearing already, when the dispute was opened or won."""


@dataclass(frozen=True, slots=True)
class SettledPart:
    """One line of a settlement: amounts signed, as the processor sees its money for us."""

    kind: LineKind
    gross_minor: int
    fee_minor: int
    object_id: str = ""
    charge_id: str = ""
    is_repeated: bool = False
    """The same was settled before, which the processor must explain."""

    @property
    def clears_minor(self) -> int:
        """What the line takes off card clearing."""
        return self.gross_minor - (self.fee_minor if self.kind in FEE_BOOKED_BEFORE else 0)


@dataclass(frozen=True, slots=True)
class SettlementReturn:
    """What it writes that the bank sent a settlement back; no movement of nothing."""

    booked_on: date
    net: Movement | None


@dataclass(frozen=True, slots=True)
class SettlementDecision:
    """Everything that a settlement writes. What reached the bank counts: gross is net and fees."""

    gross_minor: int
    fee_minor: int
    net_minor: int
    booked_on: date
    parts: tuple[SettledPart, ...]
    fee: Movement | None
    net: Movement | None

    @property
    def clears_minor(self) -> int:
        """What card clearing loses by it."""
        return sum(part.clears_minor for part in self.parts)


def decide_settlement(
    *,
    net_minor: int,
    fee_minor: int,
    paid_on: date,
    parts: Sequence[SettledPart],
    settled_before: Collection[tuple[LineKind, str]],
    clearing_account_id: int,
    bank_account_id: int = SystemAccount.BANK,
    on: date,
    closed_until: date | None,
) -> SettlementDecision:
    """What to post, dated ``paid_on`` where that day is open and not to come, else ``on``.

    ``settled_before`` are the kinds and objects of the account's earlier settlements.
    """
    gross_minor = net_minor + fee_minor
    left_open = _left_open(parts, gross_minor=gross_minor, fee_minor=fee_minor)
    complete = (*_marked(parts, settled_before), *left_open)
    booked_on = _open_day(paid_on, on, closed_until)
    booked_before = sum(part.fee_minor for part in complete if part.kind in FEE_BOOKED_BEFORE)
    fees, bank = int(SystemAccount.PROCESSOR_FEES), int(bank_account_id)
    return SettlementDecision(
        gross_minor=gross_minor,
        fee_minor=fee_minor,
        net_minor=net_minor,
        booked_on=booked_on,
        parts=complete,
        fee=_off_clearing(
            TransferKind.PROCESSOR_FEE, fees, clearing_account_id, fee_minor - booked_before, booked_on
        ),
        net=_off_clearing(TransferKind.SETTLED, bank, clearing_account_id, net_minor, booked_on),
    )


def decide_settlement_return(
    *,
    net_minor: int,
    settled_on: date,
    returned_on: date,
    clearing_account_id: int,
    bank_account_id: int = SystemAccount.BANK,
    on: date,
    closed_until: date | None,
) -> SettlementReturn:
    """The net back from the bank, dated ``returned_on`` and never before ``settled_on``, as it was booked."""
    booked_on = max(_open_day(returned_on, on, closed_until), settled_on)
    bank = int(bank_account_id)
    return SettlementReturn(
        booked_on, _off_clearing(TransferKind.SETTLED, bank, clearing_account_id, -net_minor, booked_on)
    )


def _open_day(day: date, on: date, closed_until: date | None) -> date:
    is_open = closed_until is None or day > closed_until
    return day if is_open and day <= on else on


def _marked(
    parts: Iterable[SettledPart], settled_before: Collection[tuple[LineKind, str]]
) -> Iterator[SettledPart]:
    known = set(settled_before)
    for part in parts:
        same = (part.kind, part.object_id)
        if part.kind not in ONCE or not part.object_id:
            yield part
            continue
        yield replace(part, is_repeated=same in known)
        known.add(same)


def _left_open(parts: Sequence[SettledPart], *, gross_minor: int, fee_minor: int) -> Iterator[SettledPart]:
    gross_left = gross_minor - sum(part.gross_minor for part in parts)
    fee_left = fee_minor - sum(part.fee_minor for part in parts)
    if gross_left or fee_left:
        yield SettledPart(LineKind.UNEXPLAINED, gross_left, fee_left)


def _off_clearing(kind: TransferKind, to: int, clearing: int, minor: int, on: date) -> Movement | None:
    """The transfer from card clearing; mirrored below zero, none of nothing."""
    if not minor:
        return None
    debit, credit = (to, clearing) if minor > 0 else (clearing, to)
    return Movement(kind, debit, credit, abs(minor), on)
