"""What becomes of a charge under way when its invoices are settled otherwise, told before that is saved."""

from collections.abc import Mapping

from django.utils.translation import gettext as _

from duebook.domain.charging import ChargeState
from duebook.domain.money import Money
from duebook.payments.calling_off import charges_that_no_longer_fit
from duebook.payments.models import Charge
from duebook.staff.models import Business
from duebook.web.formats import figure


def about_charges(balances: Mapping[int, Money], business: Business) -> list[str]:
    """A sentence for each charge that would no longer fit if its invoices owed so much.

    No query where no invoice is given: the caller gives those that have a charge under way.
    """
    return (
        [_sentence(charge, business) for charge in charges_that_no_longer_fit(balances)] if balances else []
    )


def _sentence(charge: Charge, business: Business) -> str:
    values = {"amount": figure(Money(charge.amount_minor, charge.currency), business)}
    if charge.state == ChargeState.REQUIRES_ACTION.value:
        return _("A charge of %(amount)s waits for the customer’s bank; it will be called off.") % values
    return (
        _(
            "A charge of %(amount)s is under way and cannot be called off. If it goes through, what is not"
            " owed any more is kept as credit on account."
        )
        % values
    )
