"""What a list shows of an event: read for one page at a time, in a fixed number of statements."""

from dataclasses import dataclass
from datetime import datetime

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef, Subquery
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from common.languages import current_language, in_all_languages
from common.localized import LocalizedText, localized, proper_name
from common.templatetags.hub import day, number
from events.models import Event, EventDateChange
from events.showing import when_in_words
from events.standings import FEW_LEFT, FULL, OPEN, WAITING_LIST, Seats, registration_state, seats_of
from events.times import wall_clock
from practices.search.catalogue import Catalogue
from practices.search.catalogue import Value as Choice

Status = Event.Status
CHANGES = ("draft", "cancelled", "postponed", "moved-online", "moved")
LONG_TEXTS = ("description", "practical", "status_note")


@dataclass(frozen=True, slots=True)
class Mark:
    """Something a visitor must know before going there. `tone` is "warning" or "plain"."""

    code: str
    text: str
    tone: str = "warning"

    @property
    def is_change(self):
        """Of the event itself, not of its seats."""
        return self.code in CHANGES


@dataclass(frozen=True, slots=True)
class EventCard:
    event: Event
    url: str
    title: LocalizedText
    summary: LocalizedText
    when: str
    city: str
    country: Choice | None
    networks: list[Choice]
    themes: list[Choice]
    registration: str
    seats: list[Seats]
    previous_start: datetime | None
    marks: list[Mark]

    @property
    def languages(self):
        """Working languages, then those interpreted into."""
        return tuple(dict.fromkeys([*self.event.languages, *self.event.interpretation]))

    @property
    def shown(self):
        """All that its template shows, for whoever keeps what was made of it."""
        parts = (self.url, self.title, self.summary, self.when, self.city, self.country, self.networks, self.themes)
        return (*parts, self.marks, self.languages, self.event.mode)

    @property
    def only_language(self):
        """The language it is written in, where that is not the reader's; else ""."""
        return self.title.language if self.title.is_fallback else ""


def card_rows(events):
    """The events with what their cards show: city, ids of networks and themes in order, and when they were to begin."""
    networks = Event.networks.through.objects.filter(event=OuterRef("pk")).order_by("network__name_en", "network")
    themes = Event.themes.through.objects.filter(event=OuterRef("pk")).order_by("term__order", "term")
    return (
        events.defer(*in_all_languages(*LONG_TEXTS))
        .select_related("city", "series")
        .annotate(
            network_slugs=ArraySubquery(networks.values("network__slug")),
            theme_codes=ArraySubquery(themes.values("term__code")),
            previous_start=Subquery(
                previous_starts(OuterRef("pk"), OuterRef("starts_at")).values("old_starts_at")[:1]
            ),
        )
    )


def previous_starts(event, starts_at):
    """When an event was to begin before it got its present date, the last first."""
    return (
        EventDateChange.objects.filter(event=event, old_starts_at__isnull=False)
        .exclude(old_starts_at=starts_at)
        .order_by("-at", "-pk")
    )


def cards_of(ids, catalogue: Catalogue, now=None) -> list[EventCard]:
    """Cards of the events with these ids, in their order; three statements."""
    now = now or timezone.now()
    rows = {event.pk: event for event in card_rows(Event.objects.filter(pk__in=ids))}
    events = [rows[pk] for pk in ids if pk in rows]
    seats = seats_of(events, now) if events else {}
    return [_card(event, seats[event.pk], catalogue, now) for event in events]


def _card(event, seats, catalogue, now):
    reader = current_language()
    registration = registration_state(event, seats, now)
    return EventCard(
        event=event,
        url=event.get_absolute_url(),
        title=localized(event, "title", reader, event.source_language),
        summary=localized(event, "summary", reader, event.source_language),
        when=when_in_words(event),
        city=proper_name(event.city, reader) if event.city else "",
        country=catalogue.value("country", event.city.country.code) if event.city else None,
        networks=[value for slug in event.network_slugs if (value := catalogue.value("network", slug))],
        themes=[value for code in event.theme_codes if (value := catalogue.value("theme", code))],
        registration=registration,
        seats=seats,
        previous_start=event.previous_start,
        marks=marks_of(event, registration, seats, event.previous_start, now),
    )


def marks_of(event, registration, seats, previous_start, now) -> list[Mark]:
    """How an event stands, in words: changes of its state and date first, then its seats."""
    marks = list(_marks_of_state(event, previous_start, now))
    if registration == OPEN and event.entry == Event.Entry.NOMINATED:
        marks.append(Mark("nominated", _("For people who were nominated"), "plain"))
    elif registration == OPEN:
        marks.append(Mark("open", _("Registration open"), "plain"))
    elif registration == FEW_LEFT:
        left = max(pool.free for pool in seats if pool.state == FEW_LEFT)
        text = ngettext("%(places)s place left", "%(places)s places left", left) % {"places": number(left)}
        marks.append(Mark("few", text))
    elif registration == WAITING_LIST:
        marks.append(Mark("waiting-list", _("Full, with a waiting list")))
    elif registration == FULL:
        marks.append(Mark("full", _("Full")))
    if registration in (OPEN, FEW_LEFT) and len(seats) > 1:
        marks += [
            Mark(f"full-{pool.kind}", _("No place left on site") if pool.kind == "in-person" else _("Full online"))
            for pool in seats
            if pool.state in (WAITING_LIST, FULL)
        ]
    return marks


def _marks_of_state(event, previous_start, now):
    if event.status == Status.DRAFT:
        yield Mark("draft", _("Draft: not announced yet"))
    if event.status == Status.CANCELLED:
        yield Mark("cancelled", pgettext("event", "Cancelled"))
        return
    if event.status == Status.POSTPONED:
        yield Mark("postponed", _("Postponed: no new date yet"))
    is_over = event.ends_at is not None and event.ends_at <= now
    if event.moved_online_at and not is_over:
        yield Mark("moved-online", _("Moved online"))
    if event.status == Status.PUBLISHED and previous_start and not is_over:
        yield Mark("moved", _("Moved from %(day)s") % {"day": day(wall_clock(previous_start, event.time_zone).date())})
