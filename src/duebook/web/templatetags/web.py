"""Tags for the pages: figures, days, badges, bars, breadcrumbs, pages of a list.

Tags that format read the business from the context, so no template can forget its locale.
"""

from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any, cast

from babel.numbers import format_decimal
from django import template
from django.template import Context
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext, ngettext

from duebook.domain.money import Money
from duebook.invoices.models import Invoice
from duebook.ledger.currencies import exponent
from duebook.payments.models import Payment
from duebook.staff.models import Business
from duebook.staff.queries import business_day
from duebook.web import formats
from duebook.web.forms.fields import plain_number
from duebook.web.request import business_of, today_of

register = template.Library()

_NO_ID = 987_654_321
"""Stands for an id in an address that is reversed once and then filled in."""


def _business(context: Context) -> Business:
    request = context.get("request")
    # A template for a mail has no request, but a business of its own.
    return cast(Business, context["business"]) if request is None else business_of(request)


def _today(context: Context) -> date:
    request = context.get("request")
    return business_day(_business(context)) if request is None else today_of(request)


@register.simple_tag(takes_context=True)
def money(context: Context, amount: int | Money, currency: str = "", *, sign: bool = False) -> str:
    """``{% money invoice.total_minor invoice.currency %}`` or ``{% money some_money %}``: 1,200.00.

    A currency that is not the business's own always shows; ``sign=True`` shows it in any case.
    """
    value = amount if isinstance(amount, Money) else Money(amount, currency or _business(context).currency)
    return (
        formats.figure_with_sign(value, _business(context))
        if sign
        else formats.figure(value, _business(context))
    )


@register.simple_tag(takes_context=True)
def number(context: Context, value: Decimal) -> str:
    """A quantity without idle zeros: 2, 1.5."""
    return plain_number(value, _business(context).locale)


@register.simple_tag(takes_context=True)
def unit_price(context: Context, value: Decimal, currency: str) -> str:
    """A price with as many decimals as it has, at least those of its currency: 0.333333, 12.50."""
    places = max(exponent(currency), -int(value.normalize().as_tuple().exponent))
    pattern = "#,##0" + ("." + "0" * places if places else "")
    return format_decimal(value, format=pattern, locale=_business(context).locale)


@register.simple_tag(takes_context=True)
def short_date(context: Context, day: date | None) -> str:
    """13 Oct 2026; a dash for none."""
    return formats.short_date(day, _business(context)) if day else "–"


@register.simple_tag(takes_context=True)
def when(context: Context, moment: datetime) -> str:
    """13 Oct 2026, 14:05 on the business's clock."""
    return formats.instant(moment, _business(context))


def _badge(kind: str, text: str) -> SafeString:
    return format_html('<span class="chip chip-{}">{}</span>', kind, text)


@register.simple_tag(takes_context=True)
def invoice_badge(context: Context, invoice: Invoice) -> SafeString:
    """How an invoice stands: cancelled, void, paid, due 16 Dec, 11 days late.

    Costs no query when the invoice was read with ``void`` and ``order__cancellation``.
    """
    today = _today(context)
    if getattr(invoice, "void", None) is not None:
        cancelled = getattr(invoice.order, "cancellation", None) is not None
        return _badge("void", gettext("cancelled") if cancelled else gettext("void"))
    if invoice.balance_due_minor == 0:
        return _badge("paid", gettext("paid"))
    late = (today - invoice.due_on).days
    if late > 0:
        text = ngettext("%(days)s day late", "%(days)s days late", late) % {"days": late}
        return _badge("late", text)
    day = formats.day_and_month(invoice.due_on, today, _business(context))
    return _badge("due", gettext("due %(day)s") % {"day": day})


@register.simple_tag
def payment_badge(payment: Payment) -> SafeString | str:
    """How a payment stands where that is worth a word: undone, disputed, refunded, credit on account.

    Costs no query when the payment was read with ``reversal`` and ``bank_return``.
    """
    if getattr(payment, "reversal", None) is not None:
        return _badge("void", gettext("undone"))
    if getattr(payment, "bank_return", None) is not None:
        return _badge("late", gettext("returned"))
    if payment.returned_minor:
        in_full = payment.returned_minor == payment.amount_minor
        return _badge("late", gettext("disputed") if in_full else gettext("disputed in part"))
    if payment.refunded_minor:
        in_full = payment.refunded_minor == payment.amount_minor
        return _badge("void", gettext("refunded") if in_full else gettext("refunded in part"))
    if payment.credit_minor:
        return _badge("due", gettext("credit on account"))
    return ""


@register.simple_tag
def badge(kind: str, text: str) -> SafeString:
    """A word on a tint: kind is paid, due, late, void or plain."""
    return _badge(kind, text)


@register.simple_tag
def bar(total: int, done: int, adds: int = 0, label: str = "") -> SafeString:
    """How much of a total is done and what is added, as an SVG: needs neither script nor style attribute."""

    def share(part: int) -> str:
        return f"{max(0, min(100, 100 * part / total)):.2f}" if total > 0 else "0"

    return format_html(
        '<svg class="bar" role="img" aria-label="{}" preserveAspectRatio="none" width="100%" height="8">'
        '<rect class="bar-rest" width="100%" height="8"/><rect class="bar-done" width="{}%" height="8"/>'
        '<rect class="bar-adds" x="{}%" width="{}%" height="8"/></svg>',
        label or gettext("%(share)s %% paid") % {"share": round(float(share(done + adds)))},
        share(done),
        share(done),
        share(adds),
    )


@register.simple_tag(takes_context=True)
def nav_current(context: Context, *prefixes: str) -> SafeString | str:
    """``aria-current`` where the page's address is below one of the prefixes; ``/`` means only itself."""
    path = context["request"].path_info if "request" in context else ""
    for prefix in prefixes:
        if path == prefix:
            return format_html('aria-current="{}"', "page")
        if prefix != "/" and path.startswith(prefix):
            return format_html('aria-current="{}"', "true")
    return ""


@lru_cache(maxsize=200)
def _address(name: str) -> str:
    return reverse(name, args=[_NO_ID]).replace(str(_NO_ID), "{}")


@register.simple_tag
def address(name: str, pk: int) -> str:
    """``{% address "web:order" order.pk %}``: ``{% url %}`` for one id, at a tenth of its cost."""
    return _address(name).format(pk)


@register.inclusion_tag("web/partials/_breadcrumb.html")
def breadcrumb(*parts: str) -> dict[str, Any]:
    """``{% breadcrumb "Contacts" contacts_url "Marta" marta_url "Order" %}``: the last is the page itself."""
    pairs = [
        (str(parts[i]), str(parts[i + 1]) if i + 1 < len(parts) else "") for i in range(0, len(parts), 2)
    ]
    return {"parts": pairs}


@register.inclusion_tag("web/partials/_empty.html")
def empty(text: str, label: str = "", url: str = "") -> dict[str, str]:
    """What a list says when it is empty, and the link to what to do next."""
    return {"text": text, "label": label, "url": url}


@register.filter
def initials(name: str) -> str:
    """Two letters for a name: Marta Keller is MK."""
    words = str(name).replace("@", " ").split()
    letters = [word[0] for word in (words[:1] + words[-1:] if len(words) > 1 else words)]
    return "".join(letters).upper()
