"""Wall-clock times of a place and the instants they stand for.

What people agree on is the clock on the wall of the meeting room; the instant is derived, and derived again when a
country changes its rules.
"""

import zoneinfo
from datetime import UTC, date, datetime, time
from functools import cache

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

known_zones = cache(zoneinfo.available_timezones)
"""Names of all zones; asking the system for them takes as long as a page."""


def check_zone(name):
    """Raise ValidationError for what is no IANA time zone of a place.

    Abbreviations such as CEST name no rules, and Etc/GMT+1 is the zone an hour *behind* UTC.
    """
    if name not in known_zones() or ("/" not in name and name != "UTC") or name.startswith("Etc/"):
        raise ValidationError(_("Write the time zone as continent and city, such as Europe/Rome."), code="invalid")


def instant(day: date, clock: time, zone: str) -> datetime:
    """The UTC instant at which the clocks of the zone show this time.

    Raises ValidationError for a time that the clocks skip, or show twice, where summer time begins or ends.
    """
    local = datetime.combine(day, clock, zoneinfo.ZoneInfo(zone))
    if local.utcoffset() != local.replace(fold=1).utcoffset():
        back = local.astimezone(UTC).astimezone(local.tzinfo)
        if back.replace(tzinfo=None) != local.replace(tzinfo=None):
            raise ValidationError(_("The clocks skip this time on that day: summer time begins."), code="skipped")
        raise ValidationError(_("The clocks show this time twice on that day: summer time ends."), code="twice")
    return local.astimezone(UTC)


def settled_instant(day: date, clock: time, zone: str) -> datetime:
    """As `instant`, for what was agreed before a country changed its rules: skipped times move on, of two the first."""
    return datetime.combine(day, clock, zoneinfo.ZoneInfo(zone)).astimezone(UTC)


def wall_clock(moment: datetime, zone: str) -> datetime:
    """What the clocks of the zone show at an instant; aware."""
    return moment.astimezone(zoneinfo.ZoneInfo(zone))
