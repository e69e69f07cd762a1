"""Recompute the books from their rows and say what differs; an empty answer means that all is well."""

from collections.abc import Callable
from dataclasses import dataclass

from django.db import connection, transaction

from duebook.reports.verification import (
    cards,
    charges,
    clearing,
    commissions,
    disputes,
    events,
    invoices,
    ledger,
    limits,
    pay_links,
    payments,
    second_person,
    settlements,
)
from duebook.reports.verification.check import PARAMETERS, Check

CHECKS: tuple[Check, ...] = (
    *ledger.CHECKS,
    *invoices.CHECKS,
    *payments.CHECKS,
    *charges.CHECKS,
    *disputes.CHECKS,
    *cards.CHECKS,
    *limits.CHECKS,
    *second_person.CHECKS,
    *pay_links.CHECKS,
    *settlements.CHECKS,
    *clearing.CHECKS,
    *commissions.CHECKS,
    *events.CHECKS,
)

MOST_OF_ONE_CHECK = 100
"""So many findings of one check are told one by one; one more says how many there are."""


_LISTED = """
SELECT what::text, expected::text, found::text, count(*) OVER ()
  FROM (%(query)s) AS broken(what, expected, found) ORDER BY 1, 2, 3 LIMIT %(most)s
"""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that differs: which check, about what, and both values; amounts are minor units."""

    check: str
    what: str
    expected: str
    found: str

    def __str__(self) -> str:
        return f"{self.check}: {self.what}: expected {self.expected}, found {self.found}"


def verify_books(*, on_check: Callable[[Check], None] | None = None) -> list[Finding]:
    """Run every check and return what differs; reads only. ``on_check`` is called before each check."""
    findings: list[Finding] = []
    with transaction.atomic():
        _prepare()
        for check in CHECKS:
            if on_check is not None:
                on_check(check)
            findings += run_check(check)
    return findings


def run_check(check: Check) -> list[Finding]:
    """The findings of one check, and one that says how many more there are."""
    with connection.cursor() as cursor:
        cursor.execute(_LISTED % {"query": check.query, "most": MOST_OF_ONE_CHECK}, PARAMETERS)
        rows = cursor.fetchall()
    findings = [Finding(check.name, what, expected, found) for what, expected, found, _ in rows]
    if rows and rows[0][3] > len(rows):
        findings.append(Finding(check.name, "all together", "0 findings", f"{rows[0][3]} findings"))
    return findings


def _prepare() -> None:
    # Big hashes beat sorting on disk, and compiling a query costs more here than it saves.
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('work_mem', '64MB', true), set_config('jit', 'off', true)")
