"""What a partner is told of a lead or a sale, in words: subject and text of an e-mail."""

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _

from duebook.domain.commission_rules import PartnerRole
from duebook.reports.partner_notice import LeadNotice, SaleNotice
from duebook.reports.receipt_words import money_words
from duebook.staff.models import Business


def lead_subject(business: Business) -> str:
    """A contact you referred · My business"""
    return _("A contact you referred · %(business)s") % {"business": business.name}


def lead_text(notice: LeadNotice, business: Business) -> str:
    """The text that says that a contact was noted as referred."""
    values = {"business": business.name, "customer": notice.customer}
    sentence = (
        _("%(business)s has noted that you referred a contact: %(customer)s.")
        if notice.customer
        else _("%(business)s has noted that you referred a contact.")
    )
    return _letter(notice.name, [sentence % values], business)


def sale_subject(notice: SaleNotice, business: Business) -> str:
    """Order #1042 · My business"""
    return _("Order %(order)s · %(business)s") % {"order": notice.order, "business": business.name}


def sale_text(notice: SaleNotice, business: Business) -> str:
    """The text that says what an order can bring."""
    values = {
        "business": business.name,
        "order": notice.order,
        "role": _role(notice),
        "customer": notice.customer,
        "amount": money_words(notice.total, business),
    }
    sentences = [
        _("%(business)s has an order that names you as %(role)s: %(order)s.") % values,
        _("The customer is %(customer)s.") % values if notice.customer else "",
        _("You can earn %(amount)s on it.") % values if notice.total.minor else _("You earn nothing on it."),
    ]
    return _letter(notice.name, sentences, business)


def _role(notice: SaleNotice) -> str:
    if len(notice.roles) > 1:
        return _("lead and sale partner")
    return _("lead partner") if PartnerRole.LEAD in notice.roles else _("sale partner")


def _more() -> str:
    """Where there is more, with its address where the server knows under which name it is reached."""
    if not settings.PUBLIC_URL:
        return _("Your partner pages show more.")
    address = f"{settings.PUBLIC_URL}{reverse('portal:overview')}"
    return _("Your partner pages show more: %(address)s") % {"address": address}


def _letter(name: str, sentences: list[str], business: Business) -> str:
    paragraphs = [
        _("Hello %(name)s,") % {"name": name},
        " ".join(sentence for sentence in sentences if sentence),
        _more(),
        business.name,
    ]
    return "\n\n".join(paragraphs) + "\n"
