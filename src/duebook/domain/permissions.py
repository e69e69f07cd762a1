"""Who may do what: rights, the roles that hold them, and the actor who uses them.

The faces build an Actor from the signed-in person; services ask it, so a page that forgets to hide a button
changes nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from duebook.domain.errors import AboveDayLimit, AboveLimit, Forbidden
from duebook.domain.money import Money


class Right(StrEnum):
    VIEW = "view"
    RECORD_PAYMENTS = "record payments"
    CHARGE_CARDS = "charge cards"
    MANAGE_CARDS = "manage cards on file"
    RESOLVE_MESSAGES = "deal with messages of card processors"
    ADJUST = "record adjustments and write-offs"
    APPLY_CREDIT = "apply credit"
    MOVE_ALLOCATIONS = "move payments between invoices"
    UNDO_OWN_TODAY = "undo own payments of the same day"
    UNDO_ANY = "undo any payment"
    RETURN_PAYMENTS = "record returned payments"
    REFUND = "refund payments"
    AMEND_NOTES = "amend notes"
    EDIT_CONTACTS = "edit contacts"
    EDIT_PRODUCTS = "edit products"
    EDIT_ORDERS = "add and change orders"
    VOID = "void invoices and cancel orders"
    MANAGE_PARTNERS = "manage partners"
    SET_COMMISSIONS = "set commissions"
    VIEW_COMMISSIONS = "view commissions"
    CREATE_PAYOUTS = "create payouts"
    APPROVE_PAYOUTS = "approve payouts"
    CHANGE_SETTINGS = "change settings"
    MANAGE_USERS = "manage users"
    CLOSE_PERIODS = "close and reopen periods"


class Role(StrEnum):
    VIEWER = "viewer"
    CLERK = "clerk"
    PARTNER_MANAGER = "partner_manager"
    MANAGER = "manager"
    OWNER = "owner"


_CLERK = frozenset(
    {
        Right.VIEW,
        Right.RECORD_PAYMENTS,
        Right.CHARGE_CARDS,
        Right.MANAGE_CARDS,
        Right.APPLY_CREDIT,
        Right.UNDO_OWN_TODAY,
        Right.AMEND_NOTES,
        Right.EDIT_CONTACTS,
    }
)
_MANAGER = _CLERK | {
    Right.RESOLVE_MESSAGES,
    Right.ADJUST,
    Right.MOVE_ALLOCATIONS,
    Right.UNDO_ANY,
    Right.RETURN_PAYMENTS,
    Right.REFUND,
    Right.EDIT_PRODUCTS,
    Right.EDIT_ORDERS,
    Right.VOID,
    Right.VIEW_COMMISSIONS,
}

RIGHTS_OF: Mapping[Role, frozenset[Right]] = {
    Role.VIEWER: frozenset({Right.VIEW}),
    Role.CLERK: _CLERK,
    Role.PARTNER_MANAGER: frozenset(
        {
            Right.VIEW,
            Right.MANAGE_PARTNERS,
            Right.SET_COMMISSIONS,
            Right.VIEW_COMMISSIONS,
            Right.CREATE_PAYOUTS,
            Right.APPROVE_PAYOUTS,
        }
    ),
    Role.MANAGER: _MANAGER,
    Role.OWNER: frozenset(Right),
}

LIMITED_RIGHTS = (
    Right.RECORD_PAYMENTS,
    Right.CHARGE_CARDS,
    Right.ADJUST,
    Right.UNDO_ANY,
    Right.RETURN_PAYMENTS,
    Right.REFUND,
)
"""The rights that a business may limit by amount for a role."""

DAY_LIMITED_RIGHTS = (Right.CHARGE_CARDS, Right.REFUND)
"""Those of them that it may also limit by what one person does in a day: they move money out of our reach."""


class Source(StrEnum):
    """From where a write came."""

    WEB = "web"
    API = "api"
    IMPORT = "import"
    COMMAND = "command"
    JOB = "job"


SYSTEM_ID = 0
"""The actor's id when Duebook itself acts; no user has it."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts: the user's id (0 is Duebook itself), its rights and its limits in minor units.

    ``limits`` are for one act, ``day_limits`` for all that the person does under the right in a day.
    """

    user_id: int
    rights: frozenset[Right]
    source: Source
    limits: Mapping[tuple[Right, str], int] = field(default_factory=dict)
    day_limits: Mapping[tuple[Right, str], int] = field(default_factory=dict)

    @classmethod
    def system(cls, source: Source) -> "Actor":
        """Duebook itself, as jobs, commands and imports act: every right, no limit."""
        return cls(user_id=SYSTEM_ID, rights=frozenset(Right), source=source)

    def without_limits(self) -> "Actor":
        """The same person with the same rights, for whom no amount is too large."""
        return replace(self, limits={}, day_limits={})

    def may(self, right: Right) -> bool:
        return right in self.rights

    def require(self, right: Right) -> None:
        """Raise Forbidden unless the actor holds the right."""
        if right not in self.rights:
            raise Forbidden(right=right.value)

    def require_within(self, right: Right, amount: Money) -> None:
        """Raise Forbidden without the right, AboveLimit when the amount is past the role's limit for it."""
        self.require(right)
        limit = self.limits.get((right, amount.currency))
        if limit is not None and amount.minor > limit:
            raise AboveLimit(amount=amount, limit=Money(limit, amount.currency))

    def require_within_day(self, right: Right, amount: Money, *, used_minor: int) -> None:
        """Raise AboveDayLimit when the amount is past what the day's limit leaves after what was used."""
        limit = self.day_limits.get((right, amount.currency))
        if limit is not None and used_minor + amount.minor > limit:
            raise AboveDayLimit(
                amount=amount,
                limit=Money(limit, amount.currency),
                used=Money(used_minor, amount.currency),
                left=Money(max(0, limit - used_minor), amount.currency),
            )
