"""The clocks by which subscribers live, also where a country renamed its zone since they chose it."""

from functools import lru_cache
from zoneinfo import ZoneInfo

from django.conf import settings

from events.times import known_zones


@lru_cache(maxsize=1000)
def known_zone(name: str) -> ZoneInfo:
    """The zone of this name; the site's own where there is none."""
    return ZoneInfo(name if name in known_zones() else settings.TIME_ZONE)
