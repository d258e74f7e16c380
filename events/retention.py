"""Until when names and addresses of participants are kept, and how they are told. `services.forgetting` acts by the same."""

from datetime import timedelta

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from common.templatetags.hub import day, number
from events.models import Event
from events.times import wall_clock


def kept_until(event):
    """The day by which names and addresses are deleted, by the calendar of the event's place; None without a date.

    That of the first nightly run after the moment, which may fall on the following day.
    """
    since = event.status_at if event.status == Event.Status.CANCELLED else event.ends_at
    if since is None:
        return None
    return wall_clock(since + timedelta(days=settings.EVENT_PARTICIPANTS_KEPT_DAYS + 1), event.time_zone).date()


def needs_are_forgotten(event, now) -> bool:
    """Whether it has been without a date for so long that what people need was deleted, or will be tonight."""
    kept = timedelta(days=settings.EVENT_NEEDS_KEPT_DAYS_WITHOUT_DATE)
    return event.status == Event.Status.POSTPONED and event.status_at <= now - kept


def kept_until_in_words(event) -> str:
    """One sentence for participants, in the current language."""
    until = kept_until(event)
    if until:
        return _("Your name and address are deleted by %(day)s.") % {"day": day(until)}
    days = settings.EVENT_PARTICIPANTS_KEPT_DAYS
    text = ngettext(
        "Your name and address are deleted %(count)s day after the event.",
        "Your name and address are deleted %(count)s days after the event.",
        days,
    )
    return text % {"count": number(days)}
