"""What happened to referral partners, programs, commissions and payouts, in sentences."""

from collections.abc import Callable, Mapping

from django.utils.translation import gettext as _, ngettext

from duebook.domain.commission_rules import PartnerRole
from duebook.domain.money import Money
from duebook.staff.models import Business
from duebook.web.formats import figure
from duebook.web.timeline.words import Payload, Told, amount_of, day_of


def _about_partner(sentence: Callable[[], str]) -> Told:
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
    amount = amount_of(payload, business, "total_minor")
    return text % {"number": payload.get("number", ""), "amount": amount, "count": count}


def _of_payout(sentence: Callable[[], str]) -> Told:
    def tell(payload: Payload, business: Business) -> str:
        return sentence() % {
            "number": payload.get("number", ""),
            "amount": amount_of(payload, business, "total_minor"),
            "day": day_of(payload.get("paid_on"), business),
        }

    return tell


def _payout_approved(payload: Payload, business: Business) -> str:
    if payload.get("others") == 0:
        words = _("Payout %(number)s approved by who built it; nobody else was there.")
    else:
        words = _("Payout %(number)s approved.")
    return _of_payout(lambda: words)(payload, business)


SENTENCES: Mapping[str, Told] = {
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
    "payout.approved": _payout_approved,
    "payout.rejected": _of_payout(
        lambda: _("Payout %(number)s rejected: its commissions are payable again.")
    ),
    "payout.paid": _of_payout(lambda: _("Payout %(number)s of %(amount)s marked as paid on %(day)s.")),
}
