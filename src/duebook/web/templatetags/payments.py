"""Tags of the payment pages."""

from django import forms, template
from django.forms.boundfield import BoundField

from duebook.payments.models import Payment
from duebook.payments.queries import AppliedTo, applied_by
from duebook.web.payment_scene import Due

register = template.Library()


@register.simple_tag
def part_field(form: forms.Form, due: Due) -> BoundField:
    """The field that takes an invoice's part of a payment that is split."""
    return form[due.part_name]


@register.filter
def applied_now(payment: Payment) -> list[AppliedTo]:
    """What the payment settles now; no query when its allocations were read with it."""
    return applied_by(payment)
