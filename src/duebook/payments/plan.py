"""What an act on payments will write, put together by a service before one statement carries it out."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from duebook.domain.accounts import FIRST_OWN_ACCOUNT_ID
from duebook.domain.commission_steps import CommissionStep, CounterChange, EntryCause
from duebook.domain.permissions import Actor
from duebook.domain.recording import Movement, commission_movement


@dataclass(slots=True)
class PaymentCounters:
    """What a plan adds to an existing payment's counters, in minor units."""

    allocated: int = 0
    refunded: int = 0
    returned: int = 0
    reversed: int = 0


@dataclass(slots=True)
class Plan:
    """Rows to insert and counters to move; built by a service, carried out by ``book``."""

    payments: list[dict[str, Any]] = field(default_factory=list)
    allocations: list[dict[str, Any]] = field(default_factory=list)
    transfers: list[dict[str, Any]] = field(default_factory=list)
    refunds: list[dict[str, Any]] = field(default_factory=list)
    events: list[dict[str, Any]] = field(default_factory=list)
    invoices: dict[int, CounterChange] = field(default_factory=dict)
    counters: dict[int, PaymentCounters] = field(default_factory=dict)
    entries: list[dict[str, Any]] = field(default_factory=list)
    accruals: dict[int, tuple[int, int]] = field(default_factory=dict)

    def allocate(
        self,
        *,
        payment_id: int,
        invoice_id: int,
        minor: int,
        counts: bool,
        is_money: bool,
        applied_on: date,
    ) -> None:
        """One allocation row (negative to take it off) and what it does to the invoice's counters."""
        self.allocations.append(
            {
                "payment_id": payment_id,
                "invoice_id": invoice_id,
                "amount_minor": minor,
                "apply_to_commissions": counts,
                "applied_on": applied_on.isoformat(),
            }
        )
        self.count(invoice_id, CounterChange.allocated(minor, counts=counts, is_money=is_money))

    def count(self, invoice_id: int, change: CounterChange) -> None:
        """Add to what the plan does to the invoice's counters."""
        self.invoices[invoice_id] = self.invoices.get(invoice_id, CounterChange()) + change

    def transfer(
        self,
        movement: Movement,
        *,
        currency: str,
        contact_id: int,
        payment_id: int | None,
        partner_id: int | None = None,
        corrects_id: int | None = None,
    ) -> None:
        """One transfer; ``partner_id`` is whose commission it is about."""
        self.transfers.append(
            {
                "kind": movement.kind.value,
                "debit": movement.debit,
                "credit": movement.credit,
                "minor": movement.minor,
                "currency": currency,
                "effective_on": movement.effective_on.isoformat(),
                "contact_id": contact_id,
                "invoice_id": movement.invoice_id,
                "payment_id": payment_id,
                "partner_id": partner_id,
                "corrects_id": corrects_id,
            }
        )

    def step_commissions(
        self,
        steps: Iterable[CommissionStep],
        *,
        cause: EntryCause,
        currency: str,
        contact_id: int,
        payment_id: int | None,
    ) -> None:
        """The entries, transfers and accruals of commission steps; a step of nothing only moves its part.

        An accrual that can earn nothing is left as it is.
        """
        for step in steps:
            accrual = step.accrual
            part = step.after.part - accrual.part_minor
            if accrual.total_minor and (step.minor or part):
                earned, released = self.accruals.get(accrual.id, (0, 0))
                self.accruals[accrual.id] = (earned + step.minor, released + part)
            if not step.minor:
                continue
            self.entries.append(
                {
                    "accrual_id": accrual.id,
                    "partner_id": accrual.partner_id,
                    "cause": cause.value,
                    "minor": step.minor,
                    "currency": currency,
                    "entered_on": step.entered_on.isoformat(),
                    "payable_on": step.payable_on.isoformat(),
                    "payment_id": payment_id,
                    "part_before": accrual.part_minor,
                    "part_after": step.after.part,
                    "whole": step.after.whole,
                    "earned_after": step.after.earned_minor,
                    "total": accrual.total_minor,
                }
            )
            self.transfer(
                commission_movement(step.minor, step.entered_on, step.invoice_id),
                currency=currency,
                contact_id=contact_id,
                payment_id=payment_id,
                partner_id=accrual.partner_id,
            )

    def tell(
        self,
        *,
        name: str,
        actor: Actor,
        request_key: str,
        hashed: str,
        contact_id: int,
        payment_id: int,
        payload: dict[str, Any],
    ) -> None:
        """One event about a payment."""
        self.events.append(
            {
                "name": name,
                "actor_id": actor.user_id,
                "source": actor.source.value,
                "request_key": request_key,
                "input_hash": hashed,
                "contact_id": contact_id,
                "order_id": None,
                "payment_id": payment_id,
                "payload": payload,
            }
        )

    def name_accruals(self, ids: Mapping[int, int]) -> None:
        """Put the ids that accruals got in place of the provisional ones that the plan was made with."""
        for entry in self.entries:
            entry["accrual_id"] = ids.get(entry["accrual_id"], entry["accrual_id"])
        self.accruals = {ids.get(pk, pk): change for pk, change in self.accruals.items()}

    def moves_of_own_accounts(self) -> list[dict[str, Any]]:
        """What it moves on accounts that the business opened, but for the new payments of charges."""
        of_charges = {row["id"] for row in self.payments if row["charge_id"] is not None}
        return [
            {
                "account": row[side],
                "currency": row["currency"],
                "minor": sign * row["minor"],
                "payment_id": row["payment_id"],
            }
            for row in self.transfers
            for side, sign in (("debit", 1), ("credit", -1))
            if row[side] >= FIRST_OWN_ACCOUNT_ID and row["payment_id"] not in of_charges
        ]

    def document(self) -> str:
        return json.dumps(
            {
                "payments": self.payments,
                "allocations": self.allocations,
                "transfers": self.transfers,
                "refunds": self.refunds,
                "events": self.events,
                "entries": self.entries,
                "accruals": [
                    {"id": i, "earned": earned, "part": part} for i, (earned, part) in self.accruals.items()
                ],
                "invoices": [
                    {
                        "id": i,
                        "applied": c.applied,
                        "counted": c.counted,
                        "uncounted": c.uncounted,
                        "money": c.money,
                        "back": c.back,
                    }
                    for i, c in self.invoices.items()
                ],
                "counters": [
                    {
                        "id": i,
                        "allocated": c.allocated,
                        "refunded": c.refunded,
                        "returned": c.returned,
                        "reversed": c.reversed,
                    }
                    for i, c in self.counters.items()
                ],
            }
        )
