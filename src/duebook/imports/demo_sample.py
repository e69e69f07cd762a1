"""The demo's many small orders: real days, quantities and amounts; invented people, products and payments.

The same day and seed always give the same file.
"""

import csv
import random
import unicodedata
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from importlib.resources import files
from pathlib import Path

from faker import Faker

SEED = 1998
_SAMPLE = files("duebook.imports") / "data" / "cdnow_sample.csv"

# What one costs at most, and what it then is.
_ITEMS = (
    (Decimal(10), "Greeting card set"),
    (Decimal(13), "Pocket notebook"),
    (Decimal(16), "Art print A4"),
    (Decimal(26), "Poster A2"),
    (Decimal(45), "Linen tote bag"),
    (Decimal(80), "Framed print"),
    (Decimal("Infinity"), "Gift box"),
)
_TYPES = {"Credit Card": 50, "Check": 25, "Cash": 17, "Money Order": 8}
_MAIL = ("example.com", "example.net", "example.org")
_HEADER = (
    "customer_id",
    "customer_name",
    "customer_email",
    "order_date",
    "item",
    "quantity",
    "amount",
    "paid",
    "paid_on",
    "payment_type",
)


def write_sample(path: Path, *, today: date) -> None:
    """Write the demo's order file, whose last order is of today."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(_HEADER)
        writer.writerows(_rows(today))


def _rows(today: date) -> Iterator[tuple[str, ...]]:
    sample = list(csv.DictReader(_SAMPLE.read_text(encoding="utf-8").splitlines()))
    people = _People()
    chance = random.Random(SEED)  # noqa: S311 - nothing here is secret
    last = max(date.fromisoformat(row["order_date"]) for row in sample)
    for row in sample:
        ordered_on = date.fromisoformat(row["order_date"]) + (today - last)
        amount = Decimal(row["amount_usd"])
        name, email = people.of(row["customer_id"])
        yield (
            f"D-{row['customer_id']}",
            name,
            email,
            ordered_on.isoformat(),
            _item(amount / int(row["quantity"])),
            row["quantity"],
            str(amount),
            *_payment(amount, ordered_on, today, chance),
        )


def _item(unit_price: Decimal) -> str:
    return next(item for most, item in _ITEMS if unit_price < most)


def _payment(amount: Decimal, ordered_on: date, today: date, chance: random.Random) -> tuple[str, str, str]:
    """Most pay at once or within a month; a few never, or only a half."""
    fate = chance.random()
    wait_days = 0 if chance.random() < 0.5 else chance.randint(2, 28)
    label = chance.choices(list(_TYPES), list(_TYPES.values()))[0]
    paid_on = ordered_on + timedelta(days=wait_days)
    is_old = (today - ordered_on).days > 120
    if paid_on > today or fate < (0.01 if is_old else 0.07):
        return "no", "", ""
    if fate > (0.995 if is_old else 0.96):
        return str((amount / 2).quantize(Decimal("0.01"))), paid_on.isoformat(), label
    return "yes", paid_on.isoformat(), label


class _People:
    """A name and an address for each customer; no two are called the same."""

    def __init__(self) -> None:
        self._faker = Faker("en_US")
        self._faker.seed_instance(SEED)
        self._known: dict[str, tuple[str, str]] = {}
        self._names: set[str] = set()

    def of(self, customer_id: str) -> tuple[str, str]:
        if customer_id not in self._known:
            name = self._new_name()
            domain = _MAIL[len(self._known) % len(_MAIL)]
            self._known[customer_id] = (name, f"{_address_part(name)}@{domain}")
        return self._known[customer_id]

    def _new_name(self) -> str:
        while True:
            name = f"{self._faker.first_name()} {self._faker.last_name()}"
            if name not in self._names:
                self._names.add(name)
                return name


def _address_part(name: str) -> str:
    ascii_name = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return ".".join("".join(c for c in word if c.isalnum()) for word in ascii_name.split())
