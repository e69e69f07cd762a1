"""Remember which payment type someone recorded last, to offer it first the next time."""

from duebook.staff.models import User


def remember_payment_type(*, user_id: int, payment_type_id: int) -> None:
    """A convenience of the form, not a fact about the business: it records no event."""
    User.objects.filter(pk=user_id).exclude(last_payment_type_id=payment_type_id).update(
        last_payment_type_id=payment_type_id
    )
