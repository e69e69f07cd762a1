"""Open an account of the business's own in the books."""

from itertools import count

from duebook.domain.accounts import AccountKind
from duebook.ledger.models import Account


def open_account(*, name: str, kind: AccountKind, after: str) -> Account:
    """Open it under the first free number above the code ``after``, in the caller's transaction.

    Two at once may choose the same code; the second is then refused by the database, and finds the next one
    when it is asked again.
    """
    taken = set(Account.objects.values_list("code", flat=True))
    code = next(str(number) for number in count(int(after) + 1) if str(number) not in taken)
    return Account.objects.create(code=code, name=name, kind=kind.value)
