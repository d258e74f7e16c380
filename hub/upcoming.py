"""The next events on the home page and on those of networks and cities, which are made anew when these change."""

import hashlib
from dataclasses import dataclass

from django.urls import reverse

from common.languages import current_language, in_all_languages
from common.localized import LocalizedText, localized, proper_name
from events.cards import LONG_TEXTS
from events.models import Event
from events.showing import when_in_words
from practices.conditional import library_etag, unless_unchanged_by

SHOWN = 3
CONDITIONS = {"": None, "network": "networks__slug", "city": "city__slug"}
"""By the parameter that narrows the list of events."""


@dataclass(frozen=True, slots=True)
class NextEvent:
    when: str
    url: str
    title: LocalizedText
    place: str
    mark: str


@dataclass(frozen=True, slots=True)
class Upcoming:
    events: list[NextEvent]
    url: str


def next_events(request, parameter="", slug="") -> list[Event]:
    """The next public events, read once for a request."""
    if not hasattr(request, "next_events"):
        condition = {CONDITIONS[parameter]: slug} if parameter else {}
        found = Event.objects.public().upcoming().exclude(status=Event.Status.CANCELLED).filter(**condition)
        rows = found.defer(*in_all_languages(*LONG_TEXTS)).select_related("city").order_by("starts_at", "pk")
        request.next_events = list(rows[:SHOWN])
    return request.next_events


def upcoming(request, parameter="", slug="") -> Upcoming:
    """Input of components/event_rows.html."""
    reader, query = current_language(), f"?{parameter}={slug}" if parameter else ""
    return Upcoming(
        [_shown(event, reader) for event in next_events(request, parameter, slug)], reverse("events:list") + query
    )


def _shown(event, reader):
    place = proper_name(event.city, reader) if event.city else str(event.get_mode_display())
    is_postponed = event.status == Event.Status.POSTPONED
    return NextEvent(
        when=when_in_words(event),
        url=event.get_absolute_url(),
        title=localized(event, "title", reader, event.source_language),
        place=place,
        mark=str(event.get_status_display()) if is_postponed else "",
    )


def with_upcoming(parameter=""):
    """Decorate a page as `unless_unchanged` does, where it also shows the next events of the record its `slug` names."""

    def etag(request, *args, **kwargs):
        tag = library_etag(request, *args, **kwargs)
        if tag is None:
            return None
        rows = next_events(request, parameter, kwargs.get("slug", ""))
        state = repr([(event.pk, event.updated_at, event.city_id) for event in rows])
        return f'"{hashlib.sha256((tag + state).encode()).hexdigest()[:32]}"'

    return unless_unchanged_by(etag)
