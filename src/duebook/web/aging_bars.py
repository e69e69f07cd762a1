"""The five bars of who owes what by age, as the dashboard and the aging report show them."""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from duebook.reports.queries.aging import Bucket

LABELS: dict[Bucket, str | Promise] = {
    Bucket.NOT_DUE: _("Not due"),
    Bucket.UP_TO_30: _("1–30 days"),
    Bucket.UP_TO_60: _("31–60 days"),
    Bucket.UP_TO_90: _("61–90 days"),
    Bucket.OVER_90: _("Over 90 days"),
}


@dataclass(frozen=True, slots=True)
class AgingBar:
    """One bar: its length is the bucket's share of the largest one, in percent."""

    bucket: Bucket
    label: str
    minor: int
    length: str
    url: str


def aging_bars(sums: Sequence[int], *, currency: str, as_of: str = "") -> list[AgingBar]:
    """The bars of the sums by bucket in minor units, each with the address of its invoices."""
    longest = max((*sums, 1))
    address = reverse("web:report_receivable_invoices")
    bars = []
    for bucket, minor in zip(Bucket, sums, strict=True):
        query = {"late": bucket.value, "currency": currency} | ({"as_of": as_of} if as_of else {})
        length = max(0.0, 100 * minor / longest)
        bars.append(
            AgingBar(bucket, str(LABELS[bucket]), minor, f"{length:.1f}", f"{address}?{urlencode(query)}")
        )
    return bars
