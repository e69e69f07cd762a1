"""What happened to payments, refunds, returns and disputes, in sentences."""

from collections.abc import Callable, Mapping

from django.utils.translation import gettext as _

from duebook.domain.money import Money
from duebook.domain.refunding import Rest
from duebook.payments.models import OutcomeProposal
from duebook.staff.models import Business
from duebook.web.formats import figure
from duebook.web.timeline.words import (
    Payload,
    Told,
    amount_of,
    balance_of,
    day_of,
    invoices_of,
    of_payment,
    quoted,
)


def _recorded(payload: Payload, business: Business) -> str:
    applied = invoices_of(payload.get("applied", []))
    sentence = _("Payment P-%(number)s of %(amount)s recorded, %(type)s of %(day)s") % {
        "number": payload.get("number", ""),
        "amount": amount_of(payload, business),
        "type": payload.get("payment_type", ""),
        "day": day_of(payload.get("received_on"), business),
    }
    if applied:
        sentence += _(", applied to %(invoices)s") % {"invoices": applied}
    if payload.get("credit_minor"):
        sentence += _(", %(credit)s kept as credit on account") % {
            "credit": amount_of(payload, business, "credit_minor")
        }
    return f"{sentence}."


def _moved(payload: Payload, business: Business) -> str:
    labels = {row["invoice_id"]: f"INV-{row['number']}" for row in payload.get("invoices", [])}
    values = {
        "amount": amount_of(payload, business),
        "number": payload.get("number", ""),
        "source": labels.get(payload.get("from_invoice_id"), ""),
        "target": labels.get(payload.get("to_invoice_id"), ""),
    }
    if payload.get("to_invoice_id") is None:
        return _("%(amount)s of P-%(number)s released from %(source)s to credit on account.") % values
    return _("%(amount)s of P-%(number)s moved from %(source)s to %(target)s.") % values


def _outcome(sentence: Callable[[], str]) -> Told:
    def tell(payload: Payload, business: Business) -> str:
        labels = dict(OutcomeProposal.Outcomes.choices)
        return sentence() % {
            "number": payload.get("number", ""),
            "amount": amount_of(payload, business),
            "outcome": labels.get(payload.get("outcome", ""), ""),
        }

    return tell


def _outcome_approved(payload: Payload, business: Business) -> str:
    if payload.get("others") == 0:
        words = _("%(number)s of %(amount)s: “%(outcome)s” approved by who said it; nobody else was there.")
    else:
        words = _("%(number)s of %(amount)s: “%(outcome)s” approved.")
    return _outcome(lambda: words)(payload, business)


def _refunded(payload: Payload, business: Business) -> str:
    sentence = _("%(amount)s of P-%(number)s refunded on %(day)s") % {
        "number": payload.get("number", ""),
        "amount": amount_of(payload, business),
        "day": day_of(payload.get("refunded_on"), business),
    }
    taken_off = invoices_of(payload.get("taken_off", []))
    if taken_off:
        sentence += _(", taken off %(invoices)s") % {"invoices": taken_off}
    if adjustment := payload.get("adjustment"):
        values = {
            "number": adjustment["number"],
            "amount": amount_of({**payload, "amount_minor": adjustment["amount_minor"]}, business),
        }
        if payload.get("rest") == Rest.WRITE_OFF.value:
            sentence += _(", %(amount)s written off (P-%(number)s)") % values
        else:
            sentence += _(", %(amount)s credited (P-%(number)s)") % values
    return f"{sentence}."


def _refund_reversed(payload: Payload, business: Business) -> str:
    words = (
        _("Refund of %(amount)s of P-%(number)s came back and was booked back")
        if payload.get("came_back")
        else _("Refund of %(amount)s of P-%(number)s undone")
    )
    sentence = words % {
        "number": payload.get("number", ""),
        "amount": amount_of(payload, business),
    }
    again = invoices_of(payload.get("applied_again", []))
    if again:
        sentence += _(", applied to %(invoices)s again") % {"invoices": again}
    return f"{sentence}."


def _credit_applied(payload: Payload, business: Business) -> str:
    return _("%(amount)s of credit on account applied to %(invoices)s.") % {
        "amount": amount_of(payload, business),
        "invoices": invoices_of(payload.get("invoices", [])),
    }


def _disputed(sentence: Callable[[], str]) -> Told:
    """The sentence, and what the dispute did to the money and to each balance with it."""

    def tell(payload: Payload, business: Business) -> str:
        sentences = [
            sentence() % {"number": payload.get("number", ""), "amount": amount_of(payload, business)}
        ]
        moved = int(payload.get("moved_minor", 0))
        if moved:
            words = _("The processor took %(amount)s.") if moved > 0 else _("%(amount)s came back.")
            gone = figure(Money(abs(moved), str(payload["currency"])), business)
            sentences.append(words % {"amount": gone})
        sentences += [
            _("Balance due of INV-%(number)s: %(amount)s.")
            % {"number": row["number"], "amount": figure(balance_of(row, payload), business)}
            for row in payload.get("invoices", ())
        ]
        return " ".join(sentences)

    return tell


def _amended(payload: Payload, business: Business) -> str:
    before, after = payload.get("before", {}), payload.get("after", {})
    sentences = [_("Reference or notes of P-%(number)s amended.") % {"number": payload.get("number", "")}]
    for name, label in (("reference", _("Reference")), ("notes", _("Notes"))):
        old, new = before.get(name, ""), after.get(name, "")
        if old != new:
            sentences.append(f"{label}: {quoted(old)} → {quoted(new)}.")
    return " ".join(sentences)


def _receipt_emailed(payload: Payload, business: Business) -> str:
    values = {"number": payload.get("number", ""), "address": payload.get("address", "")}
    return _("Receipt of P-%(number)s sent to %(address)s.") % values


SENTENCES: Mapping[str, Told] = {
    "payment.recorded": _recorded,
    "payment.reversed": of_payment(lambda: _("Payment P-%(number)s of %(amount)s undone.")),
    "payment.returned": of_payment(lambda: _("Payment P-%(number)s of %(amount)s returned by the bank.")),
    "payment.refunded": _refunded,
    "dispute.opened": _disputed(lambda: _("The customer's bank disputes %(amount)s of P-%(number)s.")),
    "dispute.booked": _disputed(lambda: _("The dispute of %(amount)s of P-%(number)s moved money.")),
    "dispute.lost": _disputed(lambda: _("The dispute of %(amount)s of P-%(number)s is lost.")),
    "dispute.won": _disputed(lambda: _("The dispute of %(amount)s of P-%(number)s is won.")),
    "dispute.reviewed": of_payment(lambda: _("The end of the dispute of P-%(number)s was marked as seen.")),
    "refund.prepared": of_payment(
        lambda: _("Refund of %(amount)s of P-%(number)s to the card begun; its outcome is not known yet.")
    ),
    "refund.failed": of_payment(
        lambda: _("Refund %(number)s of %(amount)s to the card not carried out. Nothing went back.")
    ),
    "refund.requested": of_payment(
        lambda: _("Refund of %(amount)s of P-%(number)s asked for; it waits for another person’s approval.")
    ),
    "refund.approved": of_payment(lambda: _("Refund of %(amount)s of P-%(number)s approved.")),
    "refund.rejected": of_payment(
        lambda: _("Refund of %(amount)s of P-%(number)s rejected. Nothing went back.")
    ),
    "refund.withdrawn": of_payment(lambda: _("The wish to refund %(amount)s of P-%(number)s withdrawn.")),
    "refund.reversed": _refund_reversed,
    "refund.resolved": of_payment(lambda: _("Refused refund %(number)s of %(amount)s marked as dealt with.")),
    "outcome.proposed": _outcome(
        lambda: _("%(number)s of %(amount)s: %(outcome)s, as seen at the processor; waits for approval.")
    ),
    "outcome.approved": _outcome_approved,
    "outcome.rejected": _outcome(lambda: _("%(number)s of %(amount)s: “%(outcome)s” rejected.")),
    "outcome.withdrawn": _outcome(lambda: _("%(number)s of %(amount)s: “%(outcome)s” withdrawn.")),
    "payment.amended": _amended,
    "allocation.moved": _moved,
    "credit.applied": _credit_applied,
    "receipt.emailed": _receipt_emailed,
}
