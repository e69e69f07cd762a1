"""What an import did, in figures and in words."""

from dataclasses import dataclass, field

from duebook.domain.money import Money
from duebook.imports.refusals import Refusal
from duebook.ledger.currencies import format_money
from duebook.reports.services.verify_books import Finding

MOST_REFUSALS_KEPT = 1000


@dataclass(slots=True)
class ImportReport:
    """Counted while the import runs; ``refusals`` keeps the first ones, ``refused_rows`` counts all.

    ``findings`` is what verifying the books found at the end; None when nothing was written.
    """

    rows: int = 0
    created: int = 0
    already_there: int = 0
    payments: int = 0
    refused_rows: int = 0
    contacts: int = 0
    products: int = 0
    ordered_minor: dict[str, int] = field(default_factory=dict)
    paid_minor: dict[str, int] = field(default_factory=dict)
    refusals: list[Refusal] = field(default_factory=list)
    findings: list[Finding] | None = None

    @property
    def is_clean(self) -> bool:
        """Whether no row was refused and the books are in order."""
        return not self.refused_rows and not self.findings

    def refuse(self, refusal: Refusal) -> None:
        """Count a refusal, and keep it while there are few."""
        self.refused_rows += refusal.rows
        if len(self.refusals) < MOST_REFUSALS_KEPT:
            self.refusals.append(refusal)

    def lines(self) -> list[str]:
        """The report for people."""
        written = self.findings is not None
        verb = "imported" if written else "would be imported"
        lines = [
            f"{_count(self.rows, 'row')} read.",
            f"{_count(self.created, 'order')} {verb}{_amounts(self.ordered_minor)}.",
            f"New: {_count(self.contacts, 'contact')} and {_count(self.products, 'product')}.",
            f"{_count(self.payments, 'payment')} {verb}{_amounts(self.paid_minor)}.",
            f"Already there: {_count(self.already_there, 'order')}.",
            f"Refused: {_count(self.refused_rows, 'row')}.",
        ]
        if self.findings is not None:
            lines += [str(finding) for finding in self.findings]
            lines.append("The books are in order." if not self.findings else "The books are not in order.")
        else:
            lines.append("This was a dry run: nothing was written.")
        return lines

    def __str__(self) -> str:
        return "\n".join(self.lines())


def _count(number: int, thing: str) -> str:
    return f"{number:,} {thing}" if number == 1 else f"{number:,} {thing}s"


def _amounts(minor_by_currency: dict[str, int]) -> str:
    amounts = [format_money(Money(minor, currency)) for currency, minor in sorted(minor_by_currency.items())]
    return f" ({', '.join(amounts)})" if amounts else ""
