"""What all pages share: navigation, who may see them, refusals, notices, no inline style or script."""

import re
from datetime import date

import pytest
from django.contrib.messages import get_messages
from django.http import HttpRequest
from django.test import Client, RequestFactory
from django.urls import reverse

from duebook.commissions.models import CommissionEntry
from duebook.contacts.models import Contact
from duebook.domain import errors
from duebook.domain.permissions import Right, Role
from duebook.staff.models import Business
from duebook.web.errors import status_of, text_of as words_of
from duebook.web.notices import add_notice, add_payment_notice
from duebook.web.request import May
from tests.factories import (
    make_contact,
    make_invoice,
    make_partner,
    make_payment,
    make_program,
    make_user,
    usd,
)
from tests.web.pages import sign_in, text_of, title_of

pytestmark = pytest.mark.django_db

PAGES = [
    "/contacts/",
    "/contacts/?q=acme",
    "/contacts/new/",
    "/contacts/{contact}/",
    "/contacts/{contact}/edit/",
    "/contacts/{contact}/orders/",
    "/contacts/{contact}/payments/",
    "/contacts/{contact}/history/",
    "/contacts/{contact}/referrals/",
    "/partners/",
    "/partners/new/",
    "/partners/new/?contact={contact}",
    "/partners/{partner}/",
    "/partners/{partner}/edit/",
    "/partners/{partner}/contact/",
    "/partners/{partner}/deletion/",
    "/partners/{partner}/overrides/",
    "/programs/",
    "/programs/new/",
    "/programs/{program}/",
    "/recalculations/",
    "/recalculations/?first=&last=&partner=&program=",
    "/commissions/entries/{entry}/",
    "/orders/{order}/partners/",
    "/orders/{order}/overrides/",
    "/orders/{order}/recalculation/",
    "/products/",
    "/products/new/",
    "/orders/",
    "/orders/?state=open&q=acme",
    "/orders/new/",
    "/orders/new/?contact={contact}",
    "/orders/{order}/",
    "/orders/{order}/print/",
    "/orders/{order}/items/",
    "/orders/{order}/cancellation/",
    "/invoices/{invoice}/void/",
    "/search/?q=acme",
    "/settings/",
    "/settings/business/",
    "/settings/closed-period/",
    "/settings/limits/",
    "/settings/payment-types/",
    "/settings/payment-types/new/",
    "/settings/users/",
    "/settings/users/new/",
    "/settings/profile/",
    "/accounts/2fa/",
    "/accounts/password/change/",
]


@pytest.fixture
def scene() -> dict[str, int]:
    contact = make_contact()
    partner = make_partner()
    program = make_program(partner)
    invoice = make_invoice("100.00", contact=contact, lead_partner_id=partner.pk)
    make_payment("40.00", invoice=invoice)
    return {
        "contact": contact.pk,
        "order": invoice.order_id,
        "invoice": invoice.pk,
        "partner": partner.pk,
        "program": program.pk,
        "entry": CommissionEntry.objects.get().pk,
    }


@pytest.mark.parametrize("address", PAGES)
def test_no_page_needs_what_the_content_security_policy_forbids(
    client: Client, scene: dict[str, int], address: str
) -> None:
    sign_in(client)

    answer = client.get(address.format(**scene))

    assert answer.status_code == 200
    html = answer.content.decode()
    assert not re.search(r"<[^>]+\s(style|on[a-z]+)=", html)
    assert not re.search(r"<script(?![^>]*\b(src|type=\"application/json\"))", html)
    assert html.count("<h1") == 1


@pytest.mark.parametrize("address", PAGES)
def test_a_stranger_is_sent_to_the_login(client: Client, scene: dict[str, int], address: str) -> None:
    answer = client.get(address.format(**scene))

    assert answer.status_code == 302
    assert answer["Location"].startswith("/accounts/login/")


def test_the_navigation_has_exactly_these_entries(client: Client) -> None:
    sign_in(client)

    html = client.get("/contacts/").content.decode()

    nav = html.partition('<nav class="mainnav"')[2].partition("</nav>")[0]
    entries = [
        re.sub(r"<[^>]*>|\s+", " ", e).strip()
        for e in re.findall(r"<(?:a|button)\b.*?</(?:a|button)>", nav, re.S)
    ]
    assert entries == [
        *("Dashboard", "Contacts", "E-Commerce"),
        *("Orders", "All Orders", "Enter a Payment", "Add Order", "Payments", "Products"),
        "Money needing a decision",
        *("Referral Partners", "Partners", "Programs", "Ledgers", "Payouts"),
        *("Reports", "Settings"),
    ]
    assert re.search(r'href="/contacts/"\s+aria-current="page"', nav)


def test_someone_who_may_only_look_sees_no_buttons(client: Client, scene: dict[str, int]) -> None:
    sign_in(client, Role.VIEWER)

    for address in (
        "/contacts/",
        "/contacts/{contact}/orders/",
        "/orders/",
        "/orders/{order}/",
        "/products/",
    ):
        said = text_of(client.get(address.format(**scene)))
        for button in ("Add ", "Enter a Payment", "Change Items", "Void Invoice", "Cancel Order", "Edit"):
            assert button not in said, (address, button)


FORBIDDEN_TO_CLERKS = [
    "/products/new/",
    "/orders/new/",
    "/orders/{order}/items/",
    "/orders/{order}/cancellation/",
    "/orders/{order}/partners/",
    "/orders/{order}/overrides/",
    "/orders/{order}/recalculation/",
    "/invoices/{invoice}/void/",
    "/partners/",
    "/partners/new/",
    "/partners/{partner}/",
    "/partners/{partner}/edit/",
    "/partners/{partner}/overrides/",
    "/programs/",
    "/programs/new/",
    "/programs/{program}/",
    "/recalculations/",
    "/commissions/entries/{entry}/",
    "/settings/business/",
    "/settings/limits/",
    "/settings/payment-types/",
    "/settings/payment-types/new/",
    "/settings/users/",
    "/settings/users/new/",
]


@pytest.mark.parametrize("address", FORBIDDEN_TO_CLERKS)
def test_a_clerk_is_told_what_the_role_does_not_allow(
    client: Client, scene: dict[str, int], address: str
) -> None:
    sign_in(client, Role.CLERK)

    answer = client.get(address.format(**scene))

    assert answer.status_code == 403
    assert title_of(answer) == "Not allowed · Duebook"
    assert "Ask a manager or an owner" in text_of(answer)
    assert client.post(address.format(**scene)).status_code in (403, 405)


@pytest.mark.parametrize(
    "address",
    [
        "/contacts/0/",
        "/contacts/0/orders/",
        "/orders/0/",
        "/orders/0/items/",
        "/invoices/0/",
        "/settings/users/0/",
        "/partners/0/",
        "/partners/0/overrides/",
        "/programs/0/",
        "/commissions/entries/0/",
        "/orders/0/partners/",
        "/contacts/0/referrals/",
    ],
)
def test_what_does_not_exist_is_404_with_a_way_on(client: Client, address: str) -> None:
    sign_in(client)

    answer = client.get(address)

    assert answer.status_code == 404
    assert "was not found" in text_of(answer)
    assert title_of(answer) == "Not found · Duebook"


def test_an_unknown_address_is_404_for_everyone(client: Client) -> None:
    stranger = client.get("/nowhere/")
    sign_in(client)
    staff = client.get("/nowhere/")

    assert (stranger.status_code, staff.status_code) == (404, 404)
    assert "There is no such page" in text_of(staff)
    assert "There is no such page The address may be mistyped or cut off." in text_of(stranger)
    assert "dashboard" not in text_of(stranger)


def test_who_had_to_log_in_after_clicking_a_button_reads_what_to_do(client: Client) -> None:
    address = "/charges/7/inquiry/"
    to_log_in = client.post(address)
    sign_in(client)

    after = client.get(address)

    assert to_log_in["Location"] == f"/accounts/login/?next={address}"
    assert (after.status_code, after["Allow"]) == (405, "POST")
    assert "Nothing was done" in text_of(after)
    assert "go back to its page and click once more." in text_of(after)


def test_what_cannot_be_read_is_answered_with_a_page(client: Client) -> None:
    sign_in(client)

    too_much = client.post("/contacts/new/", {"company": "x" * 3_000_000})
    elsewhere = client.get("/", headers={"host": "elsewhere.example"})

    for answer in (too_much, elsewhere):
        assert answer.status_code == 400
        assert "This cannot be read Nothing was saved." in text_of(answer)
    assert not Contact.objects.exists()


def test_a_form_that_was_open_too_long_is_answered_kindly() -> None:
    client = Client(enforce_csrf_checks=True)
    sign_in(client)

    answer = client.post("/contacts/new/", {"company": "Acme"})

    assert answer.status_code == 403
    assert "Please send the form again" in text_of(answer)
    assert "or your browser takes no cookies from this page" in text_of(answer)
    assert not Contact.objects.exists()


@pytest.mark.parametrize(
    ("error", "status", "words"),
    [
        (errors.AboveBalance(balance=usd("480.00")), 422, "The balance due is 480.00. Lower"),
        (errors.PeriodClosed(closed_until=date(2026, 10, 1)), 422, "closed until 1 Oct 2026."),
        (errors.InvoicePaid(number="INV-1"), 409, "INV-1 has been paid meanwhile."),
        (errors.NotFound(what="Contact", id=7), 404, "Contact 7 was not found."),
        (errors.Forbidden(right=Right.VOID.value), 403, "void invoices and cancel orders"),
    ],
)
def test_each_refusal_has_its_words_and_its_status(
    error: errors.DomainError, status: int, words: str
) -> None:
    assert status_of(error) == status
    assert words in words_of(error, Business(currency="USD", locale="en_US"))


def test_an_unknown_right_in_a_template_is_a_mistake() -> None:
    may = May(frozenset({Right.VOID}))

    assert may["void"]
    assert not may["edit_orders"]
    with pytest.raises(ValueError, match="fly"):
        may["fly"]


def request_with_session(client: Client) -> HttpRequest:
    request = RequestFactory().get("/")
    request.session = client.session
    return request


def test_a_payment_is_told_once_with_the_new_balance_and_what_to_do_next(client: Client) -> None:
    sign_in(client)
    request = request_with_session(client)
    add_payment_notice(
        request,
        {
            "payment": "P-318",
            "payment_url": "/payments/1/",
            "amount_minor": 12000,
            "currency": "USD",
            "applied": [{"invoice": "INV-<1042>", "url": "/orders/1/", "balance_minor": 48000}],
            "credit_minor": 2500,
            "actions": [
                {"label": "Undo", "url": "/payments/1/undo/"},
                {"label": "Add another", "url": "/x/"},
            ],
        },
    )
    request.session.save()

    answer = client.get("/contacts/")

    assert (
        "Payment P-318 of 120.00 applied to INV-&lt;1042&gt; . Balance due is now 480.00 ."
        " Kept as credit on account: 25.00 . Undo Add another"
    ) in text_of(answer)
    assert "P-318" not in text_of(client.get("/contacts/"))


def test_a_notice_may_name_what_one_wants_to_do_next(client: Client) -> None:
    sign_in(client)
    request = request_with_session(client)
    add_notice(request, "Saved <b>.", actions=[{"label": "Show", "url": reverse("web:contact_list")}])
    request.session.save()

    html = client.get("/orders/").content.decode()

    assert "Saved &lt;b&gt;." in html
    assert '<a href="/contacts/">Show</a>' in html


def test_nobody_changes_their_own_address(client: Client) -> None:
    sign_in(client)

    answer = client.post("/accounts/email/", {"action_add": "", "email": "other@example.com"})

    assert answer.status_code == 302
    assert answer["Location"] == "/settings/profile/"


def test_who_forgot_the_password_finds_the_way_back(client: Client) -> None:
    asked = client.get("/accounts/password/reset/")
    sent = client.post("/accounts/password/reset/", {"email": "nobody@example.com"}, follow=True)

    assert "Enter the e-mail address with which you log in. A message with a link" in text_of(asked)
    assert 'for="id_email">E-mail</label>' in asked.content.decode()
    assert "ask an owner, who can give you a new password" in text_of(sent)
    for answer in (asked, sent):
        assert '<a href="/accounts/login/">Back to Log in</a>' in answer.content.decode()


def test_logging_in_speaks_of_e_mail_as_every_other_page(client: Client) -> None:
    page = client.get("/accounts/login/")
    refused = client.post("/accounts/login/", {"login": "nobody@example.com", "password": "wrong"})

    assert 'for="id_login">E-mail</label>' in page.content.decode()
    assert "The e-mail address or the password is not right." in text_of(refused)
    assert "Email" not in text_of(page) + text_of(refused)


def test_a_new_installation_says_how_the_first_person_is_added(client: Client) -> None:
    before = text_of(client.get("/accounts/login/"))
    make_user()
    after = text_of(client.get("/accounts/login/"))

    assert "duebook createuser NAME@EXAMPLE.COM --role owner adds the first person." in before
    assert "createuser" not in after


def test_signup_is_closed(client: Client) -> None:
    answer = client.get("/accounts/signup/")

    assert "Sign Up" in text_of(answer)
    assert "closed" in text_of(answer).lower()
    assert not list(get_messages(answer.wsgi_request))
