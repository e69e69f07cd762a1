"""What a payment type consists of when people write it, and which accounts fit its kind."""

from dataclasses import dataclass

from django.db.models import QuerySet

from duebook.domain.accounts import AccountKind, SystemAccount
from duebook.domain.errors import AccountNotFitting, LabelTaken, NameRequired
from duebook.domain.payment_kinds import PaymentKind
from duebook.ledger.models import Account
from duebook.payments.models import PaymentType

_KINDS_OF_ACCOUNT = {
    PaymentKind.MONEY: (AccountKind.ASSET, AccountKind.LIABILITY),
    PaymentKind.CHARGE_NOW: (AccountKind.ASSET,),
    PaymentKind.ADJUSTMENT: (AccountKind.INCOME, AccountKind.EXPENSE),
}
_NEVER = (SystemAccount.RECEIVABLE, SystemAccount.CUSTOMER_CREDIT)
"""What a payment is credited to cannot be what it is debited to."""


@dataclass(frozen=True, slots=True)
class PaymentTypeDetails:
    """A payment type as it is typed; its kind never changes once it exists."""

    label: str
    account_id: int
    apply_to_commissions: bool = True
    reference_label: str = ""
    hint: str = ""
    needs_adjust_right: bool = False
    active: bool = True

    def check(self, kind: PaymentKind, *, other_than: int) -> None:
        """Raise NameRequired, LabelTaken or AccountNotFitting."""
        if not self.label.strip():
            raise NameRequired(field="label")
        if PaymentType.objects.filter(label__iexact=self.label.strip()).exclude(pk=other_than).exists():
            raise LabelTaken(label=self.label.strip())
        if not accounts_for(kind).filter(pk=self.account_id).exists():
            raise AccountNotFitting(
                account=Account.objects.filter(pk=self.account_id).first() or "This account"
            )

    def columns(self) -> dict[str, str | int | bool]:
        """The values of the row."""
        return {
            "label": self.label.strip(),
            "account_id": self.account_id,
            "apply_to_commissions": self.apply_to_commissions,
            "reference_label": self.reference_label.strip(),
            "hint": self.hint.strip(),
            "needs_adjust_right": self.needs_adjust_right,
            "active": self.active,
        }


def accounts_for(kind: PaymentKind) -> QuerySet[Account]:
    """The active accounts that a payment of the kind may go to, by code."""
    kinds = [account_kind.value for account_kind in _KINDS_OF_ACCOUNT[kind]]
    return Account.objects.filter(active=True, kind__in=kinds).exclude(pk__in=[int(a) for a in _NEVER])
