"""What of a commission can still come: what paying all that is due of its invoice, with Yes, would earn.

Money that was set to No stays excluded, so what it took of the commission never comes.
"""

from dataclasses import replace

from duebook.domain.commission_release import Counters, release
from duebook.domain.commission_rules import PayoutType


def still_to_come(
    *,
    total_minor: int,
    earned_minor: int,
    payout_type: PayoutType,
    counters: Counters,
    balance_due_minor: int,
) -> int:
    """Minor units beyond what is earned, once all that is due is paid with Apply to Commissions Yes.

    T 10.00 of an invoice of 100.00 with 20.00 paid with No: at most 8.00 can come.
    Up front it is what was taken back for money that went back and can be paid again.
    """
    paid = replace(
        counters,
        counted_minor=counters.counted_minor + balance_due_minor,
        money_minor=counters.money_minor + balance_due_minor,
    )
    return release(total_minor, payout_type, paid).earned_minor - earned_minor
