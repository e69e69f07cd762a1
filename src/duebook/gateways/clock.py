"""The gateway's clock, as it stands in the head of its answers."""

from collections.abc import Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime


def date_of(headers: Mapping[str, str]) -> datetime | None:
    """When the answer was given, by its Date (RFC 9110, 6.6.1) in whole seconds; None without a readable one.

    ``headers`` finds names in any case.
    """
    try:
        return parsedate_to_datetime(headers.get("Date", ""))
    except ValueError:
        return None
