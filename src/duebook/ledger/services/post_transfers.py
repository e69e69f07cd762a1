"""Post the transfers of a decision that is not about a payment; payments have a faster way of their own."""

from collections.abc import Iterable
from datetime import date

from duebook.domain.accounts import TransferKind
from duebook.domain.order_lines import Posting
from duebook.ledger.models import Transfer


def post_transfers(
    *,
    postings: Iterable[Posting],
    kind: TransferKind,
    currency: str,
    effective_on: date,
    contact_id: int,
    invoice_id: int,
) -> None:
    """Insert one transfer for each posting, all about the same invoice, in the caller's transaction."""
    Transfer.objects.bulk_create(
        Transfer(
            kind=kind.value,
            debit_account_id=posting.debit,
            credit_account_id=posting.credit,
            amount_minor=posting.minor,
            currency=currency,
            effective_on=effective_on,
            contact_id=contact_id,
            invoice_id=invoice_id,
        )
        for posting in postings
    )
