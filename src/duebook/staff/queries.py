"""Who acts, and what the business's day is."""

from datetime import date
from zoneinfo import ZoneInfo

from django.utils import timezone

from duebook.domain.permissions import RIGHTS_OF, Actor, Right, Role, Source
from duebook.staff.models import Business, RoleLimit, User


def business() -> Business:
    """The business's settings, without the logo's bytes."""
    return Business.objects.defer("logo").get(pk=1)


def business_day(settings: Business) -> date:
    """Today in the business's time zone."""
    return today_in(settings.time_zone)


def today() -> date:
    """Today in the business's time zone, for callers without its settings at hand."""
    return today_in(Business.objects.values_list("time_zone", flat=True).get(pk=1))


def today_in(time_zone: str) -> date:
    """Today in the time zone."""
    return timezone.now().astimezone(ZoneInfo(time_zone)).date()


def installation_id() -> str:
    """What tells these books from all others, also after they were copied or restored."""
    return str(Business.objects.values_list("installation_id", flat=True).get(pk=1))


def is_there_nobody() -> bool:
    """Whether nobody can sign in yet, as right after the installation."""
    return not User.objects.exists()


def others_who_may(right: Right, *, but: int) -> int:
    """How many active users hold the right, besides this one."""
    roles = [role.value for role in Role if right in RIGHTS_OF[role]]
    return User.objects.filter(role__in=roles, is_active=True).exclude(pk=but).count()


def actor_for(user: User, *, source: Source) -> Actor:
    """The actor that a signed-in user is, with the limits of the role."""
    rows = [((Right(row.right), row.currency), row) for row in RoleLimit.objects.filter(role=user.role)]
    return Actor(
        user_id=user.pk,
        rights=RIGHTS_OF[Role(user.role)],
        source=source,
        limits={pair: row.amount_minor for pair, row in rows if row.amount_minor is not None},
        day_limits={pair: row.per_day_minor for pair, row in rows if row.per_day_minor is not None},
    )
