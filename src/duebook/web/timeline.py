"""Events told in plain words: what was done, by whom, when."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.utils.text import Truncator
from django.utils.translation import gettext as _, ngettext, pgettext

from duebook.domain.commission_rules import PartnerRole
from duebook.domain.money import Money
from duebook.domain.permissions import SYSTEM_ID, Source
from duebook.domain.refunding import Rest
from duebook.events.models import Event
from duebook.payments.decline_words import decline_words
from duebook.payments.models import OutcomeProposal
from duebook.staff.models import Business, User
from duebook.web.charge_words import declined_words
from duebook.web.dispute_words import reason_words
from duebook.web.formats import figure, short_date

Payload = Mapping[str, Any]

_MOST_QUOTED = 80
_ENDS_OF_LINK_PAYMENT = frozenset({"pay_link.paid", "link_payment.ended"})
_ENDS_OF_REFUND = frozenset({"payment.refunded", "refund.failed"})


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a timeline; ``detail`` is what someone typed, such as a reason, or a processor said."""

    text: str
    detail: str
    who: str
    at: datetime
    order_id: int | None
    payment_id: int | None


def told(events: Iterable[Event], business: Business) -> list[Entry]:
    """The events as entries; one query for all their actors.

    That a refund was prepared is told only until its outcome is, which says the same and more. So does the
    outcome of a charge by a pay link, beside which the end of that payment is not told.
    """
    rows = list(events)
    ended = {_attempt(row) for row in rows if row.name in _ENDS_OF_REFUND}
    rows = [row for row in rows if row.name != "refund.prepared" or _attempt(row) not in ended]
    rows = [row for row in rows if not _is_told_by_another(row, rows)]
    names = {
        user.pk: str(user)
        for user in User.objects.filter(pk__in={row.actor_id for row in rows}).only("id", "name", "email")
    }
    return [
        Entry(
            text=_told_by_name(row, business),
            detail=_detail(row),
            who=_who(row, names),
            at=row.occurred_at,
            order_id=row.order_id,
            payment_id=row.payment_id,
        )
        for row in rows
    ]


def _is_told_by_another(event: Event, rows: Iterable[Event]) -> bool:
    """Whether a payment by link is only begun, and its end is among the rows; or its charge tells its end."""
    if event.name == "link_payment.ended":
        return event.payload.get("charge_id") is not None
    if event.name != "link_payment.begun":
        return False
    wanted = event.payload.get("link_payment_id")
    return any(
        row.name in _ENDS_OF_LINK_PAYMENT and row.payload.get("link_payment_id") == wanted for row in rows
    )


def _attempt(event: Event) -> int | None:
    """The attempt to give money back to a card that the event is about."""
    attempt: int | None = event.payload.get("gateway_refund_id")
    return attempt


def _detail(event: Event) -> str:
    """What someone typed or, of a refusal, what the card processor said."""
    if event.name in ("dispute.opened", "dispute.lost"):
        return reason_words(str(event.payload.get("reason", "")))
    if event.name.startswith("dispute."):
        return ""
    return str(event.payload.get("problem" if event.name == "refund.failed" else "reason", ""))


def _who(event: Event, names: Mapping[int, str]) -> str:
    if event.actor_id == SYSTEM_ID:
        return _("by an import") if event.source == Source.IMPORT.value else "Duebook"
    return names.get(event.actor_id, _("someone"))


def _told_by_name(event: Event, business: Business) -> str:
    tell = _SENTENCES.get(event.name)
    if tell is not None:
        return tell(event.payload, business)
    noun, _dot, done = event.name.partition(".")
    return f"{noun.replace('_', ' ').capitalize()} {event.payload.get('number', '')} {done.replace('_', ' ')}"


def _amount(payload: Payload, business: Business, name: str = "amount_minor") -> str:
    return figure(Money(int(payload.get(name, 0)), str(payload.get("currency", business.currency))), business)


def _day(text: Any, business: Business) -> str:
    return short_date(date.fromisoformat(text), business) if text else ""


def _invoices(rows: Iterable[Mapping[str, Any]]) -> str:
    return ", ".join(f"INV-{row['number']}" for row in rows if "number" in row)


def _placed(payload: Payload, business: Business) -> str:
    return _("Order %(number)s placed: %(invoice)s over %(amount)s.") % {
        "number": payload.get("number", ""),
        "invoice": payload.get("invoice", ""),
        "amount": _amount(payload, business, "total_minor"),
    }


def _changed(payload: Payload, business: Business) -> str:
    return _("Items changed: total %(before)s → %(after)s.") % {
        "before": _amount(payload, business, "total_before_minor"),
        "after": _amount(payload, business, "total_minor"),
    }


def _cancelled(payload: Payload, business: Business) -> str:
    return _("Order %(number)s cancelled, %(invoice)s void.") % {
        "number": payload.get("number", ""),
        "invoice": payload.get("invoice", ""),
    }


def _voided(payload: Payload, business: Business) -> str:
    return _("%(number)s over %(amount)s made void.") % {
        "number": payload.get("number", ""),
        "amount": _amount(payload, business, "total_minor"),
    }


def _recorded(payload: Payload, business: Business) -> str:
    applied = _invoices(payload.get("applied", []))
    sentence = _("Payment P-%(number)s of %(amount)s recorded, %(type)s of %(day)s") % {
        "number": payload.get("number", ""),
        "amount": _amount(payload, business),
        "type": payload.get("payment_type", ""),
        "day": _day(payload.get("received_on"), business),
    }
    if applied:
        sentence += _(", applied to %(invoices)s") % {"invoices": applied}
    if payload.get("credit_minor"):
        sentence += _(", %(credit)s kept as credit on account") % {
            "credit": _amount(payload, business, "credit_minor")
        }
    return f"{sentence}."


def _moved(payload: Payload, business: Business) -> str:
    labels = {row["invoice_id"]: f"INV-{row['number']}" for row in payload.get("invoices", [])}
    values = {
        "amount": _amount(payload, business),
        "number": payload.get("number", ""),
        "source": labels.get(payload.get("from_invoice_id"), ""),
        "target": labels.get(payload.get("to_invoice_id"), ""),
    }
    if payload.get("to_invoice_id") is None:
        return _("%(amount)s of P-%(number)s released from %(source)s to credit on account.") % values
    return _("%(amount)s of P-%(number)s moved from %(source)s to %(target)s.") % values


def _of_payment(sentence: Callable[[], str]) -> Callable[[Payload, Business], str]:
    def tell(payload: Payload, business: Business) -> str:
        values = {"number": payload.get("number", ""), "amount": _amount(payload, business)}
        return sentence() % values

    return tell


def _outcome(sentence: Callable[[], str]) -> Callable[[Payload, Business], str]:
    def tell(payload: Payload, business: Business) -> str:
        labels = dict(OutcomeProposal.Outcomes.choices)
        return sentence() % {
            "number": payload.get("number", ""),
            "amount": _amount(payload, business),
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
        "amount": _amount(payload, business),
        "day": _day(payload.get("refunded_on"), business),
    }
    taken_off = _invoices(payload.get("taken_off", []))
    if taken_off:
        sentence += _(", taken off %(invoices)s") % {"invoices": taken_off}
    if adjustment := payload.get("adjustment"):
        values = {
            "number": adjustment["number"],
            "amount": _amount({**payload, "amount_minor": adjustment["amount_minor"]}, business),
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
        "amount": _amount(payload, business),
    }
    again = _invoices(payload.get("applied_again", []))
    if again:
        sentence += _(", applied to %(invoices)s again") % {"invoices": again}
    return f"{sentence}."


def _credit_applied(payload: Payload, business: Business) -> str:
    return _("%(amount)s of credit on account applied to %(invoices)s.") % {
        "amount": _amount(payload, business),
        "invoices": _invoices(payload.get("invoices", [])),
    }


def _disputed(sentence: Callable[[], str]) -> Callable[[Payload, Business], str]:
    """The sentence, and what the dispute did to the money and to each balance with it."""

    def tell(payload: Payload, business: Business) -> str:
        sentences = [sentence() % {"number": payload.get("number", ""), "amount": _amount(payload, business)}]
        moved = int(payload.get("moved_minor", 0))
        if moved:
            words = _("The processor took %(amount)s.") if moved > 0 else _("%(amount)s came back.")
            gone = figure(Money(abs(moved), str(payload["currency"])), business)
            sentences.append(words % {"amount": gone})
        sentences += [
            _("Balance due of INV-%(number)s: %(amount)s.")
            % {"number": row["number"], "amount": figure(_balance(row, payload), business)}
            for row in payload.get("invoices", ())
        ]
        return " ".join(sentences)

    return tell


def _balance(row: Mapping[str, Any], payload: Payload) -> Money:
    return Money(int(row["balance_minor"]), str(payload["currency"]))


def _amended(payload: Payload, business: Business) -> str:
    before, after = payload.get("before", {}), payload.get("after", {})
    sentences = [_("Reference or notes of P-%(number)s amended.") % {"number": payload.get("number", "")}]
    for name, label in (("reference", _("Reference")), ("notes", _("Notes"))):
        old, new = before.get(name, ""), after.get(name, "")
        if old != new:
            sentences.append(f"{label}: {_quoted(old)} → {_quoted(new)}.")
    return " ".join(sentences)


def _quoted(text: str) -> str:
    return f"“{Truncator(text).chars(_MOST_QUOTED)}”" if text else "–"


def _receipt_emailed(payload: Payload, business: Business) -> str:
    values = {"number": payload.get("number", ""), "address": payload.get("address", "")}
    return _("Receipt of P-%(number)s sent to %(address)s.") % values


def _about_card(sentence: Callable[[], str]) -> Callable[[Payload, Business], str]:
    def tell(payload: Payload, business: Business) -> str:
        names = ("number", "card", "account", "address")
        return sentence() % {name: payload.get(name, "") for name in names}

    return tell


def _card_added(payload: Payload, business: Business) -> str:
    sentence = (
        _("The customer entered %(card)s again.")
        if payload.get("known")
        else _("The customer put %(card)s on file.")
    )
    return sentence % {"card": payload.get("card", "")}


def _card_declined(payload: Payload, business: Business) -> str:
    return f"{_('A card was not saved.')} {decline_words(str(payload.get('decline', '')))}"


def _charge_prepared(payload: Payload, business: Business) -> str:
    return _("Charge %(number)s of %(amount)s to %(card)s begun.") % {
        "number": payload.get("number", ""),
        "amount": _amount(payload, business),
        "card": payload.get("card", ""),
    }


def _charge_declined(payload: Payload, business: Business) -> str:
    sentence = _("Charge %(number)s of %(amount)s declined.") % {
        "number": payload.get("number", ""),
        "amount": _amount(payload, business),
    }
    return f"{sentence} {declined_words(str(payload.get('decline', '')))}"


def _of_pay_link(sentence: Callable[[], str]) -> Callable[[Payload, Business], str]:
    def tell(payload: Payload, business: Business) -> str:
        return sentence() % {
            "number": payload.get("number", ""),
            "amount": _amount(payload, business),
            "address": payload.get("address", ""),
            "invoices": _invoices(payload.get("invoices", [])),
        }

    return tell


def _paid_by_link(payload: Payload, business: Business) -> str:
    paid = _("The customer paid %(amount)s by pay link: P-%(number)s.") % {
        "amount": _amount(payload, business),
        "number": payload.get("number", ""),
    }
    if not payload.get("card_was_forgotten"):
        return paid
    lost = _(
        "The card was to be kept, but the processor had been told to forget it before the payment was known."
    )
    return f"{paid} {lost}"


def _contact_edited(payload: Payload, business: Business) -> str:
    fields = ", ".join(name.replace("_", " ") for name in payload.get("after", {}))
    return _("Contact edited: %(fields)s.") % {"fields": fields} if fields else _("Contact saved unchanged.")


def _about_partner(sentence: Callable[[], str]) -> Callable[[Payload, Business], str]:
    def tell(payload: Payload, business: Business) -> str:
        return sentence() % {"name": payload.get("name", ""), "code": payload.get("code", "")}

    return tell


def _notified(payload: Payload, business: Business) -> str:
    sentence = (
        _("Referral partner %(name)s told of order %(number)s by e-mail to %(address)s.")
        if "number" in payload
        else _("Referral partner %(name)s told of this contact by e-mail to %(address)s.")
    )
    return sentence % {
        "name": payload.get("name", ""),
        "number": payload.get("number", ""),
        "address": payload.get("address", ""),
    }


def _overridden(payload: Payload, business: Business) -> str:
    count = int(payload.get("overrides", 0))
    if not count:
        return _("Overrides of referral partner %(name)s taken away.") % {"name": payload.get("name", "")}
    text = ngettext(
        "%(count)s override agreed with referral partner %(name)s.",
        "%(count)s overrides agreed with referral partner %(name)s.",
        count,
    )
    return text % {"count": count, "name": payload.get("name", "")}


def _referred(payload: Payload, business: Business) -> str:
    as_lead = payload.get("role") == PartnerRole.LEAD.value
    sentence = (
        _("Referred by %(name)s as lead partner.") if as_lead else _("Sold by %(name)s as sale partner.")
    )
    return sentence % {"name": payload.get("partner", "")}


def _posted(payload: Payload, business: Business) -> str:
    """What changing an order's commissions posted: earned, taken back or nothing."""
    minor = int(payload.get("posted_minor", 0))
    if not minor:
        return _("Commissions stay as they were.")
    amount = figure(Money(abs(minor), str(payload.get("currency", business.currency))), business)
    sentence = (
        _("Commissions of %(amount)s posted.") if minor > 0 else _("Commissions of %(amount)s taken back.")
    )
    return sentence % {"amount": amount}


def _assigned(payload: Payload, business: Business) -> str:
    sentence = _("Referral partners changed: lead %(lead)s, sale %(sale)s.") % {
        "lead": payload.get("lead_partner") or _("none"),
        "sale": payload.get("sale_partner") or _("none"),
    }
    return f"{sentence} {_posted(payload, business)}"


def _recalculated(payload: Payload, business: Business) -> str:
    return f"{_('Recalculated by the rules of that day.')} {_posted(payload, business)}"


def _order_overridden(payload: Payload, business: Business) -> str:
    count = int(payload.get("overrides", 0))
    text = ngettext(
        "%(count)s override agreed for this order.", "%(count)s overrides agreed for this order.", count
    )
    sentence = text % {"count": count} if count else _("Overrides for this order taken away.")
    return f"{sentence} {_posted(payload, business)}"


def _payout_built(payload: Payload, business: Business) -> str:
    count = int(payload.get("partners", 0))
    text = ngettext(
        "Payout %(number)s of %(amount)s built for %(count)s partner.",
        "Payout %(number)s of %(amount)s built for %(count)s partners.",
        count,
    )
    amount = _amount(payload, business, "total_minor")
    return text % {"number": payload.get("number", ""), "amount": amount, "count": count}


def _of_payout(sentence: Callable[[], str]) -> Callable[[Payload, Business], str]:
    def tell(payload: Payload, business: Business) -> str:
        return sentence() % {
            "number": payload.get("number", ""),
            "amount": _amount(payload, business, "total_minor"),
            "day": _day(payload.get("paid_on"), business),
        }

    return tell


_SENTENCES: Mapping[str, Callable[[Payload, Business], str]] = {
    "order.placed": _placed,
    "order.changed": _changed,
    "order.cancelled": _cancelled,
    "invoice.voided": _voided,
    "payment.recorded": _recorded,
    "payment.reversed": _of_payment(lambda: _("Payment P-%(number)s of %(amount)s undone.")),
    "payment.returned": _of_payment(lambda: _("Payment P-%(number)s of %(amount)s returned by the bank.")),
    "payment.refunded": _refunded,
    "dispute.opened": _disputed(lambda: _("The customer's bank disputes %(amount)s of P-%(number)s.")),
    "dispute.booked": _disputed(lambda: _("The dispute of %(amount)s of P-%(number)s moved money.")),
    "dispute.lost": _disputed(lambda: _("The dispute of %(amount)s of P-%(number)s is lost.")),
    "dispute.won": _disputed(lambda: _("The dispute of %(amount)s of P-%(number)s is won.")),
    "dispute.reviewed": _of_payment(lambda: _("The end of the dispute of P-%(number)s was marked as seen.")),
    "refund.prepared": _of_payment(
        lambda: _("Refund of %(amount)s of P-%(number)s to the card begun; its outcome is not known yet.")
    ),
    "refund.failed": _of_payment(
        lambda: _("Refund %(number)s of %(amount)s to the card not carried out. Nothing went back.")
    ),
    "refund.requested": _of_payment(
        lambda: _("Refund of %(amount)s of P-%(number)s asked for; it waits for another person’s approval.")
    ),
    "refund.approved": _of_payment(lambda: _("Refund of %(amount)s of P-%(number)s approved.")),
    "refund.rejected": _of_payment(
        lambda: _("Refund of %(amount)s of P-%(number)s rejected. Nothing went back.")
    ),
    "refund.withdrawn": _of_payment(lambda: _("The wish to refund %(amount)s of P-%(number)s withdrawn.")),
    "refund.reversed": _refund_reversed,
    "refund.resolved": _of_payment(
        lambda: _("Refused refund %(number)s of %(amount)s marked as dealt with.")
    ),
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
    "card.offered": _about_card(lambda: _("Link to add a card made, for %(account)s.")),
    "card.link_sent": _about_card(lambda: _("Link to add a card sent to %(address)s.")),
    "card.added": _card_added,
    "card.declined": _card_declined,
    "card.made_default": _about_card(lambda: _("%(card)s made the default card.")),
    "card.deactivated": _about_card(lambda: _("%(card)s deactivated.")),
    "card.entered": _about_card(lambda: _("The customer entered %(card)s to pay by link.")),
    "card_link.withdrawn": _about_card(lambda: _("Link to add a card withdrawn.")),
    "pay_link.offered": _of_pay_link(lambda: _("Pay link made for %(invoices)s.")),
    "pay_link.sent": _of_pay_link(lambda: _("Pay link for %(invoices)s sent to %(address)s.")),
    "pay_link.withdrawn": _of_pay_link(lambda: _("Pay link for %(invoices)s withdrawn.")),
    "pay_link.paid": _paid_by_link,
    "link_payment.begun": _of_pay_link(lambda: _("The customer began to pay %(amount)s by pay link.")),
    "link_payment.ended": _of_pay_link(
        lambda: _("Nothing came of paying %(amount)s by pay link. No card was charged.")
    ),
    "charge.link_sent": _of_pay_link(
        lambda: _("Link to confirm charge %(number)s of %(amount)s sent to %(address)s.")
    ),
    "card_setup.cancelled": _about_card(
        lambda: _("A link to add a card was cancelled by the card processor.")
    ),
    "charge.prepared": _charge_prepared,
    "charge.declined": _charge_declined,
    "charge.not_performed": _of_payment(
        lambda: _("Charge %(number)s of %(amount)s was not carried out. No card was charged.")
    ),
    "contact.added": lambda payload, business: pgettext("timeline", "Contact added."),
    "contact.edited": _contact_edited,
    "contact.referred": _referred,
    "partner.added": _about_partner(lambda: _("Referral partner %(name)s added with the code %(code)s.")),
    "partner.changed": _about_partner(lambda: _("Referral partner %(name)s changed.")),
    "partner.deleted": _about_partner(lambda: _("Referral partner %(name)s deleted.")),
    "partner.overridden": _overridden,
    "partner.link_sent": _about_partner(
        lambda: _("A link to the partner pages was sent to referral partner %(name)s.")
    ),
    "partner.notified": _notified,
    "program.added": _about_partner(lambda: _("Program %(name)s added.")),
    "program.changed": _about_partner(
        lambda: _("Program %(name)s changed. Orders placed before keep their rules.")
    ),
    "order.partners_assigned": _assigned,
    "order.recalculated": _recalculated,
    "order.overridden": _order_overridden,
    "payout.built": _payout_built,
    "payout.approved": _of_payout(lambda: _("Payout %(number)s approved.")),
    "payout.rejected": _of_payout(
        lambda: _("Payout %(number)s rejected: its commissions are payable again.")
    ),
    "payout.paid": _of_payout(lambda: _("Payout %(number)s of %(amount)s marked as paid on %(day)s.")),
}
