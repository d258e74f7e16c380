"""A month as a table of weeks, each event on every day it lasts, by the clock of its place."""

from calendar import Calendar
from dataclasses import dataclass, field
from datetime import date, timedelta

from babel import Locale
from babel.dates import format_date, format_skeleton, format_time, get_day_names
from django.db.models import Max, Min
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language, to_locale

from common.languages import current_language
from common.localized import LocalizedText, localized
from events.models import Event

FIRST_YEAR, LAST_YEAR = 2000, 2099


@dataclass(frozen=True, slots=True)
class Entry:
    """An event on a day: the time is told on the first one."""

    event: Event
    url: str
    title: LocalizedText
    begins_here: bool
    time: str

    @property
    def is_cancelled(self):
        return self.event.status == Event.Status.CANCELLED


@dataclass(frozen=True, slots=True)
class Day:
    date: date
    in_month: bool
    is_today: bool
    entries: list[Entry] = field(default_factory=list)

    @property
    def number(self):
        return format_date(self.date, "d", locale=_locale())

    @property
    def name(self):
        return format_date(self.date, "full", locale=_locale())


@dataclass(frozen=True, slots=True)
class Weekday:
    name: str
    short: str


@dataclass(frozen=True)
class Month:
    title: str
    weekdays: list[Weekday]
    weeks: list[list[Day]]

    @property
    def days(self):
        """Days of the month itself on which something takes place."""
        return [day for week in self.weeks for day in week if day.in_month and day.entries]


def month_of(year, month, events) -> Month:
    """The month with those of the events that have a date in it; the week begins as in the reader's country."""
    locale = Locale.parse(_locale())
    weeks = Calendar(locale.first_week_day).monthdatescalendar(year, month)
    today = timezone.localdate()
    by_day = _by_day(events, weeks[0][0], weeks[-1][-1])
    names, short = get_day_names("wide", "stand-alone", locale), get_day_names("abbreviated", "stand-alone", locale)
    return Month(
        title=format_skeleton("yMMMM", date(year, month, 1), locale=locale),
        weekdays=[Weekday(names[day.weekday()], short[day.weekday()]) for day in weeks[0]],
        weeks=[[Day(day, day.month == month, day == today, by_day.get(day, [])) for day in week] for week in weeks],
    )


def in_days(events, first, last):
    """Those of the events that take place on a day from the first to the last, in their order."""
    return events.filter(start_date__lte=last, end_date__gte=first, starts_at__isnull=False).order_by(
        "starts_at", "pk"
    )


def grid_of(year, month):
    """(first, last) day that the table shows."""
    weeks = Calendar(Locale.parse(_locale()).first_week_day).monthdatescalendar(year, month)
    return weeks[0][0], weeks[-1][-1]


def _by_day(events, first, last):
    reader, found = current_language(), {}
    for event in events:
        title, url = localized(event, "title", reader, event.source_language), event.get_absolute_url()
        time = format_time(event.start_time, "short", locale=_locale())
        day = max(event.start_date, first)
        while day <= min(event.end_date, last):
            entry = Entry(event, url, title, day == event.start_date, time)
            found.setdefault(day, []).append(entry)
            day += timedelta(days=1)
    return found


def month_address(year, month):
    return reverse("events:month", args=[f"{year:04}", f"{month:02}"])


def neighbours(year, month, events) -> dict:
    """Addresses and names of the months before and after, "" beyond the months that hold an event or today."""
    today = timezone.localdate()
    ends = events.aggregate(first=Min("start_date"), last=Max("end_date"))
    first, last = min(ends["first"] or today, today), max(ends["last"] or today, today)
    before, after = _moved(year, month, -1), _moved(year, month, 1)
    return {
        "previous": _link(*before) if before >= (first.year, first.month) and before[0] >= FIRST_YEAR else None,
        "next": _link(*after) if after <= (last.year, last.month) and after[0] <= LAST_YEAR else None,
    }


def _link(year, month):
    name = format_skeleton("yMMMM", date(year, month, 1), locale=_locale())
    return {"url": month_address(year, month), "name": name}


def _moved(year, month, by):
    number = year * 12 + month - 1 + by
    return number // 12, number % 12 + 1


def _locale():
    """English as it is written in Europe, where weeks begin on Monday."""
    language = to_locale(get_language() or "en")
    return {"en": "en_GB"}.get(language, language)
