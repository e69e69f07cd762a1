"""Bringing the accruals of one invoice in line with its claims and counters, inside the caller's transaction.

The caller holds the invoice's lock, which guards its accruals too. What changes is posted as the difference
to what was earned before, so nothing is ever earned twice or lost.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from duebook.commissions.models import Accrual, AccrualBasis, CommissionEntry, FrozenTerms
from duebook.commissions.queries import accruals_of, frozen_terms, sold_lines, sold_lines_of_orders
from duebook.commissions.terms_book import terms_now, terms_of_orders_now
from duebook.domain.accounts import SystemAccount, TransferKind
from duebook.domain.commission_base import SoldLine
from duebook.domain.commission_release import Counters
from duebook.domain.commission_rules import Claim, PartnerRole, PayoutType
from duebook.domain.commission_steps import AccrualState, CommissionStep, EntryCause, commission_steps
from duebook.invoices.models import Invoice, Void
from duebook.ledger.models import Transfer
from duebook.orders.models import Order

_Key = tuple[int, PartnerRole, int, PayoutType, int, int | None]


def counters_of(invoice: Invoice, *, dead: bool | None = None) -> Counters:
    """The invoice's counters as the rules of ``domain`` see them; ``dead`` says whether it is void."""
    return Counters(
        total_minor=invoice.total_minor,
        finance_minor=invoice.finance_minor,
        counted_minor=invoice.counted_minor,
        uncounted_minor=invoice.uncounted_minor,
        money_minor=invoice.money_minor,
        money_back_minor=invoice.money_back_minor,
        dead=Void.objects.filter(invoice=invoice).exists() if dead is None else dead,
    )


def accrue_by_terms_now(*, order: Order, cause: EntryCause, entered_on: date) -> tuple[CommissionStep, ...]:
    """Freeze the terms that apply today, and bring the order's accruals in line with them."""
    terms = terms_now(order)
    if not terms.partners and not FrozenTerms.objects.filter(order=order).exists():
        return ()
    FrozenTerms.objects.update_or_create(order=order, defaults={"terms": terms.as_json()})
    sold = sold_lines(order.pk)
    return _settle(order, sold, terms.claims(sold), cause, entered_on)


def accrue_by_frozen_terms(
    *, order: Order, cause: EntryCause, entered_on: date
) -> tuple[CommissionStep, ...]:
    """Bring the order's accruals in line with its items and counters, by the terms it has."""
    terms = frozen_terms(order.pk)
    if terms is None:
        return ()
    sold = sold_lines(order.pk)
    return _settle(order, sold, terms.claims(sold), cause, entered_on)


def preview_by_terms_now(
    *, orders: Iterable[Order], entered_on: date
) -> dict[int, tuple[CommissionStep, ...]]:
    """The steps that ``accrue_by_terms_now`` would post to each order, by its id; new accruals have the id 0.

    Writes nothing; as many queries as for one order.
    """
    terms = terms_of_orders_now(orders)
    lines = sold_lines_of_orders(terms)
    invoices = list(Invoice.objects.filter(order__in=list(terms)).select_related("void"))
    existing = _existing(invoice.pk for invoice in invoices)
    previews = {}
    for invoice in invoices:
        claims = terms[invoice.order_id].claims(lines.get(invoice.order_id, []))
        states = [state for state, _ in _targets(existing.get(invoice.pk, {}), claims)]
        counters = counters_of(invoice, dead=hasattr(invoice, "void"))
        previews[invoice.order_id] = _steps(invoice.pk, counters, states, entered_on)
    return previews


def _settle(
    order: Order, sold: Sequence[SoldLine], claims: Iterable[Claim], cause: EntryCause, entered_on: date
) -> tuple[CommissionStep, ...]:
    invoice = Invoice.objects.get(order=order)
    bases = {row.pk: row.basis for row in Accrual.objects.filter(invoice=invoice).select_related("basis")}
    states = []
    for state, claim in _targets(_existing([invoice.pk]).get(invoice.pk, {}), claims):
        if state.id:
            basis = basis_in_force(bases[state.id], sold, claim)
            Accrual.objects.filter(pk=state.id).update(basis=basis, silence=silence_of(claim))
            states.append(state)
        elif claim is not None:
            accrual = Accrual.objects.create(
                invoice=invoice,
                partner_id=state.partner_id,
                role=state.role.value,
                level=state.level,
                program_id=claim.program_id,
                payout_type=state.payout_type.value,
                hold_days=state.hold_days,
                currency=order.currency,
                total_minor=state.total_minor,
                basis=AccrualBasis.objects.create(**basis_fields(sold, claim)),
                silence=silence_of(claim),
            )
            states.append(replace(state, id=accrual.pk))
    steps = _steps(invoice.pk, counters_of(invoice), states, entered_on)
    post_steps(steps, cause=cause, currency=order.currency, contact_id=order.contact_id)
    return steps


def basis_in_force(basis: AccrualBasis, sold: Sequence[SoldLine], claim: Claim | None) -> AccrualBasis:
    """The accrual's basis if it still says the same, else a new one: those that entries name stay."""
    fields = basis_fields(sold, claim)
    if (basis.sold, basis.lines) == (fields["sold"], fields["lines"]):
        return basis
    return AccrualBasis.objects.create(**fields)


def basis_fields(sold: Iterable[SoldLine], claim: Claim | None) -> dict[str, Any]:
    """What a total is computed from, as plain values; no claim is a partner who left the order."""
    return {
        "sold": [line.as_json() for line in sold],
        "lines": [
            {
                "position": line.position,
                "base_minor": line.base_minor,
                "source": line.source.value if line.source else None,
                "bps": line.rate.bps,
                "fixed_minor": line.rate.fixed_minor,
                "exact": str(line.exact),
                "rule_id": line.rule_id,
                "silence": line.silence.value if line.silence else None,
            }
            for line in (claim.lines if claim else ())
        ],
    }


def silence_of(claim: Claim | None) -> str:
    """Why the accrual earns nothing, empty where it earns something."""
    if claim is None:
        return "the partner is no longer on the order"
    return claim.silence.value if claim.silence else ""


def _existing(invoice_ids: Iterable[int]) -> dict[int, dict[_Key, AccrualState]]:
    """The accruals that stand on each invoice, by what tells them apart."""
    ids = list(invoice_ids)
    programs = dict(Accrual.objects.filter(invoice__in=ids).values_list("pk", "program_id"))
    return {
        invoice_id: {_key(state, programs[state.id]): state for state in states}
        for invoice_id, states in accruals_of(ids).items()
    }


def _targets(
    existing: Mapping[_Key, AccrualState], claims: Iterable[Claim]
) -> list[tuple[AccrualState, Claim | None]]:
    """Each accrual that is or shall be, with its total from now on and the claim that says so."""
    left = dict(existing)
    targets: list[tuple[AccrualState, Claim | None]] = []
    for claim in claims:
        wanted = AccrualState(
            id=0,
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
        state = left.pop(_key(wanted, claim.program_id), wanted)
        targets.append((replace(state, total_minor=claim.total_minor), claim))
    targets += [(replace(state, total_minor=0), None) for state in left.values()]
    return targets


def _key(state: AccrualState, program_id: int | None) -> _Key:
    return (state.partner_id, state.role, state.level, state.payout_type, state.hold_days, program_id)


def _steps(
    invoice_id: int, counters: Counters, states: Iterable[AccrualState], entered_on: date
) -> tuple[CommissionStep, ...]:
    return commission_steps(
        invoice_id=invoice_id, accruals=states, before=counters, after=counters, entered_on=entered_on
    )


def post_steps(steps: Iterable[CommissionStep], *, cause: EntryCause, currency: str, contact_id: int) -> None:
    """Write the totals, entries and transfers of the steps; an entry keeps the basis that is in force."""
    steps = list(steps)
    ids = [step.accrual.id for step in steps]
    basis_ids = dict(Accrual.objects.filter(pk__in=ids).values_list("pk", "basis_id"))
    for step in steps:
        accrual = step.accrual
        Accrual.objects.filter(pk=accrual.id).update(
            total_minor=accrual.total_minor,
            earned_minor=step.after.earned_minor,
            counted_minor=step.after.part,
        )
        if not step.minor:
            continue
        CommissionEntry.objects.create(
            accrual_id=accrual.id,
            partner_id=accrual.partner_id,
            basis_id=basis_ids[accrual.id],
            cause=cause.value,
            amount_minor=step.minor,
            currency=currency,
            entered_on=step.entered_on,
            payable_on=step.payable_on,
            part_before_minor=accrual.part_minor,
            part_after_minor=step.after.part,
            whole_minor=step.after.whole,
            earned_after_minor=step.after.earned_minor,
            total_minor=accrual.total_minor,
        )
        Transfer.objects.create(**_transfer(step), currency=currency, contact_id=contact_id)


def _transfer(step: CommissionStep) -> dict[str, Any]:
    expense, payable = SystemAccount.COMMISSION_EXPENSE, SystemAccount.PARTNER_PAYABLE
    earned = step.minor > 0
    return {
        "kind": (TransferKind.COMMISSION_EARNED if earned else TransferKind.COMMISSION_CLAWED_BACK).value,
        "debit_account_id": int(expense if earned else payable),
        "credit_account_id": int(payable if earned else expense),
        "amount_minor": abs(step.minor),
        "effective_on": step.entered_on,
        "invoice_id": step.invoice_id,
        "partner_id": step.accrual.partner_id,
    }
