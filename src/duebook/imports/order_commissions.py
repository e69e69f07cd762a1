"""What a new order brings its partners: the rows that ``accrue_by_terms_now`` would write for it.

The accruals of a batch have provisional ids (-1, -2, …) until it is written, since deciding asks nothing of
the database.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any

from duebook.commissions.accruing import basis_fields, silence_of
from duebook.domain.commission_base import SoldLine
from duebook.domain.commission_release import Counters
from duebook.domain.commission_rules import Claim
from duebook.domain.commission_steps import (
    AccrualState,
    CommissionStep,
    EntryCause,
    commission_steps,
    stepped,
)
from duebook.domain.commission_terms import OrderTerms
from duebook.domain.order_lines import OrderLines
from duebook.domain.recording import commission_movement
from duebook.imports.bulk_rows import NewOrder, copy_rows
from duebook.imports.new_ids import NewIds

_IDS = ("commissions_accrual_id_seq", "commissions_accrualbasis_id_seq")
_FROZEN = "COPY commissions_frozenterms (order_id, terms) FROM STDIN"
_BASIS = "COPY commissions_accrualbasis (id, sold, lines) FROM STDIN"
_ACCRUAL = (
    "COPY commissions_accrual (id, invoice_id, partner_id, role, level, program_id, payout_type, hold_days,"
    " currency, total_minor, counted_minor, earned_minor, basis_id, silence) FROM STDIN"
)
_ENTRY = (
    "COPY commissions_commissionentry (accrual_id, partner_id, cause, amount_minor, currency, entered_on,"
    " payable_on, part_before_minor, part_after_minor, whole_minor, earned_after_minor, total_minor,"
    " basis_id) FROM STDIN"
)
_TRANSFER = (
    "COPY ledger_transfer (kind, debit_account_id, credit_account_id, amount_minor, currency, effective_on,"
    " contact_id, invoice_id, partner_id) FROM STDIN"
)


@dataclass(frozen=True, slots=True)
class OrderCommissions:
    """The terms to freeze, and each claim with the step that placing the order makes."""

    terms: OrderTerms
    sold: tuple[SoldLine, ...]
    claims: tuple[Claim, ...]
    steps: tuple[CommissionStep, ...]

    @property
    def accruals(self) -> tuple[AccrualState, ...]:
        """The accruals once the order is placed, for the payment that comes with it."""
        return tuple(stepped(step) for step in self.steps)


def decide_commissions(order: NewOrder, terms: OrderTerms, ids: "count[int]") -> OrderCommissions | None:
    """What placing the order does to commissions; None where nobody can earn anything on it."""
    if not terms.partners:
        return None
    sold = tuple(_sold(order.lines))
    claims = tuple(terms.claims(sold))
    counters = Counters(order.lines.total_minor, order.lines.finance_minor, 0, 0, 0, 0)
    states = [
        AccrualState(
            id=next(ids),
            partner_id=claim.partner.id,
            partner_name=claim.partner.name,
            role=claim.role,
            level=claim.level,
            payout_type=claim.payout_type,
            hold_days=claim.hold_days,
            total_minor=claim.total_minor,
            earned_minor=0,
            part_minor=0,
        )
        for claim in claims
    ]
    steps = commission_steps(
        invoice_id=order.placed.invoice_id,
        accruals=states,
        before=counters,
        after=counters,
        entered_on=order.ordered_on,
    )
    return OrderCommissions(terms, sold, claims, steps)


def _sold(lines: OrderLines) -> Sequence[SoldLine]:
    return [
        SoldLine(
            position=line.position,
            kind=line.input.kind,
            product_id=line.input.product_id,
            description=line.input.description,
            quantity=line.input.quantity,
            line_minor=line.line_minor,
            apply_to_commissions=line.input.apply_to_commissions,
        )
        for line in lines.lines
    ]


class CommissionRows:
    """The rows of many orders' commissions, written together once their accruals have ids."""

    def __init__(self) -> None:
        self._orders: list[tuple[NewOrder, OrderCommissions]] = []
        self._rows: dict[str, list[Sequence[Any]]] = {
            statement: [] for statement in (_FROZEN, _BASIS, _ACCRUAL, _ENTRY, _TRANSFER)
        }

    def add(self, order: NewOrder, commissions: OrderCommissions) -> None:
        """What placing the order does."""
        self._orders.append((order, commissions))

    def write(self, ids: NewIds) -> dict[int, int]:
        """Write everything in the caller's transaction; returns the accruals' ids by their provisional ones.

        Raises IntegrityError or DataError when the database refuses a row.
        """
        steps = sum(len(commissions.steps) for _, commissions in self._orders)
        taken = iter(ids.take(_IDS, steps))
        names: dict[int, int] = {}
        for order, commissions in self._orders:
            self._rows[_FROZEN].append((order.placed.order_id, json.dumps(commissions.terms.as_json())))
            for claim, step in zip(commissions.claims, commissions.steps, strict=True):
                accrual_id, basis_id = next(taken)
                names[step.accrual.id] = accrual_id
                self._add_accrual(order, commissions, claim, step, (accrual_id, basis_id))
        copy_rows(self._rows)
        return names

    def _add_accrual(
        self,
        order: NewOrder,
        commissions: OrderCommissions,
        claim: Claim,
        step: CommissionStep,
        ids: tuple[int, int],
    ) -> None:
        accrual_id, basis_id = ids
        currency = order.placed.total.currency
        accrual = stepped(step)
        basis = basis_fields(commissions.sold, claim)
        self._rows[_BASIS].append((basis_id, json.dumps(basis["sold"]), json.dumps(basis["lines"])))
        self._rows[_ACCRUAL].append(
            (
                accrual_id,
                step.invoice_id,
                accrual.partner_id,
                accrual.role.value,
                accrual.level,
                claim.program_id,
                accrual.payout_type.value,
                accrual.hold_days,
                currency,
                accrual.total_minor,
                accrual.part_minor,
                accrual.earned_minor,
                basis_id,
                silence_of(claim),
            )
        )
        if step.minor:
            self._rows[_ENTRY].append(_entry_row(step, currency, accrual_id, basis_id))
            movement = commission_movement(step.minor, step.entered_on, step.invoice_id)
            self._rows[_TRANSFER].append(
                (
                    movement.kind.value,
                    movement.debit,
                    movement.credit,
                    movement.minor,
                    currency,
                    movement.effective_on,
                    order.contact_id,
                    step.invoice_id,
                    accrual.partner_id,
                )
            )


def _entry_row(step: CommissionStep, currency: str, accrual_id: int, basis_id: int) -> tuple[Any, ...]:
    return (
        accrual_id,
        step.accrual.partner_id,
        EntryCause.ORDER_PLACED.value,
        step.minor,
        currency,
        step.entered_on,
        step.payable_on,
        step.accrual.part_minor,
        step.after.part,
        step.after.whole,
        step.after.earned_minor,
        step.accrual.total_minor,
        basis_id,
    )
