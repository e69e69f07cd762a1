"""The pages below Settings."""

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from duebook.domain.permissions import Role
from duebook.events.models import Event
from duebook.ledger.models import ClosedPeriod
from duebook.ledger.queries import closed_until
from duebook.payments.models import PaymentType
from duebook.staff.models import Business, RoleLimit, User
from tests.factories import PASSWORD, day, make_invoice, make_user, payment_type
from tests.web.pages import fields_of, sign_in, text_of

pytestmark = pytest.mark.django_db

PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 20


def test_the_business_is_changed_and_pages_follow_its_locale_at_once(client: Client) -> None:
    sign_in(client)
    invoice = make_invoice("1234.50")
    address = "/settings/business/"
    sent = fields_of(
        client.get(address), name="Keller", locale="de_DE", time_zone="Europe/Berlin", terms_days="14"
    )

    answer = client.post(address, sent, follow=True)

    business = Business.objects.get()
    assert (business.name, business.terms_days) == ("Keller", 14)
    assert "Saved." in text_of(answer)
    assert "1.234,50" in text_of(client.get(f"/orders/{invoice.order_id}/"))


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ({"name": ""}, "This field is required."),
        ({"currency": "XYZ"}, "XYZ is not the code of a currency."),
        ({"time_zone": "Mars/Olympus"}, "Select a valid choice."),
        ({"terms_days": "-1"}, "greater than or equal to 0"),
    ],
)
def test_settings_that_make_no_sense_come_back(client: Client, typed: dict[str, str], words: str) -> None:
    sign_in(client)
    address = "/settings/business/"

    answer = client.post(address, fields_of(client.get(address), address="Kept", **typed))

    assert answer.status_code == 422
    assert words in text_of(answer)
    assert "Kept" in answer.content.decode()
    assert not Event.objects.exists()


def test_a_logo_is_uploaded_shown_and_removed(client: Client) -> None:
    sign_in(client)
    sent = {"request_key": "a", "logo": SimpleUploadedFile("logo.png", PNG)}

    client.post("/settings/business/logo/", sent)
    shown = client.get("/business/logo/")
    client.post("/settings/business/logo/", {"request_key": "b", "remove": "on"})

    assert (shown.content, shown["Content-Type"]) == (PNG, "image/png")
    assert client.get("/business/logo/").status_code == 404


def test_a_logo_that_is_no_picture_is_refused_beside_its_field(client: Client) -> None:
    sign_in(client)
    sent = {"request_key": "a", "logo": SimpleUploadedFile("logo.svg", b"<svg/>")}

    answer = client.post("/settings/business/logo/", sent)
    nothing = client.post("/settings/business/logo/", {"request_key": "b"})

    assert answer.status_code == 422
    assert "Choose a PNG or JPEG picture of at most 500 kB." in text_of(answer)
    assert "Choose a picture." in text_of(nothing)


@pytest.mark.parametrize(
    ("role", "address"), [(Role.OWNER, "/settings/business/"), (Role.VIEWER, "/settings/")]
)
def test_the_settings_begin_with_the_business_for_everyone(client: Client, role: Role, address: str) -> None:
    sign_in(client, role)

    answer = client.get("/settings/")

    assert "Figures and dates as in English (United States): 1,234.50" in text_of(answer)
    assert f'<a href="{address}" aria-current="page">Business</a>' in " ".join(
        answer.content.decode().split()
    )


def test_the_books_are_closed_and_the_page_says_who_did_it(client: Client) -> None:
    olga = sign_in(client)
    address = "/settings/closed-period/"

    answer = client.post(
        address, fields_of(client.get(address), closed_until=day(-9).isoformat()), follow=True
    )
    no_reason = client.post(address, fields_of(answer, closed_until=""))

    assert closed_until() == day(-9)
    assert str(olga) in text_of(answer)
    assert no_reason.status_code == 422
    assert "Say why" in text_of(no_reason)


def test_others_see_until_when_the_books_are_closed_and_cannot_change_it(client: Client) -> None:
    sign_in(client, Role.CLERK)
    address = "/settings/closed-period/"

    shown = client.get(address)
    refused = client.post(address, {"request_key": "k", "closed_until": day(-9).isoformat()})

    assert "The books are open" in text_of(shown)
    assert "<form method" not in text_of(shown)
    assert refused.status_code == 403
    assert closed_until() is None


def test_limits_are_set_and_taken_away(client: Client) -> None:
    sign_in(client)
    address = "/settings/limits/"

    client.post(address, fields_of(client.get(address), **{"clerk-record_payments": "500"}))
    stored = RoleLimit.objects.get()
    shown = client.get(address)
    client.post(address, fields_of(shown, **{"clerk-record_payments": ""}))

    assert (stored.role, stored.amount_minor) == ("clerk", 50000)
    assert 'value="500.00"' in shown.content.decode()
    assert not RoleLimit.objects.exists()


def test_a_limit_of_a_day_is_set_beside_that_of_a_single_act(client: Client) -> None:
    sign_in(client)
    address = "/settings/limits/"

    client.post(address, fields_of(client.get(address), **{"manager-refund-a-day": "80"}))
    shown = client.get(address)

    assert (RoleLimit.objects.get().amount_minor, RoleLimit.objects.get().per_day_minor) == (None, 8000)
    assert 'value="80.00"' in shown.content.decode()
    assert "Manager: refund payments, a day" in text_of(shown)
    assert "clerk-record_payments-a-day" not in shown.content.decode()


def test_a_limit_that_is_no_amount_comes_back(client: Client) -> None:
    sign_in(client)
    address = "/settings/limits/"

    answer = client.post(address, fields_of(client.get(address), **{"manager-adjust": "much"}))

    assert answer.status_code == 422
    assert "Enter an amount in figures" in text_of(answer)
    assert not RoleLimit.objects.exists()


def test_a_payment_type_is_added_edited_and_moved(client: Client) -> None:
    sign_in(client)
    new = "/settings/payment-types/new/"
    bank = next(
        pk for pk, label in client.get(new).context["form"].fields["account"].choices if "Bank" in label
    )

    client.post(new, fields_of(client.get(new), label="Bank transfer", kind="money", account=bank))
    added = PaymentType.objects.get(label="Bank transfer")
    address = f"/settings/payment-types/{added.pk}/"
    client.post(address, fields_of(client.get(address), label="Wire", apply_to_commissions="no"))
    rows = client.get("/settings/payment-types/").context["rows"]
    client.post("/settings/payment-types/order/", {"request_key": "m", "ids": rows[-1]["up"]})

    added.refresh_from_db()
    assert (added.label, added.apply_to_commissions, added.account_id) == ("Wire", False, bank)
    assert list(PaymentType.objects.values_list("label", flat=True))[-2:] == ["Wire", "Write-off"]


def test_a_label_is_used_once(client: Client) -> None:
    sign_in(client)
    address = f"/settings/payment-types/{payment_type('Cash').pk}/"

    answer = client.post(address, fields_of(client.get(address), label="CHECK"))

    assert answer.status_code == 409
    assert "There is a payment type CHECK already." in text_of(answer)


def test_a_user_is_added_and_can_sign_in(client: Client) -> None:
    sign_in(client)
    address = "/settings/users/new/"
    typed = {"name": "Carl", "email": "carl@example.com", "role": "clerk", "password": PASSWORD}

    client.post(address, fields_of(client.get(address), **typed))
    client.logout()

    assert client.login(email="carl@example.com", password=PASSWORD)


@pytest.mark.parametrize(
    ("typed", "status", "words"),
    [
        ({"password": "sh0rt"}, 422, "This password is too short."),
        ({"email": "olga@EXAMPLE.com"}, 409, "is the address of another user already."),
        ({"role": "king"}, 422, "Select a valid choice."),
    ],
)
def test_a_refused_user_comes_back_without_the_password(
    client: Client, typed: dict[str, str], status: int, words: str
) -> None:
    sign_in(client)
    address = "/settings/users/new/"
    sent = {"name": "Carl", "email": "carl@example.com", "role": "clerk", "password": PASSWORD, **typed}

    answer = client.post(address, fields_of(client.get(address), **sent))

    assert answer.status_code == status
    assert words in text_of(answer)
    assert sent["password"] not in answer.content.decode()
    assert User.objects.count() == 1


def test_a_user_is_changed_deactivated_and_given_a_password(client: Client) -> None:
    sign_in(client)
    carl = make_user(role=Role.CLERK)
    address = f"/settings/users/{carl.pk}/"
    sent = fields_of(client.get(address), role="manager")
    del sent["active"]

    client.post(address, sent)
    weak = client.post(f"{address}password/", {"new-request_key": "k", "new-password": "12345"})
    client.post(f"{address}password/", {"new-request_key": "k", "new-password": "quite another one"})

    carl.refresh_from_db()
    assert (carl.role, carl.is_active) == ("manager", False)
    assert weak.status_code == 422
    assert carl.check_password("quite another one")


def test_the_only_owner_stays(client: Client) -> None:
    olga = sign_in(client)
    address = f"/settings/users/{olga.pk}/"

    answer = client.post(address, fields_of(client.get(address), role="clerk"))

    assert answer.status_code == 422
    assert "Olga is the only active owner." in text_of(answer)


@pytest.mark.parametrize(
    ("address", "queries"),
    [
        ("/settings/", 4),
        ("/settings/business/", 4),
        ("/settings/closed-period/", 6),
        ("/settings/limits/", 5),
        ("/settings/payment-types/", 4),
        ("/settings/users/", 5),
        ("/settings/profile/", 3),
    ],
)
@pytest.mark.parametrize("rows", [0, 9])
def test_a_page_costs_the_same_whatever_there_is(
    client: Client, address: str, queries: int, rows: int, django_assert_num_queries: Any
) -> None:
    sign_in(client)
    account = payment_type().account
    ClosedPeriod.objects.create(closed_until=day(-9), decided_by_id=1)
    for number in range(rows):
        ClosedPeriod.objects.create(closed_until=day(number - 9), decided_by_id=number)
        make_user(role=Role.CLERK, email=f"c{number}@example.com")
        PaymentType.objects.create(label=f"Type {number}", account=account)

    with django_assert_num_queries(queries):
        client.get(address)
