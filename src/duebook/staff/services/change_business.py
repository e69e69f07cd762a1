"""Change the settings of the business."""

from dataclasses import asdict, dataclass
from urllib.parse import urlsplit
from zoneinfo import available_timezones

from babel import Locale
from babel.core import UnknownLocaleError, get_global
from django.db import transaction

from duebook.domain.errors import (
    LinkWithoutCode,
    NameRequired,
    UnknownCurrency,
    UnknownLocale,
    UnknownTimeZone,
)
from duebook.domain.permissions import Actor, Right
from duebook.events.requests import earlier_event, input_hash
from duebook.events.services.record_event import record_event
from duebook.staff.models import Business

CODE_PLACE = "{code}"
"""Where in the link for partners a partner's code goes."""


@dataclass(frozen=True, slots=True)
class BusinessDetails:
    """The settings as they are typed. A new currency counts for new orders; old ones keep theirs."""

    name: str
    address: str
    email: str
    currency: str
    time_zone: str
    locale: str
    terms_days: int
    email_receipts: bool
    partners_see_names: bool = False
    partner_link: str = ""

    def check(self) -> None:
        """Raise NameRequired, UnknownCurrency, UnknownTimeZone, UnknownLocale or LinkWithoutCode."""
        if not self.name.strip():
            raise NameRequired
        if self.currency not in get_global("all_currencies"):
            raise UnknownCurrency(currency=self.currency)
        if self.time_zone not in available_timezones():
            raise UnknownTimeZone(time_zone=self.time_zone)
        if self.partner_link and not _takes_a_code(self.partner_link):
            raise LinkWithoutCode
        try:
            Locale.parse(self.locale)
        except (UnknownLocaleError, ValueError) as error:
            raise UnknownLocale(locale=self.locale) from error


def _takes_a_code(link: str) -> bool:
    parts = urlsplit(link.strip())
    return parts.scheme in ("https", "http") and bool(parts.hostname) and CODE_PLACE in link


@transaction.atomic
def change_business(*, details: BusinessDetails, request_key: str, actor: Actor) -> None:
    """Replace the settings.

    Locks the business's row. Records ``business.changed`` with what changed.
    Raises Forbidden, KeyReused and what ``BusinessDetails.check`` raises.
    """
    business = Business.objects.select_for_update(no_key=True).defer("logo").get(pk=1)
    hashed = input_hash(details)
    if earlier_event(actor=actor, request_key=request_key, hashed=hashed):
        return
    actor.require(Right.CHANGE_SETTINGS)
    details.check()
    new = {
        name: value.strip() if isinstance(value, str) else value for name, value in asdict(details).items()
    }
    before = {name: getattr(business, name) for name in new if getattr(business, name) != new[name]}
    for name in before:
        setattr(business, name, new[name])
    if before:
        business.save(update_fields=list(before))
    record_event(
        name="business.changed",
        actor=actor,
        request_key=request_key,
        hashed=hashed,
        payload={"before": before, "after": {name: new[name] for name in before}},
    )
