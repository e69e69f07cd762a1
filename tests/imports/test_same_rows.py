"""An import writes what the services write: the same orders placed and paid one by one leave equal tables."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from hashlib import blake2b
from typing import Any

import pytest
from django.db import connection, transaction
from psycopg import sql

from duebook.catalog.details import ProductDetails
from duebook.catalog.models import Product
from duebook.catalog.services.add_product import add_product
from duebook.commissions.terms_book import read_terms_book, terms_now
from duebook.contacts.details import ContactDetails
from duebook.contacts.models import Contact
from duebook.contacts.services.add_contact import add_contact
from duebook.domain.commission_rules import PartnerRole
from duebook.domain.order_lines import ItemKind, LineInput
from duebook.domain.permissions import Actor, Source
from duebook.domain.recording import PaymentInput, Share
from duebook.imports.order_batch import request_key_of_order, request_key_of_payment
from duebook.invoices.models import Invoice
from duebook.partners.models import PartnerOverride, Referral
from duebook.payments.services.record_payment import record_payment
from duebook.sales.services.place_order import place_order
from tests.factories import (
    day,
    make_contact,
    make_invoice,
    make_partner,
    make_program,
    payment_type,
    usd,
)
from tests.imports.importing import Importing
from tests.snapshot import everything

pytestmark = pytest.mark.django_db

IMPORT = Actor.system(Source.IMPORT)


def test_the_same_rows_are_written_as_by_the_services(importing: Importing) -> None:
    header = (
        "customer_id,customer_name,customer_email,order_number,order_date,due_date,title,item,quantity,"
        "unit_price,amount,paid,paid_on,payment_type"
    )
    rows = [
        "1,Marta Keller,m@k.example,A-1,2026-01-05,2026-01-20,Website,Logo,1,350.00,,yes,2026-01-10,Check",
        "1,,,A-1,,,,Cards,3,3.333333,10.00,,,",
        "2,Acme Inc,,A-2,2026-01-06,,,Logo,2,,29.33,10.00,2026-01-02,Cash",
        "2,,,,2026-01-07,,,,,,0.00,,,",
    ]
    start = _sequences()

    imported = _rows_after(lambda: importing(header, *rows), start)
    written = _rows_after(_place_and_pay, start)

    assert imported == written
    assert len(imported["orders.OrderItem"]) == 4
    assert len(imported["payments.Payment"]) == 2


def test_commissions_are_written_as_by_the_services(importing: Importing) -> None:
    """Codes of the file, a referral, up front and on payment, a parent, an override, one who earns always."""
    ben = make_partner("Ben", code="BEN1")
    dana = make_partner("Dana", code="DANA1", parent=ben)
    cora = make_partner("Cora", code="CORA1")
    make_partner("Ella", code="ELLA1", global_override=True)
    make_program(dana, cora, rates={("lead", 1): 1000, ("lead", 2): 200, ("sale", 1): 333})
    make_program(ben, name="Up front", priority=5, payout_type="up_front", rates={("sale", 1): 500})
    acme = make_contact("Acme Inc")
    Referral.objects.create(contact=acme, partner=cora, role="lead", since=day(-400))
    header = (
        "customer_name,order_number,order_date,item,amount,paid,paid_on,payment_type,"
        "lead_partner,sale_partner"
    )
    rows = [
        "Acme Inc,B-1,2026-01-05,Logo,350.00,100.00,2026-01-10,Check,dana1,DANA1",
        "Acme Inc,B-2,2026-01-06,Logo,99.99,yes,2026-01-06,Check,,",
        "Acme Inc,B-3,2026-01-07,Logo,10.00,,,,,BEN1",
    ]
    logo = add_product(
        details=ProductDetails(name="Logo", price=usd("350.00")), request_key="d", actor=IMPORT
    )
    start = _sequences()

    def place_and_pay() -> None:
        orders = [
            ("B-1", date(2026, 1, 5), 35000, dana, dana),
            ("B-2", date(2026, 1, 6), 9999, cora, None),
            ("B-3", date(2026, 1, 7), 1000, cora, ben),
        ]
        for number, ordered_on, minor, lead, sale in orders:
            price = Decimal(minor) / 100
            _place(
                f"number:{number}",
                acme,
                f"Order {number}",
                ordered_on,
                [LineInput(ItemKind.PRODUCT, "Logo", Decimal(1), price, logo.pk, minor)],
                lead_partner_id=lead.pk,
                sale_partner_id=sale.pk if sale else None,
            )
        _pay("number:B-1", acme, "100.00", "Check", date(2026, 1, 10))
        _pay("number:B-2", acme, "99.99", "Check", date(2026, 1, 6))

    imported = _rows_after(lambda: importing(header, *rows), start)
    written = _rows_after(place_and_pay, start)

    assert imported == written
    earned = {
        (row["cause"], row["partner_id"], row["amount_minor"])
        for row in imported["commissions.CommissionEntry"]
    }
    assert earned == {
        ("order_placed", ben.pk, 50),
        ("payment", dana.pk, 1000),
        ("payment", dana.pk, 333),
        ("payment", ben.pk, 200),
        ("payment", cora.pk, 1000),
    }
    assert len(imported["commissions.FrozenTerms"]) == 3


def test_the_book_gives_each_new_order_the_terms_that_are_read_for_it() -> None:
    ben = make_partner("Ben", code="BEN1")
    dana = make_partner("Dana", code="DANA1", parent=ben)
    cora = make_partner("Cora", code="CORA1", status="inactive")
    ella = make_partner("Ella", code="ELLA1", global_override=True, parent=dana)
    make_program(dana, cora, rates={("lead", 1): 1000, ("lead", 2): 200, ("sale", 1): 333})
    make_program(ben, ella, name="Second", priority=5, rates={("sale", 1): 500})
    PartnerOverride.objects.create(partner=ella, role="sale", percent_bps=100)
    book = read_terms_book()

    for lead, sale in ((dana, None), (None, cora), (ella, ben), (None, None), (dana, dana)):
        invoice = make_invoice(
            lead_partner_id=lead.pk if lead else None, sale_partner_id=sale.pk if sale else None
        )
        roles = {PartnerRole.LEAD: lead, PartnerRole.SALE: sale}
        assigned = {role: partner.pk for role, partner in roles.items() if partner}

        found = book.terms(order_id=invoice.order_id, currency="USD", assigned=assigned)

        assert found == terms_now(invoice.order)


def _place_and_pay() -> None:
    marta = add_contact(
        details=ContactDetails(given_name="Marta", family_name="Keller", email="m@k.example"),
        request_key="a",
        actor=IMPORT,
    )
    acme = add_contact(details=ContactDetails(company="Acme Inc"), request_key="b", actor=IMPORT)
    for contact, external_id in ((marta, "1"), (acme, "2")):
        Contact.objects.filter(pk=contact.pk).update(external_id=external_id)
    logo = add_product(
        details=ProductDetails(name="Logo", price=usd("350.00")), request_key="c", actor=IMPORT
    )
    cards = add_product(
        details=ProductDetails(name="Cards", price=usd("3.33")), request_key="d", actor=IMPORT
    )
    row_key = f"row:{_identity_of_last_row()}:1"
    _place(
        "number:A-1",
        marta,
        "Website",
        date(2026, 1, 5),
        [
            LineInput(ItemKind.PRODUCT, "Logo", Decimal(1), Decimal("350.00"), logo.pk, 35000),
            LineInput(ItemKind.PRODUCT, "Cards", Decimal(3), Decimal("3.333333"), cards.pk, 1000),
        ],
        due_on=date(2026, 1, 20),
    )
    _place(
        "number:A-2",
        acme,
        "Order A-2",
        date(2026, 1, 6),
        [LineInput(ItemKind.PRODUCT, "Logo", Decimal(2), Decimal("14.665"), logo.pk, 2933)],
    )
    _place(
        row_key,
        acme,
        "Imported order",
        date(2026, 1, 7),
        [LineInput(ItemKind.PRODUCT, "Imported order", Decimal(1), Decimal(0), None, 0)],
    )
    _pay("number:A-1", marta, "360.00", "Check", date(2026, 1, 10))
    _pay("number:A-2", acme, "10.00", "Cash", date(2026, 1, 2))


def _place(
    key: str, contact: Contact, title: str, ordered_on: date, lines: list[LineInput], **fields: Any
) -> None:
    place_order(
        contact_id=contact.pk,
        title=title,
        ordered_on=ordered_on,
        currency="USD",
        lines=lines,
        request_key=request_key_of_order(key),
        source_key=key,
        actor=IMPORT,
        on=day(),
        **fields,
    )


def _pay(key: str, contact: Contact, amount: str, label: str, received_on: date) -> None:
    invoice = Invoice.objects.get(order__source_key=key)
    record_payment(
        wanted=PaymentInput(
            contact_id=contact.pk,
            amount=usd(amount),
            payment_type_id=payment_type(label).pk,
            received_on=received_on,
            shares=(Share(invoice.pk, usd(amount)),),
        ),
        request_key=request_key_of_payment(key),
        actor=IMPORT,
        on=day(),
    )


def _identity_of_last_row() -> str:
    content = sorted(f"{name}\x1f{value}" for name, value in _LAST_ROW.items())
    return blake2b("\x1e".join(content).encode(), digest_size=16).hexdigest()


_LAST_ROW = {"customer_id": "2", "order_date": "2026-01-07", "amount": "0.00"}
# Rows that nothing refers to are written in another order; what they say must still be the same.
_WITHOUT_ID = {"events.Event", "ledger.Transfer", "orders.OrderItem", "payments.Allocation"}


_NEXT = sql.SQL("SELECT last_value + CASE WHEN is_called THEN 1 ELSE 0 END FROM {}")


def _sequences() -> dict[str, int]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT sequencename FROM pg_sequences WHERE schemaname = current_schema()")
        names = [name for (name,) in cursor.fetchall()]
        found = {}
        for name in names:
            # pg_sequences tells nothing of a sequence that was set and not used since.
            cursor.execute(_NEXT.format(sql.Identifier(name)))
            (found[name],) = cursor.fetchone()
        return found


def _rows_after(write: Callable[[], Any], start: dict[str, int]) -> dict[str, list[dict[str, Any]]]:
    """All rows that the function leaves, and every table as it was again."""
    with connection.cursor() as cursor:
        for name, value in start.items():
            cursor.execute("SELECT setval(%s::regclass, %s, false)", [name, value])
    with transaction.atomic():
        write()
        rows = {**everything(), "catalog.Product": list(Product.objects.order_by("pk").values())}
        transaction.set_rollback(True)
    for event in rows["events.Event"]:
        # The import knows contacts and products by what they are, not by a request.
        if event["name"] in {"contact.added", "product.added"}:
            event["request_key"] = event["input_hash"] = None
    for label, table in rows.items():
        for row in table:
            for name in [
                name for name in row if name.endswith("_at") or (name == "id" and label in _WITHOUT_ID)
            ]:
                del row[name]
        table.sort(key=repr)
    return rows
