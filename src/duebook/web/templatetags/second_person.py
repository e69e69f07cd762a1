"""What templates ask about money on which a person decides."""

from django import template

from duebook.domain.second_person import may_be_decided
from duebook.payments.outcomes import Subject, asking_about

register = template.Library()


@register.filter
def awaits_a_person(subject: Subject) -> bool:
    """Whether a person says what became of the charge or refund, because nobody asks the processor."""
    return may_be_decided(asking_about(subject))
