"""What a charge books once it succeeds: one decision for the preview and for settling."""

from collections.abc import Sequence
from datetime import date

from duebook.domain.charging import charged_type, decide_success
from duebook.domain.money import Money
from duebook.domain.payment_kinds import PaymentKind
from duebook.domain.recording import PaymentDecision, Share, TypeTerms
from duebook.payments.write_path import Situation


def decide_booking(
    *,
    contact_id: int,
    amount: Money,
    lines: Sequence[Share],
    clearing_account_id: int,
    apply_to_commissions: bool,
    reference: str,
    notes: str,
    on: date,
    situation: Situation,
) -> PaymentDecision:
    """The payment of a success, on the situation as it stands; booked to the account's card clearing.

    The situation has the types of the kind that charges now.
    """
    return decide_success(
        contact_id=contact_id,
        amount=amount,
        lines=lines,
        type_terms=_charge_now(situation, clearing_account_id),
        apply_to_commissions=apply_to_commissions,
        reference=reference,
        notes=notes,
        on=on,
        invoices=situation.invoices,
        closed_until=situation.closed_until,
    )


def _charge_now(situation: Situation, clearing_account_id: int) -> TypeTerms:
    found = (one for one in situation.types.values() if one.kind is PaymentKind.CHARGE_NOW)
    first = min(found, key=lambda one: one.id)
    return charged_type(first.id, first.label, clearing_account_id)
