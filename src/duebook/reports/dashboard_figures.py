"""The figures of the dashboard as plain values, and their form as JSON in a snapshot."""

from dataclasses import asdict, dataclass, field
from typing import Any

DAYS = 30
"""The dashboard looks this many days back, today among them."""


@dataclass(frozen=True, slots=True)
class Series:
    """What one type of payment brought in on each of the days, the oldest first; minor units."""

    type_id: int
    label: str
    days: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class CurrencyFigures:
    """Everything that is counted in one currency; amounts in minor units.

    ``aging`` is in the order of ``Bucket``. ``received_minor`` is what came in during the last days and was
    not undone; ``before_minor`` the same for as many days before them. ``payable_minor`` is what partners can
    be paid now, ``waiting_minor`` what is in payouts to be approved, ``unpaid_minor`` in approved ones.
    """

    owed_invoices: int = 0
    aging: tuple[int, ...] = (0, 0, 0, 0, 0)
    overdue_invoices: int = 0
    oldest_days_late: int = 0
    late_over_60_invoices: int = 0
    received_minor: int = 0
    before_minor: int = 0
    returned: int = 0
    returned_minor: int = 0
    series: tuple[Series, ...] = ()
    credit_minor: int = 0
    credit_contacts: int = 0
    usable_credit_minor: int = 0
    usable_credit_contacts: int = 0
    undeposited_minor: int = 0
    payable_minor: int = 0
    payable_partners: int = 0
    waiting_payouts: int = 0
    waiting_minor: int = 0
    unpaid_payouts: int = 0
    unpaid_minor: int = 0

    @property
    def owed_minor(self) -> int:
        return sum(self.aging)

    @property
    def overdue_minor(self) -> int:
        return sum(self.aging[1:])

    @property
    def late_over_60_minor(self) -> int:
        return sum(self.aging[3:])


@dataclass(frozen=True, slots=True)
class DashboardFigures:
    """The figures by currency, and what the business has entered at all."""

    has_contacts: bool = False
    has_products: bool = False
    has_orders: bool = False
    has_partners: bool = False
    by_currency: dict[str, CurrencyFigures] = field(default_factory=dict)

    def of(self, currency: str) -> CurrencyFigures:
        """The figures of a currency; zeros where nothing was counted in it."""
        return self.by_currency.get(currency, CurrencyFigures())

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> "DashboardFigures":
        """What ``to_json`` gave. Raises KeyError or TypeError for the form of another version."""
        return cls(
            has_contacts=values["has_contacts"],
            has_products=values["has_products"],
            has_orders=values["has_orders"],
            has_partners=values["has_partners"],
            by_currency={code: _currency(value) for code, value in values["by_currency"].items()},
        )


def _currency(values: dict[str, Any]) -> CurrencyFigures:
    series = tuple(
        Series(one["type_id"], one["label"], tuple(one["days"])) for one in values.get("series", ())
    )
    return CurrencyFigures(**{**values, "aging": tuple(values["aging"]), "series": series})
