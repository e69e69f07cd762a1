"""Load the demo business: made by the services that people use, with days counted back from today."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from django.db import transaction

from duebook.catalog.details import ProductDetails
from duebook.catalog.models import Product
from duebook.catalog.services.add_product import add_product
from duebook.contacts.services.add_contact import add_contact
from duebook.domain.commission_rules import PartnerRole
from duebook.domain.money import Money
from duebook.domain.permissions import Actor, Right, Role, Source
from duebook.domain.recording import PaymentInput, Share, Surplus
from duebook.events.models import Event
from duebook.events.services.record_event import record_event
from duebook.imports import demo_story as story
from duebook.imports.demo_partners import PARTNERS, add_partners_and_programs, pay_out
from duebook.imports.demo_sample import write_sample
from duebook.imports.demo_story import Fate, Receipt, Sale
from duebook.imports.payment_labels import payment_labels
from duebook.imports.services.import_orders import import_orders
from duebook.ledger.currencies import parse_amount
from duebook.partners.services.refer_contact import refer_contact
from duebook.payments.services.record_payment import record_payment
from duebook.payments.services.return_payment import return_payment
from duebook.payments.services.reverse_payment import reverse_payment
from duebook.sales.services.place_order import place_order
from duebook.staff.queries import actor_for, today as business_today
from duebook.staff.services.add_user import add_user
from duebook.staff.services.change_business import BusinessDetails, change_business
from duebook.staff.services.set_role_limits import set_role_limits

CURRENCY = "USD"
BANK_FEE = "15.00"
LIMITS = {(Role.CLERK, Right.CHARGE_CARDS): "1000.00", (Role.MANAGER, Right.REFUND): "250.00"}
DAY_LIMITS = {(Role.CLERK, Right.CHARGE_CARDS): "2500.00", (Role.MANAGER, Right.REFUND): "500.00"}
USERS = {
    "owner": ("owner@example.com", "Olivia Alder", Role.OWNER),
    "manager": ("manager@example.com", "Marcus Finch", Role.MANAGER),
    "partner manager": ("partner-manager@example.com", "Paula Reed", Role.PARTNER_MANAGER),
    "clerk": ("clerk@example.com", "Clara Bell", Role.CLERK),
    "viewer": ("viewer@example.com", "Victor Lane", Role.VIEWER),
}
_LOADED = "demo:loaded"
_SYSTEM = Actor.system(Source.COMMAND)


@transaction.atomic
def load_demo(
    *,
    password: str,
    today: date | None = None,
    on_progress: Callable[[int, int], None] | None = None,
) -> bool:
    """Load the demo with users who all have the password; False when it was loaded before, on whatever day.

    Everything or nothing is written; records ``demo.loaded``. ``today`` is the day of its last orders, by
    default the business's.
    """
    if Event.objects.filter(actor_id=_SYSTEM.user_id, request_key=_LOADED).exists():
        return False
    _set_up_business()
    demo = _Demo(today or business_today(), _add_users(password))
    _add_products()
    demo.import_sample(on_progress)
    demo.add_contacts()
    demo.add_partners()
    demo.place_orders(story.SALES)
    demo.record_payments(story.RECEIPTS)
    demo.pay_partners()
    record_event(name="demo.loaded", actor=_SYSTEM, request_key=_LOADED, hashed="")
    return True


def _set_up_business() -> None:
    details = BusinessDetails(
        name=story.BUSINESS_NAME,
        address=story.BUSINESS_ADDRESS,
        email=story.BUSINESS_EMAIL,
        currency=CURRENCY,
        time_zone="UTC",
        locale="en_US",
        terms_days=story.TERMS_DAYS,
        email_receipts=False,
        partners_see_names=True,
        partner_link=story.PARTNER_LINK,
    )
    change_business(details=details, request_key="demo:business", actor=_SYSTEM)
    set_role_limits(
        limits={pair: _money(amount) for pair, amount in LIMITS.items()},
        day_limits={pair: _money(amount) for pair, amount in DAY_LIMITS.items()},
        currency=CURRENCY,
        request_key="demo:limits",
        actor=_SYSTEM,
    )


def _add_users(password: str) -> dict[str, Actor]:
    actors = {}
    for key, (email, name, role) in USERS.items():
        user = add_user(
            email=email,
            name=name,
            role=role,
            password=password,
            request_key=f"demo:user:{key}",
            actor=_SYSTEM,
        )
        actors[key] = replace(actor_for(user, source=Source.COMMAND), source=Source.COMMAND)
    return actors


def _add_products() -> None:
    for name, (sku, price) in story.PRODUCTS.items():
        details = ProductDetails(name=name, sku=sku, price=_money(price))
        add_product(details=details, request_key=f"demo:product:{sku}", actor=_SYSTEM)


class _Demo:
    """What the steps hand on: ids by the keys of the story."""

    def __init__(self, today: date, actors: dict[str, Actor]) -> None:
        self._today = today
        self._actors = actors
        self._contacts: dict[str, int] = {}
        self._partners: dict[str, int] = {}
        self._invoices: dict[str, int] = {}

    def import_sample(self, on_progress: Callable[[int, int], None] | None) -> None:
        with TemporaryDirectory() as folder:
            path = Path(folder) / "orders.csv"
            write_sample(path, today=self._today)
            import_orders(path=path, currency=CURRENCY, on=self._today, on_progress=on_progress)

    def add_contacts(self) -> None:
        for key, details in story.CONTACTS.items():
            contact = add_contact(
                details=details, request_key=f"demo:contact:{key}", actor=self._actors["manager"]
            )
            self._contacts[key] = contact.pk

    def add_partners(self) -> None:
        self._partners = add_partners_and_programs(
            contacts=self._contacts,
            names={partner.contact: _full_name(partner.contact) for partner in PARTNERS},
            currency=CURRENCY,
            actor=self._actors["partner manager"],
        )

    def pay_partners(self) -> None:
        pay_out(
            today=self._today,
            currency=CURRENCY,
            builder=self._actors["partner manager"],
            approver=self._actors["owner"],
        )

    def place_orders(self, sales: Iterable[Sale]) -> None:
        products = dict(Product.objects.values_list("name", "pk"))
        referred: set[tuple[str, str]] = set()
        for sale in sales:
            ordered_on = self._today - timedelta(days=sale.days_ago)
            placed = place_order(
                contact_id=self._contacts[sale.contact],
                title=sale.title,
                ordered_on=ordered_on,
                currency=CURRENCY,
                lines=[line.as_input(products) for line in sale.lines],
                lead_partner_id=self._partners[sale.lead] if sale.lead else None,
                sale_partner_id=self._partners[sale.sale] if sale.sale else None,
                request_key=f"demo:order:{sale.key}",
                actor=self._actors["manager"],
                on=ordered_on,
            )
            self._invoices[sale.key] = placed.invoice_id
            if sale.lead and (sale.contact, sale.lead) not in referred:
                referred.add((sale.contact, sale.lead))
                self._refer(sale.contact, sale.lead, ordered_on)

    def _refer(self, contact: str, partner: str, since: date) -> None:
        refer_contact(
            contact_id=self._contacts[contact],
            partner_id=self._partners[partner],
            role=PartnerRole.LEAD,
            since=since,
            request_key=f"demo:referral:{contact}:{partner}",
            actor=self._actors["partner manager"],
        )

    def record_payments(self, receipts: Iterable[Receipt]) -> None:
        labels = payment_labels()
        for number, receipt in enumerate(receipts, start=1):
            labelled = labels.find(receipt.type_label)
            day = self._today - timedelta(days=receipt.days_ago)
            is_adjustment = receipt.type_label in {"Write-off", "Adjustment"}
            recorded = record_payment(
                wanted=PaymentInput(
                    contact_id=self._contacts[receipt.contact],
                    amount=_money(receipt.amount),
                    payment_type_id=labelled.id,
                    received_on=day,
                    shares=tuple(
                        Share(self._invoices[key], _money(amount)) for key, amount in receipt.shares.items()
                    ),
                    surplus=Surplus.KEEP_AS_CREDIT,
                    reference=receipt.reference,
                    notes=receipt.notes,
                    apply_to_commissions=labelled.apply_to_commissions,
                ),
                request_key=f"demo:payment:{number}",
                actor=self._actors["manager" if is_adjustment else "clerk"],
                on=day,
            )
            self._carry_out_fate(receipt, recorded.payment_id, number)

    def _carry_out_fate(self, receipt: Receipt, payment_id: int, number: int) -> None:
        day = self._today - timedelta(days=receipt.fate_days_ago)
        key = f"demo:payment:{number}:fate"
        manager = self._actors["manager"]
        if receipt.fate is Fate.RETURNED:
            return_payment(
                payment_id=payment_id,
                returned_on=day,
                reason=receipt.reason,
                fee=_money(BANK_FEE),
                request_key=key,
                actor=manager,
                on=day,
            )
        elif receipt.fate is Fate.UNDONE:
            reverse_payment(
                payment_id=payment_id, reason=receipt.reason, request_key=key, actor=manager, on=day
            )


def _money(text: str) -> Money:
    return parse_amount(text, CURRENCY)


def _full_name(key: str) -> str:
    details = story.CONTACTS[key]
    return f"{details.given_name} {details.family_name}".strip() or details.company
