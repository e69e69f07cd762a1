"""A payment over several invoices, more than what is due, and other ways to apply it."""

import pytest
from django.test import Client

from duebook.payments.models import Payment
from duebook.payments.queries import applied_by
from duebook.web import payment_scene
from tests.factories import day, make_contact, make_invoice, make_payment
from tests.snapshot import everything
from tests.web.pages import sign_in, text_of
from tests.web.payment_form import open_form, preview, send

pytestmark = pytest.mark.django_db


def applied_amounts() -> list[tuple[int, int]]:
    """The only payment's parts: (invoice, minor units)."""
    return [(part.invoice.pk, part.amount.minor) for part in applied_by(Payment.objects.get())]


def test_a_surplus_asks_in_the_form_where_it_goes(client: Client) -> None:
    sign_in(client)
    invoice = make_invoice("100.00")
    plain = open_form(client, invoice.contact_id)

    answer = send(client, plain, amount="120.00")

    text = text_of(answer)
    assert answer.status_code == 422
    assert 'name="surplus"' not in plain.content.decode()
    assert "20.00 more than the balance due" in text
    assert "Lower the amount to 100.00" in text
    assert "Keep the rest as credit on account 20.00" in text


def test_the_rest_is_kept_as_credit_when_the_clerk_says_so(client: Client) -> None:
    sign_in(client)
    invoice = make_invoice("100.00")

    answer = send(client, open_form(client, invoice.contact_id), amount="120.00", surplus="keep")

    payment = Payment.objects.get()
    assert (payment.amount_minor, payment.allocated_minor, payment.credit_minor) == (12000, 10000, 2000)
    assert "Kept as credit on account: 20.00" in text_of(client.get(answer.url))


def test_the_amount_is_lowered_when_the_clerk_says_so(client: Client) -> None:
    sign_in(client)
    invoice = make_invoice("100.00")

    send(client, open_form(client, invoice.contact_id), amount="120.00", surplus="lower")

    payment = Payment.objects.get()
    assert (payment.amount_minor, payment.credit_minor) == (10000, 0)


def test_lowering_to_a_balance_that_has_changed_is_asked_again(client: Client) -> None:
    sign_in(client)
    invoice = make_invoice("100.00")
    page = open_form(client, invoice.contact_id)
    make_payment("30.00", invoice=invoice)
    before = everything()

    answer = send(client, page, amount="120.00", surplus="lower")

    assert everything() == before
    assert answer.status_code == 409
    assert f"The balance due of {invoice} is now 70.00" in text_of(answer)


def test_one_check_pays_three_invoices(client: Client) -> None:
    sign_in(client)
    acme = make_contact()
    rows = [make_invoice(total, contact=acme) for total in ("100.00", "50.00", "70.00")]
    page = open_form(client, acme.pk, "split")

    answer = send(
        client,
        page,
        amount="180.00",
        **{f"part_{rows[0].pk}": "100.00", f"part_{rows[1].pk}": "50.00", f"part_{rows[2].pk}": "30.00"},
    )

    assert answer.status_code == 302
    assert applied_amounts() == [(rows[0].pk, 10000), (rows[1].pk, 5000), (rows[2].pk, 3000)]
    text = text_of(client.get(answer.url))
    assert f"Balance due of {rows[2]} is now 40.00" in text


def test_oldest_first_fills_the_parts(client: Client) -> None:
    sign_in(client)
    acme = make_contact()
    newer = make_invoice("50.00", contact=acme, ordered_on=day(-5))
    older = make_invoice("100.00", contact=acme, ordered_on=day(-40))
    newest = make_invoice("70.00", contact=acme)
    page = open_form(client, acme.pk, "split")
    before = everything()

    filled = preview(client, page, as_panel=False, amount="120.00", fill="oldest")

    form = filled.context["form"]
    assert everything() == before
    assert filled.status_code == 200
    assert form[f"part_{older.pk}"].value() == "100.00"
    assert form[f"part_{newer.pk}"].value() == "20.00"
    assert form[f"part_{newest.pk}"].value() == ""
    assert "Applied 120.00" in text_of(filled)
    assert send(client, filled).status_code == 302
    assert applied_amounts() == [(older.pk, 10000), (newer.pk, 2000)]


def test_what_is_not_applied_is_asked_about(client: Client) -> None:
    sign_in(client)
    acme = make_contact()
    first, _second = make_invoice("100.00", contact=acme), make_invoice("50.00", contact=acme)
    page = open_form(client, acme.pk, "split")

    asked = send(client, page, amount="150.00", **{f"part_{first.pk}": "100.00"})
    kept = send(client, asked, surplus="keep")

    assert asked.status_code == 422
    assert "50.00 is not applied to any invoice" in text_of(asked)
    assert kept.status_code == 302
    assert Payment.objects.get().credit_minor == 5000


@pytest.mark.parametrize(
    ("part", "says"),
    [
        ("100.01", "At most the balance due of 100.00."),
        ("-1", "Enter an amount above zero."),
        ("x", "Enter an amount in figures"),
    ],
)
def test_a_part_that_cannot_be_stands_beside_its_invoice(client: Client, part: str, says: str) -> None:
    sign_in(client)
    acme = make_contact()
    first, _second = make_invoice("100.00", contact=acme), make_invoice("500.00", contact=acme)
    before = everything()

    answer = send(client, open_form(client, acme.pk, "split"), amount="200", **{f"part_{first.pk}": part})

    assert everything() == before
    assert answer.status_code == 422
    assert says in " ".join(answer.context["form"].errors[f"part_{first.pk}"])
    assert answer.context["form"][f"part_{first.pk}"].value() == part


def test_parts_above_the_payment_are_refused(client: Client) -> None:
    sign_in(client)
    acme = make_contact()
    first, _second = make_invoice("100.00", contact=acme), make_invoice("50.00", contact=acme)

    answer = send(client, open_form(client, acme.pk, "split"), amount="80", **{f"part_{first.pk}": "90"})

    assert answer.status_code == 422
    assert "The parts add up to 90.00, more than the payment of 80.00. Lower a part." in text_of(answer)
    assert not Payment.objects.exists()


def test_a_part_whose_invoice_was_paid_meanwhile(client: Client) -> None:
    sign_in(client)
    acme = make_contact()
    first, second = make_invoice("100.00", contact=acme), make_invoice("50.00", contact=acme)
    page = open_form(client, acme.pk, "split")
    parts = {f"part_{first.pk}": "100.00", f"part_{second.pk}": "20.00"}
    make_payment("100.00", invoice=first)
    before = everything()

    answer = send(client, page, amount="120.00", **parts)

    assert everything() == before
    assert answer.status_code == 409
    assert f"{first} has been paid meanwhile" in text_of(answer)
    assert answer.context["form"][f"part_{second.pk}"].value() == "20.00"


def test_a_part_whose_balance_changed_meanwhile(client: Client) -> None:
    sign_in(client)
    acme = make_contact()
    first, second = make_invoice("100.00", contact=acme), make_invoice("50.00", contact=acme)
    page = open_form(client, acme.pk, "split")
    make_payment("60.00", invoice=first)

    answer = send(
        client, page, amount="120.00", **{f"part_{first.pk}": "100.00", f"part_{second.pk}": "20.00"}
    )

    assert answer.status_code == 409
    errors = answer.context["form"].errors[f"part_{first.pk}"]
    assert f"The balance due of {first} is now 40.00" in " ".join(errors)


def test_switching_to_split_keeps_what_was_typed(client: Client) -> None:
    sign_in(client)
    acme = make_contact()
    first, second = make_invoice("100.00", contact=acme), make_invoice("50.00", contact=acme)
    page = open_form(client, acme.pk, f"invoice={first.pk}")

    split = preview(
        client, page, as_panel=False, switch="split", amount="80.00", reference="4471", notes="By post"
    )
    back = preview(client, split, as_panel=False, switch="one")

    assert split.context["form"]["amount"].value() == "80.00"
    assert split.context["form"]["reference"].value() == "4471"
    assert split.context["form"]["notes"].value() == "By post"
    assert split.context["form"][f"part_{first.pk}"].value() == "80.00"
    assert split.context["form"][f"part_{second.pk}"].value() is None
    assert back.context["form"]["invoice"].value() == first.pk
    assert back.context["form"]["notes"].value() == "By post"


def test_only_invoices_of_one_currency_share_a_payment(client: Client) -> None:
    sign_in(client)
    acme = make_contact()
    dollars = [make_invoice("10.00", contact=acme), make_invoice("20.00", contact=acme)]
    euros = make_invoice("30.00", contact=acme, currency="EUR")

    usual = open_form(client, acme.pk, "split")
    other = open_form(client, acme.pk, "split&currency=EUR")

    assert [due.id for due in usual.context["form"].parts_offered] == [row.pk for row in dollars]
    assert [due.id for due in other.context["form"].parts_offered] == [euros.pk]


def test_a_payment_on_account_is_offered_and_may_be_in_another_currency(client: Client) -> None:
    sign_in(client)
    acme = make_contact()
    euros = make_invoice("30.00", contact=acme, currency="EUR")
    page = open_form(client, acme.pk, f"invoice={euros.pk}")

    on_account = preview(client, page, as_panel=False, switch="account", amount="12.50", notes="Early")
    back = preview(client, on_account, as_panel=False, switch="one")
    answer = send(client, on_account)

    assert on_account.context["form"].kind == "account"
    assert on_account.context["form"]["notes"].value() == "Early"
    assert "in USD" in text_of(on_account)
    assert back.context["form"]["invoice"].value() == euros.pk
    assert answer.status_code == 302
    payment = Payment.objects.get()
    assert (payment.currency, payment.credit_minor) == ("EUR", 1250)


def test_credit_is_shown_however_the_payment_is_applied(client: Client) -> None:
    sign_in(client)
    acme = make_contact()
    make_payment("25.00", contact=acme)
    make_invoice("100.00", contact=acme)
    make_invoice("50.00", contact=acme)

    for query in ("", "split", "account"):
        assert "Credit on account 25.00 · apply it instead" in text_of(open_form(client, acme.pk, query))


def test_a_page_takes_only_so_many_parts_the_longest_due_first(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(payment_scene, "MOST_PARTS", 2)
    sign_in(client)
    acme = make_contact()
    newest, oldest, middle = (make_invoice(contact=acme, ordered_on=day(-age)) for age in (1, 40, 20))

    page = open_form(client, acme.pk, "split")

    assert [due.id for due in page.context["form"].parts_offered] == [oldest.pk, middle.pk]
    assert f"Amount for {newest}" not in text_of(page)
    assert "The 2 that are due longest." in text_of(page)


def test_another_payment_on_account_follows_one(client: Client) -> None:
    sign_in(client)
    acme = make_contact()

    answer = send(client, open_form(client, acme.pk, "account"), amount="5")

    assert f"/contacts/{acme.pk}/payments/new/?account" in client.get(answer.url).content.decode()
