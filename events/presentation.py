"""An event made ready to be read: texts in the reader's language or labelled fallback, agenda by day, papers, outcome.

Nothing here is for participants alone: no link to join, no paper of theirs, nobody who registered.
"""

from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby

from babel.dates import format_time
from django.db.models import F, Prefetch
from django.utils import timezone
from django.utils.translation import get_language, ngettext, to_locale
from django.utils.translation import gettext as _

from common.languages import site_languages
from common.localized import LocalizedText, localized, proper_name
from common.templatetags.hub import number
from events.cards import Mark, cards_of, marks_of, previous_starts
from events.models import BreakoutGroup, Event, Session, Speaker
from events.services.entering import CLOSED
from events.showing import moment_in_words, when_in_words
from events.standings import FULL, Seats, registration_state, seats_of
from practices.models import Practice

TOLD_AFTERWARDS = (Event.Status.REPORTED, Event.Status.ARCHIVED)
"""States in which what was decided is told to everybody."""


@dataclass(frozen=True, slots=True)
class SpeakerShown:
    name: str
    role: LocalizedText
    place: str


@dataclass(frozen=True, slots=True)
class GroupShown:
    group: BreakoutGroup
    title: LocalizedText
    room: LocalizedText | None
    moderator: SpeakerShown | None


@dataclass(frozen=True, slots=True)
class SessionShown:
    session: Session
    title: LocalizedText
    description: LocalizedText
    start: str
    end: str
    room: LocalizedText | None
    access: LocalizedText | None
    moderator: SpeakerShown | None
    rapporteur: SpeakerShown | None
    speakers: list[SpeakerShown]
    groups: list[GroupShown]


@dataclass(frozen=True, slots=True)
class AgendaDay:
    date: date
    sessions: list[SessionShown]


@dataclass(frozen=True, slots=True)
class PracticeShown:
    """`practice` is None where readers may not open it, or there is none yet; the title is the one that was given."""

    practice: Practice | None
    title: LocalizedText
    city: str
    presenter: str
    code: str
    role: str
    session: LocalizedText | None


@dataclass(frozen=True, slots=True)
class Paper:
    """A document or recording, its title in the reader's language if there is one."""

    url: str
    title: LocalizedText
    language: str
    size: int | None = None


@dataclass(frozen=True)
class Reading:
    event: Event
    title: LocalizedText
    summary: LocalizedText
    description: LocalizedText
    practical: LocalizedText
    note: LocalizedText
    when: str
    marks: list[Mark]
    previous_start: datetime | None
    registration: str
    closed: str
    seats: list[Seats]
    networks: list
    themes: list
    city: str
    agenda: list[AgendaDay]
    documents: list[Paper]
    recordings: list[Paper]
    practices: list[PracticeShown]
    decisions: list
    outcomes: list

    @property
    def has_seats(self):
        """Whether somebody may still get or await one: those kept for a type of organisation count."""
        return self.registration != FULL or any(pool.reserved for pool in self.seats)

    @property
    def is_over(self):
        return self.event.ends_at is not None and self.event.ends_at <= timezone.now()

    @property
    def fallback_language(self):
        return self.title.language if self.title.is_fallback else ""

    @property
    def languages(self):
        """Those in which there is a title; the one it was written in first."""
        event = self.event
        codes = dict.fromkeys((event.source_language, *site_languages()))
        return tuple(code for code in codes if event.text("title", code))


def with_programme(events):
    """The events with what `read_event` tells: related rows at once, lists by a statement each."""
    speakers = Speaker.objects.select_related("organisation", "city")
    groups = BreakoutGroup.objects.select_related("room")
    sessions = Session.objects.select_related("room").prefetch_related(
        Prefetch("moderator", speakers),
        Prefetch("rapporteur", speakers),
        Prefetch("speakers", speakers),
        Prefetch("groups", groups.prefetch_related(Prefetch("moderator", speakers))),
    )
    return events.select_related("city", "series", "format").prefetch_related(
        "networks", "themes", Prefetch("sessions", sessions)
    )


def read_event(event: Event, reader: str, now=None) -> Reading:
    """All that a page or record tells of an event from `with_programme`."""
    now = now or timezone.now()
    source = event.source_language
    seats = seats_of([event], now)[event.pk]
    registration = registration_state(event, seats, now)
    moved = previous_starts(event, event.starts_at).first()
    previous_start = moved.old_starts_at if moved else None
    is_told = event.status in TOLD_AFTERWARDS
    return Reading(
        event=event,
        **{name: localized(event, name, reader, source) for name in ("title", "summary", "description", "practical")},
        note=localized(event, "status_note", reader, source),
        when=when_in_words(event),
        marks=marks_of(event, registration, seats, previous_start, now),
        previous_start=previous_start,
        registration=registration,
        closed=str(CLOSED.get(registration, "")),
        seats=seats,
        networks=list(event.networks.all()),
        themes=list(event.themes.all()),
        city=proper_name(event.city, reader) if event.city else "",
        agenda=_agenda(event, reader),
        documents=[
            Paper(paper.file.url, localized(paper, "title", reader, paper.language), paper.language, _size(paper.file))
            for paper in event.documents.filter(is_for_participants=False)
        ],
        recordings=[
            Paper(one.url, _recording_title(one, reader), one.language)
            for one in event.recordings.select_related("session").order_by(
                F("session__starts_at").asc(nulls_first=True)
            )
        ],
        practices=_practices(event, reader),
        decisions=list(event.decisions.all()) if is_told else [],
        outcomes=list(event.outcomes.all()) if is_told else [],
    )


def _size(file):
    """In bytes, None where the file is not at hand."""
    try:
        return file.size
    except OSError:
        return None


def _recording_title(recording, reader):
    own = localized(recording, "title", reader, recording.language)
    if own or recording.session is None:
        return own
    return localized(recording.session, "title", reader, recording.language)


def _agenda(event, reader):
    locale = to_locale(get_language() or "en")
    shown = [_session(session, event.source_language, reader, locale) for session in event.sessions.all()]
    return [AgendaDay(day, list(sessions)) for day, sessions in groupby(shown, key=lambda one: one.session.day)]


def _session(session, source, reader, locale):
    room = session.room
    return SessionShown(
        session=session,
        title=localized(session, "title", reader, source),
        description=localized(session, "description", reader, source),
        start=format_time(session.start_time, "short", locale=locale),
        end=format_time(session.end_time, "short", locale=locale),
        room=localized(room, "name", reader, source) if room else None,
        access=localized(room, "accessibility", reader, source) if room else None,
        moderator=_speaker(session.moderator, source, reader),
        rapporteur=_speaker(session.rapporteur, source, reader),
        speakers=[_speaker(speaker, source, reader) for speaker in session.speakers.all()],
        groups=[
            GroupShown(
                group,
                localized(group, "title", reader, source),
                localized(group.room, "name", reader, source) if group.room else None,
                _speaker(group.moderator, source, reader),
            )
            for group in session.groups.all()
        ],
    )


def _speaker(speaker, source, reader):
    if speaker is None:
        return None
    at = [proper_name(one, reader) for one in (speaker.organisation, speaker.city) if one]
    return SpeakerShown(speaker.name, localized(speaker, "role", reader, source), ", ".join(filter(None, at)))


def _practices(event, reader):
    """Public practices lead to their page; of others only a title that the hosts gave is told."""
    rows = list(event.event_practices.select_related("city", "session"))
    public = Practice.objects.public().select_related("city").in_bulk({row.practice_id for row in rows} - {None})
    found = []
    for row in rows:
        practice = public.get(row.practice_id)
        if practice is None and not row.title:
            continue
        title = LocalizedText(row.title, "", False)
        city = row.city
        if practice is not None:
            title = localized(practice, "title", reader, practice.source_language)
            is_hidden = practice.location_precision == Practice.Precision.HIDDEN
            city = None if is_hidden else practice.city
        session = localized(row.session, "title", reader, event.source_language) if row.session else None
        name = proper_name(city, reader) if city else ""
        found.append(PracticeShown(practice, title, name, row.presenter, row.role, row.get_role_display(), session))
    return found


def seats_in_words(reading) -> list[str]:
    """How many places there are, per mode, while registration is open."""
    if reading.closed:
        return []
    return [_seats_in_words(pool, len(reading.seats) > 1) for pool in reading.seats if pool.capacity is not None]


def _seats_in_words(pool, is_one_of_several):
    values = {"free": number(pool.free), "places": number(pool.capacity)}
    text = ngettext("%(free)s of %(places)s place is free.", "%(free)s of %(places)s places are free.", pool.capacity)
    if not pool.free:
        text = ngettext("The only place is taken.", "All %(places)s places are taken.", pool.capacity or 2)
    text = text % values
    if not pool.free and pool.has_waiting_list:
        text += " " + _("There is a waiting list.")
    if not is_one_of_several:
        return text
    kind = _("In person") if pool.kind == "in-person" else _("Online")
    return _("%(kind)s: %(text)s") % {"kind": kind, "text": text}


def registration_dates(event, now=None) -> list[str]:
    """From when and until when one can register, where that is told."""
    now = now or timezone.now()
    found = []
    if event.registration_opens_at and event.registration_opens_at > now:
        opens = moment_in_words(event.registration_opens_at, event.time_zone)
        found.append(_("Registration opens on %(moment)s.") % {"moment": opens})
    if event.registration_closes_at and event.registration_closes_at > now:
        closes = moment_in_words(event.registration_closes_at, event.time_zone)
        found.append(_("Registration closes on %(moment)s.") % {"moment": closes})
    return found


def series_cards(series, scope, catalogue, *, but_for=None):
    """The events of a series that a reader may see, the first first, those without a date last."""
    ids = scope.filter(series=series).order_by(F("starts_at").asc(nulls_last=True), "pk")
    return cards_of([pk for pk in ids.values_list("pk", flat=True) if pk != but_for], catalogue)
