"""The demo's hand-made part: whom the business knows well, what they ordered, and how they paid or did not.

Days are counted back from today, so every age of debt occurs on whatever day the demo is loaded. Invoices are
due after 30 days.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum

from duebook.contacts.details import ContactDetails
from duebook.domain.order_lines import ItemKind, LineInput

BUSINESS_NAME = "Alder & Finch Studio"
BUSINESS_ADDRESS = "14 Mill Lane\nPortland, OR 97205"
BUSINESS_EMAIL = "office@alderfinch.example"
TERMS_DAYS = 30
PARTNER_LINK = "https://alderfinch.example/?partner={code}"

PRODUCTS = {
    "Website package": ("WEB-1", "1000.00"),
    "Hosting, one year": ("HOST-12", "200.00"),
    "Logo design": ("LOGO-1", "350.00"),
    "Brand guide": ("BRAND-1", "900.00"),
    "Photo day": ("PHOTO-1", "640.00"),
    "Copywriting, one page": ("COPY-1", "85.00"),
    "Greeting card set": ("CARD-8", "8.50"),
    "Pocket notebook": ("NOTE-S", "12.00"),
    "Art print A4": ("PRINT-A4", "14.50"),
    "Poster A2": ("POST-A2", "22.00"),
    "Linen tote bag": ("TOTE-1", "32.00"),
    "Framed print": ("FRAME-1", "65.00"),
    "Gift box": ("GIFT-1", "120.00"),
}
"""Name: SKU and price."""


@dataclass(frozen=True, slots=True)
class Line:
    """One item; the description of a product is its name."""

    description: str
    price: str
    quantity: str = "1"
    kind: ItemKind = ItemKind.PRODUCT

    def as_input(self, products: Mapping[str, int]) -> LineInput:
        """As an order takes it, with the ids of the products by their names."""
        return LineInput(
            kind=self.kind,
            description=self.description,
            quantity=Decimal(self.quantity),
            unit_price=Decimal(self.price),
            product_id=products[self.description] if self.kind is ItemKind.PRODUCT else None,
        )


@dataclass(frozen=True, slots=True)
class Sale:
    """An order, so many days ago; partners by their contacts' keys."""

    key: str
    contact: str
    days_ago: int
    title: str
    lines: tuple[Line, ...]
    lead: str | None = None
    sale: str | None = None


class Fate(Enum):
    """What became of a payment later."""

    STAYS = "stays"
    RETURNED = "returned by the bank"
    UNDONE = "undone"


@dataclass(frozen=True, slots=True)
class Receipt:
    """A payment, so many days ago: how much of it goes to which sale; what is over is kept as credit."""

    contact: str
    days_ago: int
    amount: str
    type_label: str
    shares: dict[str, str]
    reference: str = ""
    notes: str = ""
    fate: Fate = Fate.STAYS
    fate_days_ago: int = 0
    reason: str = ""


def tax(price: str) -> Line:
    """Its line of tax."""
    return Line("Sales tax", price, kind=ItemKind.TAX)


def shipping(price: str) -> Line:
    """Its line of shipping."""
    return Line("Shipping", price, kind=ItemKind.SHIPPING)


def _discount(text: str, price: str) -> Line:
    return Line(text, price, kind=ItemKind.DISCOUNT)


CONTACTS = {
    "marta": ContactDetails(
        given_name="Marta",
        family_name="Keller",
        company="Keller Studio",
        email="marta@keller.example",
        phone="+49 30 555 0142",
        line1="Lindenstraße 8",
        city="Berlin",
        postal_code="10969",
        country="Germany",
        tags=("design", "regular"),
    ),
    "ruiz": ContactDetails(
        company="Ruiz Logistics",
        email="accounts@ruiz-logistics.example",
        phone="+1 503 555 0117",
        line1="2200 Harbor Way",
        city="Portland",
        region="OR",
        postal_code="97209",
        country="United States",
    ),
    "okafor": ContactDetails(
        company="Okafor & Sons",
        email="office@okafor.example",
        phone="+1 503 555 0123",
        city="Salem",
        region="OR",
    ),
    "petrov": ContactDetails(
        given_name="Ana", family_name="Petrov", email="ana.petrov@example.org", city="Eugene", region="OR"
    ),
    "brightwater": ContactDetails(
        company="Brightwater Dental", email="billing@brightwater.example", phone="+1 971 555 0164"
    ),
    "calder": ContactDetails(
        given_name="Ruth", family_name="Calder", company="Calder Legal", email="ruth@calder-legal.example"
    ),
    "osei": ContactDetails(
        given_name="Kwame",
        family_name="Osei",
        company="Osei Architects",
        email="kwame@osei.example",
        phone="+1 503 555 0188",
    ),
    "lindqvist": ContactDetails(
        given_name="Elin", family_name="Lindqvist", company="Lindqvist Bakery", email="elin@lindqvist.example"
    ),
    "harbor": ContactDetails(company="Harbor Books", email="hello@harborbooks.example"),
    "nguyen": ContactDetails(given_name="Linh", family_name="Nguyen", email="linh.nguyen@example.net"),
    "silva": ContactDetails(
        given_name="Tomás", family_name="Silva", company="Silva Catering", email="tomas@silva.example"
    ),
    "meadow": ContactDetails(company="Meadow School", email="bursar@meadow-school.example", tags=("school",)),
    "dubois": ContactDetails(given_name="Claire", family_name="Dubois", email="claire.dubois@example.com"),
    "tanaka": ContactDetails(given_name="Yuki", family_name="Tanaka", email="yuki.tanaka@example.org"),
    "brandt": ContactDetails(
        given_name="Jo", family_name="Brandt", email="jo@brandt.example", tags=("partner",)
    ),
    "north": ContactDetails(company="North Agency", email="partners@north.example", tags=("partner",)),
    "ortiz": ContactDetails(
        given_name="Lena", family_name="Ortiz", email="lena@north.example", tags=("partner",)
    ),
    "quinn": ContactDetails(
        given_name="Mara", family_name="Quinn", email="mara@quinn.example", tags=("partner",)
    ),
    "holm": ContactDetails(
        given_name="Peter", family_name="Holm", email="peter@holm.example", tags=("partner",)
    ),
}

SALES = (
    Sale(
        "brightwater-web",
        "brightwater",
        160,
        "Website package",
        (Line("Website package", "1000.00"), Line("Copywriting, one page", "85.00", "4"), tax("107.20")),
        lead="north",
    ),
    Sale("marta-logo", "marta", 113, "Logo", (Line("Logo design", "350.00"),), lead="brandt"),
    Sale(
        "calder-brand",
        "calder",
        105,
        "Brand guide",
        (Line("Brand guide", "900.00"), tax("72.00")),
        sale="ortiz",
    ),
    Sale(
        "dubois-photo",
        "dubois",
        98,
        "Photo day",
        (Line("Photo day", "640.00"), tax("51.20")),
        lead="quinn",
    ),
    Sale("okafor-logo", "okafor", 92, "Logo", (Line("Logo design", "350.00"), tax("28.00")), sale="brandt"),
    Sale(
        "ruiz-brand",
        "ruiz",
        75,
        "Brand guide and web copy",
        (
            Line("Brand guide", "900.00"),
            Line("Copywriting, one page", "85.00", "12"),
            _discount("Ten pages or more", "120.00"),
            tax("144.00"),
        ),
        lead="brandt",
        sale="north",
    ),
    Sale(
        "osei-photo",
        "osei",
        62,
        "Three photo days",
        (Line("Photo day", "640.00", "3"), tax("153.60")),
        sale="north",
    ),
    Sale(
        "lindqvist-logo",
        "lindqvist",
        58,
        "Logo",
        (Line("Logo design", "350.00"), tax("28.00")),
        lead="ortiz",
    ),
    Sale(
        "meadow-prints",
        "meadow",
        48,
        "Prints for the hall",
        (Line("Framed print", "65.00", "12"), _discount("School discount", "78.00"), shipping("24.00")),
        lead="holm",
    ),
    Sale(
        "marta-web",
        "marta",
        41,
        "Website package",
        (Line("Website package", "1000.00"), tax("190.00"), shipping("10.00")),
        lead="brandt",
        sale="north",
    ),
    Sale(
        "harbor-totes",
        "harbor",
        37,
        "Tote bags for the shop",
        (Line("Linen tote bag", "32.00", "40"), _discount("Reseller", "128.00"), shipping("45.00")),
        lead="quinn",
    ),
    Sale(
        "nguyen-cards",
        "nguyen",
        33,
        "Wedding cards",
        (Line("Greeting card set", "8.50", "48"), tax("32.64")),
    ),
    Sale(
        "meadow-notebooks",
        "meadow",
        26,
        "Notebooks",
        (Line("Pocket notebook", "12.00", "60"), shipping("18.00")),
    ),
    Sale("tanaka-print", "tanaka", 24, "Gift boxes", (Line("Gift box", "120.00", "5"), shipping("22.50"))),
    Sale("okafor-photo", "okafor", 20, "Photo day", (Line("Photo day", "640.00"),), lead="brandt"),
    Sale(
        "silva-web",
        "silva",
        16,
        "Website package and photos",
        (
            Line("Website package", "1000.00"),
            Line("Photo day", "640.00", "2"),
            Line("Hosting, one year", "200.00"),
            tax("198.40"),
        ),
        lead="ortiz",
    ),
    Sale("nguyen-poster", "nguyen", 11, "Posters", (Line("Poster A2", "22.00", "6"), shipping("9.00"))),
    Sale("marta-hosting", "marta", 7, "Hosting", (Line("Hosting, one year", "200.00"),)),
    Sale("petrov-print", "petrov", 5, "Framed print", (Line("Framed print", "65.00"), tax("5.20"))),
    Sale(
        "lindqvist-copy",
        "lindqvist",
        3,
        "Menu texts",
        (Line("Copywriting, one page", "85.00", "3"), tax("20.40")),
        sale="ortiz",
    ),
)

RECEIPTS = (
    Receipt("brightwater", 140, "300.00", "Check", {"brightwater-web": "300.00"}, reference="2210"),
    Receipt("marta", 95, "350.00", "Credit Card", {"marta-logo": "350.00"}),
    Receipt("okafor", 88, "378.00", "Check", {"okafor-logo": "378.00"}, reference="1077"),
    Receipt("dubois", 80, "691.20", "Credit Card", {"dubois-photo": "691.20"}),
    Receipt(
        "osei",
        52,
        "2073.60",
        "Check",
        {"osei-photo": "2073.60"},
        reference="3391",
        fate=Fate.RETURNED,
        fate_days_ago=44,
        reason="Returned by the bank: insufficient funds",
    ),
    Receipt(
        "lindqvist",
        46,
        "387.00",
        "Check",
        {"lindqvist-logo": "378.00"},
        reference="815",
        fate=Fate.UNDONE,
        fate_days_ago=46,
        reason="Amount mistyped: the check says 378.00",
    ),
    Receipt("lindqvist", 46, "378.00", "Check", {"lindqvist-logo": "378.00"}, reference="815"),
    Receipt(
        "brightwater",
        40,
        "250.00",
        "Write-off",
        {"brightwater-web": "250.00"},
        notes="Agreed by phone after the practice moved",
    ),
    Receipt("marta", 30, "600.00", "Check", {"marta-web": "600.00"}, reference="4398"),
    Receipt("harbor", 28, "1157.00", "Credit Card", {"harbor-totes": "1157.00"}),
    Receipt("harbor", 28, "40.00", "Adjustment", {"harbor-totes": "40.00"}, notes="Two bags had a seam open"),
    Receipt("marta", 20, "25.00", "Cash", {}, notes="Paid in advance"),
    Receipt(
        "nguyen", 18, "500.00", "Check", {"nguyen-cards": "440.64"}, reference="118", notes="Sent a round sum"
    ),
    Receipt(
        "meadow",
        12,
        "1000.00",
        "Check",
        {"meadow-prints": "726.00", "meadow-notebooks": "274.00"},
        reference="5520",
        notes="One check for both orders",
    ),
    Receipt("marta", 9, "120.00", "Check", {"marta-web": "120.00"}, reference="4471"),
    Receipt("ruiz", 3, "1000.00", "Cash", {"ruiz-brand": "1000.00"}, notes="Brought to the office"),
    Receipt("okafor", 2, "640.00", "Money Order", {"okafor-photo": "640.00"}, reference="MO 77812"),
    Receipt("tanaka", 1, "311.25", "Credit Card", {"tanaka-print": "311.25"}),
    Receipt("petrov", 0, "70.20", "Credit Card", {"petrov-print": "70.20"}),
)
"""In the order of their days. Write-off and Adjustment bring no money."""
