"""The part of the demo's story that goes through its card processor: whose cards are on file, what was
charged to them in the last weeks, and what still waits for somebody.
"""

from dataclasses import dataclass

from duebook.imports.demo_story import Line, shipping, tax

BEGUN_DAYS_AGO = 28
"""Since when the business has the merchant account."""

CARDS = (
    ("marta", "4242424242424242"),
    ("marta", "4000000000009995"),
    ("ruiz", "4242424242424242"),
    ("harbor", "4242424242424242"),
    ("calder", "4242424242424242"),
    ("lindqvist", "4000002500003155"),
    ("okafor", "4000000000000341"),
)
"""Whose cards they are: approved, without funds, three approved, with authentication, declined for good."""


@dataclass(frozen=True, slots=True)
class CardSale:
    """An order, so many days ago, charged to the first card of its contact on that day."""

    key: str
    contact: str
    days_ago: int
    title: str
    lines: tuple[Line, ...]


CARD_SALES = (
    CardSale("frames", "ruiz", 27, "Framed prints for the office", (Line("Framed print", "65.00", "6"),)),
    CardSale(
        "boxes", "harbor", 20, "Gift boxes for regulars", (Line("Gift box", "120.00", "4"), shipping("18.00"))
    ),
    CardSale("texts", "calder", 18, "Web texts", (Line("Copywriting, one page", "85.00", "4"), tax("27.20"))),
    CardSale(
        "notebooks",
        "ruiz",
        12,
        "Notebooks for new drivers",
        (Line("Pocket notebook", "12.00", "24"), Line("Gift box", "120.00")),
    ),
    CardSale("bags", "lindqvist", 2, "Tote bags", (Line("Linen tote bag", "32.00", "10"),)),
    CardSale("cards", "okafor", 2, "Thank-you cards", (Line("Greeting card set", "8.50", "40"),)),
    CardSale(
        "posters",
        "ruiz",
        1,
        "Posters for the depot",
        (Line("Poster A2", "22.00", "10"), Line("Linen tote bag", "32.00", "4")),
    ),
)
"""In the order of their days. The bank of one asks for the customer, the bank of another declines."""

PAID_OUT_DAYS_AGO = (25, 16, 9)
"""When the processor paid out what it had."""

DISPUTED, DISPUTED_DAYS_AGO, DISPUTE_REASON = "texts", 5, "product_not_received"


@dataclass(frozen=True, slots=True)
class CardRefund:
    """Money that a manager gives back today to the card that was charged; what it re-opens is credited."""

    sale: str
    amount: str
    reason: str


REFUNDS = (
    CardRefund("boxes", "120.00", "One box arrived broken"),
    CardRefund("texts", "85.00", "One page was not wanted"),
)
"""Carried out, and refused by the processor, since the money is disputed."""

REFUND_TO_APPROVE = CardRefund("frames", "260.00", "Four frames came with broken glass")
"""Above the limit of whoever asks for it."""

PAY_LINKS = (("marta", "Hosting"), ("okafor", "Thank-you cards"))
"""Whom a pay link was offered today, for the order of that title."""
