"""What happened to orders, their invoices and contacts, in sentences."""

from collections.abc import Mapping

from django.utils.translation import gettext as _, pgettext

from duebook.staff.models import Business
from duebook.web.timeline.words import Payload, Told, amount_of


def _placed(payload: Payload, business: Business) -> str:
    return _("Order %(number)s placed: %(invoice)s over %(amount)s.") % {
        "number": payload.get("number", ""),
        "invoice": payload.get("invoice", ""),
        "amount": amount_of(payload, business, "total_minor"),
    }


def _changed(payload: Payload, business: Business) -> str:
    return _("Items changed: total %(before)s → %(after)s.") % {
        "before": amount_of(payload, business, "total_before_minor"),
        "after": amount_of(payload, business, "total_minor"),
    }


def _cancelled(payload: Payload, business: Business) -> str:
    return _("Order %(number)s cancelled, %(invoice)s void.") % {
        "number": payload.get("number", ""),
        "invoice": payload.get("invoice", ""),
    }


def _voided(payload: Payload, business: Business) -> str:
    return _("%(number)s over %(amount)s made void.") % {
        "number": payload.get("number", ""),
        "amount": amount_of(payload, business, "total_minor"),
    }


def _contact_edited(payload: Payload, business: Business) -> str:
    fields = ", ".join(name.replace("_", " ") for name in payload.get("after", {}))
    return _("Contact edited: %(fields)s.") % {"fields": fields} if fields else _("Contact saved unchanged.")


SENTENCES: Mapping[str, Told] = {
    "order.placed": _placed,
    "order.changed": _changed,
    "order.cancelled": _cancelled,
    "invoice.voided": _voided,
    "contact.added": lambda payload, business: pgettext("timeline", "Contact added."),
    "contact.edited": _contact_edited,
}
