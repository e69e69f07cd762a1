"""Figures are written as Babel writes them, only faster, and read back as they are written."""

import pytest
from babel.localedata import locale_identifiers
from babel.numbers import format_decimal

from duebook.domain.errors import DomainError
from duebook.domain.money import to_decimal
from duebook.ledger.currencies import exponent, format_figure, parse_amount


@pytest.mark.parametrize(
    "locale", ["en_US", "de_DE", "de_CH", "fr_FR", "sv_SE", "es_ES", "pl_PL", "ja_JP", "hi_IN"]
)
@pytest.mark.parametrize("currency", ["USD", "JPY", "KWD"])
@pytest.mark.parametrize("minor", [0, 5, -5, 99, 100, -1234, 123456, 123456789, -987654321012345])
def test_a_figure_is_what_babel_makes_of_it(minor: int, currency: str, locale: str) -> None:
    places = exponent(currency)
    pattern = "#,##0" + ("." + "0" * places if places else "")

    assert format_figure(minor, currency, locale=locale) == format_decimal(
        to_decimal(minor, places), format=pattern, locale=locale
    )


@pytest.mark.parametrize("currency", ["USD", "JPY", "KWD"])
@pytest.mark.parametrize("minor", [5, 1234, 12345, 1234560, -123456789])
def test_a_form_takes_the_figure_that_it_shows_in_every_locale(minor: int, currency: str) -> None:
    refused = []

    for locale in locale_identifiers():
        shown = format_figure(minor, currency, locale=locale)
        try:
            read = parse_amount(shown, currency, locale=locale).minor
        except DomainError as error:
            refused.append((locale, shown, error.code))
        else:
            assert read == minor, (locale, shown)

    assert refused == []
