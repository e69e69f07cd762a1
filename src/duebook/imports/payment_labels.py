"""The payment types by the labels that files use."""

from dataclasses import dataclass

from duebook.domain.accounts import SystemAccount
from duebook.domain.errors import PaymentTypeUnknown
from duebook.domain.payment_kinds import PaymentKind
from duebook.payments.models import PaymentType


@dataclass(frozen=True, slots=True)
class LabelledType:
    """A payment type as a file names it, with its own default of Apply to Commissions."""

    id: int
    label: str
    apply_to_commissions: bool


@dataclass(frozen=True, slots=True)
class PaymentLabels:
    """All types by label without case, and the one for a row that does not say how it was paid."""

    by_label: dict[str, LabelledType]
    unsaid: LabelledType | None

    def find(self, label: str) -> LabelledType:
        """The type; a file that says nothing means a check, as the form does at first.

        Raises PaymentTypeUnknown.
        """
        found = self.by_label.get(label.lower()) if label else self.unsaid
        if found is None:
            known = ", ".join(each.label for each in self.by_label.values())
            raise PaymentTypeUnknown(label=label or "for rows that name none", known=known)
        return found


def payment_labels() -> PaymentLabels:
    """Read the payment types."""
    by_label = {}
    unsaid = None
    for one in PaymentType.objects.order_by("position", "id"):
        labelled = LabelledType(one.pk, one.label, one.apply_to_commissions)
        by_label[one.label.lower()] = labelled
        is_check_like = one.kind == PaymentKind.MONEY and one.account_id == SystemAccount.UNDEPOSITED_FUNDS
        if unsaid is None and one.active and is_check_like:
            unsaid = labelled
    return PaymentLabels(by_label, unsaid)
