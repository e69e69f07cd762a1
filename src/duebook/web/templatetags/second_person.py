"""What templates ask about money on which a person decides."""

from django import template
from django.utils.translation import gettext as _

from duebook.domain.charging import ChargeState
from duebook.domain.second_person import may_be_decided
from duebook.payments.outcomes import Subject, asking_about

register = template.Library()


@register.filter
def awaits_a_person(subject: Subject) -> bool:
    """Whether a person says what became of the charge or refund, because nobody asks the processor."""
    return may_be_decided(asking_about(subject))


@register.filter
def state_words(subject: Subject) -> str:
    """The state of the charge or refund; one that nobody asks about any more does not claim to be asked."""
    if subject.state == ChargeState.UNKNOWN.value and awaits_a_person(subject):
        return _("Unknown: the processor does not say")
    return str(subject.get_state_display())
