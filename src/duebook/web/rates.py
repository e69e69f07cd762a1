"""Rates between what people type, a percentage with two decimals, and what is stored, basis points."""

from decimal import Decimal

_BPS_A_PERCENT = 100


def percent_of(bps: int) -> Decimal:
    """1050 is 10.5."""
    return Decimal(bps) / _BPS_A_PERCENT


def bps_of(percent: Decimal) -> int:
    """10.5 is 1050."""
    return int(percent * _BPS_A_PERCENT)
