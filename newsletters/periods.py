"""Periods of digests by the reader's own calendar: a day, an ISO week, a month, each named by a key.

A digest is due from seven in the morning of the period's first day, by the clocks of the reader's zone, to the end of the
period; so one that nobody made in time is made later, and never twice.
"""

from datetime import UTC, date, datetime, time

from babel.dates import format_date, format_skeleton
from django.utils.translation import gettext as _

from common.languages import date_locale
from newsletters.clocks import known_zone
from newsletters.models import Frequency

DUE_AT = time(7)


def key_of(frequency: str, day: date) -> str:
    """The period in which a day lies: "2027-03-28", "2027-W12" or "2027-03"."""
    match Frequency(frequency):
        case Frequency.DAILY:
            return f"{day:%Y-%m-%d}"
        case Frequency.WEEKLY:
            year, week, _weekday = day.isocalendar()
            return f"{year:04d}-W{week:02d}"
        case Frequency.MONTHLY:
            return f"{day:%Y-%m}"


def first_day(period: str) -> date:
    """The day on which a period begins; a week begins on Monday (ISO 8601)."""
    if "W" in period:
        year, week = period.split("-W")
        return date.fromisocalendar(int(year), int(week), 1)
    return date.fromisoformat(period if len(period) == 10 else f"{period}-01")


def due_from(period: str, zone: str) -> datetime:
    """The instant from which the digest of a period is due; a time that the clocks skip moves on with them."""
    return datetime.combine(first_day(period), DUE_AT, known_zone(zone)).astimezone(UTC)


def due_period(frequency: str, zone: str, now: datetime) -> str | None:
    """The period that a reader in this zone lives in, once its digest is due."""
    period = key_of(frequency, now.astimezone(known_zone(zone)).date())
    return period if due_from(period, zone) <= now else None


def due_periods(frequency: str, zones, now: datetime) -> dict[str, str]:
    """{zone: period} of those zones in which a digest is due."""
    found = {zone: due_period(frequency, zone, now) for zone in zones}
    return {zone: period for zone, period in found.items() if period}


def in_words(period: str) -> str:
    """The period for the present reader: "28 March 2027", "Week of 22 March 2027", "March 2027"."""
    day = first_day(period)
    if len(period) == 7:
        return format_skeleton("yMMMM", day, locale=date_locale())
    shown = format_date(day, "long", locale=date_locale())
    return _("Week of %(day)s") % {"day": shown} if "W" in period else shown
