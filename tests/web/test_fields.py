"""Amounts, numbers, days and Yes or No as people type them."""

from decimal import Decimal

import pytest
from django import forms

from duebook.domain.money import Money
from duebook.staff.models import Business
from duebook.web.forms.fields import (
    DayField,
    FreeTextField,
    MoneyField,
    NumberField,
    PriceField,
    YesNoField,
    plain_number,
)

AMERICAN = Business(currency="USD", locale="en_US")
GERMAN = Business(currency="EUR", locale="de_DE")


def money_field(business: Business, currency: str = "", **options: object) -> MoneyField:
    field = MoneyField(**options)
    field.in_currency(currency or business.currency, business)
    return field


@pytest.mark.parametrize(
    ("business", "currency", "text", "amount"),
    [
        (AMERICAN, "USD", "1,234.50", Money(123450, "USD")),
        (AMERICAN, "JPY", "1,234", Money(1234, "JPY")),
        (GERMAN, "EUR", "1.234,5", Money(123450, "EUR")),
    ],
)
def test_an_amount_is_read_as_the_locale_writes_it(
    business: Business, currency: str, text: str, amount: Money
) -> None:
    assert money_field(business, currency).clean(text) == amount


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("abc", "Enter an amount in figures, such as 1234.50."),
        ("1.005", "This currency has 2 decimals. Round the amount."),
        ("99999999999999999", "This amount is larger than Duebook can keep. Check the figures."),
        ("", "This field is required."),
    ],
)
def test_what_is_no_amount_says_what_to_do(text: str, message: str) -> None:
    with pytest.raises(forms.ValidationError) as refusal:
        money_field(AMERICAN).clean(text)

    assert refusal.value.messages == [message]


@pytest.mark.parametrize(
    ("business", "currency", "example"),
    [(AMERICAN, "JPY", "1234"), (AMERICAN, "KWD", "1234.500"), (GERMAN, "EUR", "1234,50")],
)
def test_the_example_of_an_amount_has_the_decimals_of_its_currency(
    business: Business, currency: str, example: str
) -> None:
    with pytest.raises(forms.ValidationError) as refusal:
        money_field(business, currency).clean("abc")

    assert refusal.value.messages == [f"Enter an amount in figures, such as {example}."]
    assert money_field(business, currency).clean(example)


def test_an_optional_amount_may_be_empty() -> None:
    assert money_field(AMERICAN, required=False).clean(" ") is None


def test_an_amount_stands_behind_the_sign_of_its_currency() -> None:
    class Form(forms.Form):
        amount = money_field(GERMAN)

    html = str(Form(initial={"amount": Money(123450, "EUR")})["amount"])

    assert "€" in html
    assert 'value="1.234,50"' in html


@pytest.mark.parametrize(
    ("text", "number"), [("1.5", Decimal("1.5")), ("0.0001", Decimal("0.0001")), ("", None)]
)
def test_a_number_has_at_most_its_places(text: str, number: Decimal | None) -> None:
    assert NumberField(places=4, required=False).clean(text) == number


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x", "Enter a number in figures, such as 1.5."),
        ("0.00001", "At most 4 decimals, and not more than 100,000,000,000."),
    ],
)
def test_what_is_no_number_says_what_to_do(text: str, message: str) -> None:
    with pytest.raises(forms.ValidationError) as refusal:
        NumberField(places=4).clean(text)

    assert refusal.value.messages == [message]


def test_a_price_shows_the_decimals_it_has_and_never_fewer_than_its_currency() -> None:
    field = PriceField()

    assert field.prepare_value(Decimal("12.500000")) == "12.50"
    assert field.prepare_value(Decimal("0.333333")) == "0.333333"
    assert field.prepare_value("as typed") == "as typed"


def test_a_number_loses_idle_zeros_only() -> None:
    assert plain_number(Decimal("100.0000"), "en_US") == "100"
    assert plain_number(Decimal("1.5000"), "de_DE") == "1,5"


@pytest.mark.parametrize(("sent", "value"), [("yes", True), ("no", False)])
def test_yes_or_no(sent: str, value: bool) -> None:
    class Form(forms.Form):
        answer = YesNoField(initial=True)

    form = Form({"answer": sent})

    assert form.is_valid()
    assert form.cleaned_data == {"answer": value}
    assert f'value="{sent}"' in str(form["answer"])


def test_a_day_is_sent_as_the_browsers_calendar_sends_it() -> None:
    assert DayField().clean("2026-10-13").isoformat() == "2026-10-13"
    with pytest.raises(forms.ValidationError):
        DayField().clean("13 Oct")


@pytest.mark.parametrize("typed", ["0026-10-13", "0001-01-01", "1899-12-31"])
def test_a_year_typed_with_two_digits_is_no_day_of_long_ago(typed: str) -> None:
    with pytest.raises(forms.ValidationError, match="Write the year with four digits"):
        DayField().clean(typed)
    assert DayField().clean("1900-01-01").isoformat() == "1900-01-01"
    assert DayField(required=False).clean("") is None


def test_an_error_stands_beside_its_field_and_is_announced_with_it() -> None:
    class Form(forms.Form):
        name = forms.CharField(help_text="Who?")

    html = Form({"name": ""})["name"].as_field_group()

    assert 'id="id_name_error"' in html
    assert 'aria-describedby="id_name_helptext id_name_error"' in html
    assert 'aria-invalid="true"' in html
    assert 'class="form-control is-invalid"' in html


def test_a_text_that_holds_a_card_number_is_refused() -> None:
    field = FreeTextField(required=False)

    with pytest.raises(forms.ValidationError, match="Never write card numbers here"):
        field.clean("by phone, 4242 4242 4242 4242")
    assert field.clean("check 1024") == "check 1024"
    assert field.clean("") == ""
