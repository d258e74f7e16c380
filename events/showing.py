"""How times of events are put into words, in the current language."""

from types import SimpleNamespace

from babel.dates import format_date, format_time, get_timezone_name
from django.utils.translation import gettext as _

from common.languages import current_language, date_locale
from common.localized import proper_name
from events.models import Event, EventPractice
from events.times import known_zones, settled_instant, wall_clock


def when_in_words(event, registration=None) -> str:
    """Day and clock of the event's place, with the name of the zone; "" is never returned.

    The reader's own clock is added where a registration names another zone.
    """
    if event.starts_at is None:
        return _("No date yet")
    locale = date_locale()
    start, end = (wall_clock(moment, event.time_zone) for moment in (event.starts_at, event.ends_at))
    zone = get_timezone_name(start, locale=locale, width="long")
    if start.date() == end.date():
        text = _("%(day)s, %(start)s to %(end)s (%(zone)s)") % {
            "day": format_date(start, "full", locale),
            "start": format_time(start, "short", locale=locale),
            "end": format_time(end, "short", locale=locale),
            "zone": zone,
        }
    else:
        text = _("%(first)s, %(start)s, to %(last)s, %(end)s (%(zone)s)") % {
            "first": format_date(start, "full", locale),
            "start": format_time(start, "short", locale=locale),
            "last": format_date(end, "full", locale),
            "end": format_time(end, "short", locale=locale),
            "zone": zone,
        }
    own = registration.time_zone if registration else ""
    is_known = own in known_zones()
    if is_known and wall_clock(event.starts_at, own).utcoffset() != start.utcoffset():
        text += " " + _("For you: %(moment)s.") % {"moment": moment_in_words(event.starts_at, own)}
    return text


def moment_in_words(moment, zone) -> str:
    """Day, clock and name of the zone."""
    locale = date_locale()
    local = wall_clock(moment, zone)
    return _("%(day)s, %(time)s (%(zone)s)") % {
        "day": format_date(local, "long", locale),
        "time": format_time(local, "short", locale=locale),
        "zone": get_timezone_name(local, "long", locale=locale),
    }


def where_in_words(event, registration=None) -> str:
    """Building, street and city, or that it is online; for a participant only the way he takes part."""
    is_online = event.is_online and (not event.is_in_person or (registration and registration.mode == "online"))
    if is_online:
        return _("Online")
    city = proper_name(event.city, current_language()) if event.city else ""
    return ", ".join(part for part in (event.venue, event.address, city) if part)


def option_in_words(option, event, registration=None) -> str:
    """As `when_in_words`, for a date that is asked about in a poll."""
    zone = event.time_zone
    starts_at = settled_instant(option.start_date, option.start_time, zone)
    ends_at = settled_instant(option.end_date, option.end_time, zone)
    return when_in_words(SimpleNamespace(starts_at=starts_at, ends_at=ends_at, time_zone=zone), registration)


def events_of_practice(practice, user=None):
    """Events at which a practice was shown, as far as a reader may see them, the latest first."""
    shown = EventPractice.objects.filter(practice=practice, role=EventPractice.Role.SHOWN)
    return Event.objects.visible_to(user).filter(pk__in=shown.values("event"), status__in=Event.TAKES_PLACE)
