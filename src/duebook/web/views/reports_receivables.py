"""Receivables aging: by contact, and the invoices behind each figure."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from duebook.contacts.queries import contact_by_id
from duebook.domain.permissions import Right
from duebook.ledger.currencies import is_currency
from duebook.reports.queries.aging import (
    Aged,
    AgingFilter,
    Bucket,
    aging_by_contact,
    aging_invoices,
    aging_totals,
    every_aged_contact,
    every_aged_invoice,
)
from duebook.web.aging_bars import LABELS, aging_bars
from duebook.web.downloads import amount_cell, csv_download
from duebook.web.forms.reports import AsOfForm
from duebook.web.numbered_pages import numbered, page_number, window
from duebook.web.request import StaffRequest, requires, today_of

OVERDUE = "overdue"
OVER_60 = "over-60"
_MORE_THAN_ONE_BUCKET: dict[str, tuple[int, int | None]] = {OVERDUE: (1, None), OVER_60: (61, None)}


@dataclass(frozen=True, slots=True)
class Asked:
    """What the address asks for; ``late`` is a bucket, several of them, or empty for all."""

    as_of: date
    currency: str
    late: str
    contact_id: int | None

    def filter(self) -> AgingFilter:
        wanted = AgingFilter(self.as_of, self.currency, self.contact_id)
        if self.late in _MORE_THAN_ONE_BUCKET:
            least, most = _MORE_THAN_ONE_BUCKET[self.late]
            return AgingFilter(self.as_of, self.currency, self.contact_id, least, most)
        return wanted.within(Bucket(self.late)) if self.late else wanted


@require_safe
@requires(Right.VIEW)
def receivables(request: StaffRequest) -> HttpResponse:
    """Who owes what on a day, the largest debts first."""
    form = AsOfForm.asked(request.GET, today=today_of(request))
    context: dict[str, Any] = {"form": form}
    if not form.is_valid():
        return render(request, "web/reports/receivables.html", context, status=422)
    asked = _asked(request, form)
    totals = aging_totals(asked.as_of)
    aged = totals.get(asked.currency, Aged((0,) * len(Bucket), 0))
    number = page_number(request.GET)
    context |= {
        "asked": asked,
        "total": aged,
        "bars": aging_bars(aged.buckets, currency=asked.currency, as_of=asked.as_of.isoformat()),
        "total_cells": _cells(aged),
        "currencies": sorted({*totals, asked.currency}),
        "page": numbered(
            [(row, _cells(row.aged)) for row in aging_by_contact(asked.filter(), **window(number))], number
        ),
    }
    return render(request, "web/reports/receivables.html", context)


def _cells(aged: Aged) -> list[tuple[str, str, int]]:
    """For each bucket its value in an address, its label and its sum."""
    return [
        (bucket.value, str(LABELS[bucket]), minor) for bucket, minor in zip(Bucket, aged.buckets, strict=True)
    ]


@require_safe
@requires(Right.VIEW)
def receivables_csv(request: StaffRequest) -> HttpResponseBase:
    """All contacts that owe something on the day, as a file."""
    asked = _asked_or_404(request)
    return csv_download(
        f"receivables-{asked.as_of.isoformat()}-{asked.currency}",
        ["Contact", "Not due", "1–30 days", "31–60 days", "61–90 days", "Over 90 days", "Total", "Currency"],
        (
            [
                row.name,
                *(amount_cell(minor, asked.currency) for minor in row.aged.buckets),
                amount_cell(row.aged.total_minor, asked.currency),
                asked.currency,
            ]
            for row in every_aged_contact(asked.filter())
        ),
    )


@require_safe
@requires(Right.VIEW)
def invoices(request: StaffRequest) -> HttpResponse:
    """The invoices behind a figure, the longest due first."""
    form = AsOfForm.asked(request.GET, today=today_of(request))
    context: dict[str, Any] = {"form": form}
    if not form.is_valid():
        return render(request, "web/reports/receivable_invoices.html", context, status=422)
    asked = _asked(request, form)
    number = page_number(request.GET)
    context |= {
        "asked": asked,
        "is_today": asked.as_of == today_of(request),
        "contact": contact_by_id(asked.contact_id) if asked.contact_id else None,
        "choices": [
            ("", _("All")),
            (OVERDUE, _("Overdue")),
            *((bucket.value, LABELS[bucket]) for bucket in Bucket),
        ],
        "page": numbered(aging_invoices(asked.filter(), **window(number)), number),
    }
    return render(request, "web/reports/receivable_invoices.html", context)


@require_safe
@requires(Right.VIEW)
def invoices_csv(request: StaffRequest) -> HttpResponseBase:
    """All invoices behind a figure, as a file."""
    asked = _asked_or_404(request)
    return csv_download(
        f"open-invoices-{asked.as_of.isoformat()}-{asked.currency}",
        ["Invoice", "Order", "Contact", "Issued", "Due", "Days late", "Balance due", "Currency"],
        (
            [
                f"INV-{row.number}",
                row.title,
                row.name,
                row.issued_on,
                row.due_on,
                row.late,
                amount_cell(row.balance_minor, asked.currency),
                asked.currency,
            ]
            for row in every_aged_invoice(asked.filter())
        ),
    )


def _asked_or_404(request: StaffRequest) -> Asked:
    form = AsOfForm.asked(request.GET, today=today_of(request))
    if not form.is_valid():
        raise Http404
    return _asked(request, form)


def _asked(request: StaffRequest, form: AsOfForm) -> Asked:
    """What a valid form and the rest of the address ask for; what makes no sense there is left out."""
    late = request.GET.get("late", "")
    contact = request.GET.get("contact", "")
    currency = request.GET.get("currency", "")
    return Asked(
        as_of=form.cleaned_data["as_of"],
        currency=currency if is_currency(currency) else request.business.currency,
        late=late if late in {*Bucket, *_MORE_THAN_ONE_BUCKET} else "",
        contact_id=int(contact) if contact.isascii() and contact.isdigit() and len(contact) < 19 else None,
    )
