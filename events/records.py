"""Events as data for other systems: what their pages tell, and nothing more."""

from django_countries import countries

from common.addresses import absolute
from common.api import api_address, localized_record, texts_record
from common.languages import current_language, site_languages
from common.localized import localized
from events.cards import EventCard
from events.presentation import Reading
from events.times import wall_clock
from networks.api import named_record, place_record

TEXTS = ("title", "summary", "description", "practical")


def card_record(card: EventCard) -> dict:
    """What lists tell."""
    event, reader = card.event, current_language()
    return _common(event, reader, card.title, card.summary, card.previous_start, card.registration) | {
        "networks": [{"slug": value.key, "name": value.label} for value in card.networks],
        "themes": [{"code": value.key, "label": value.label} for value in card.themes],
    }


def _common(event, reader, title, summary, previous_start, registration):
    country = event.city.country.code if event.city else ""
    written = dict.fromkeys((event.source_language, *site_languages()))
    return {
        "id": event.pk,
        "uid": str(event.uid),
        "source_language": event.source_language,
        "languages": [code for code in written if event.text("title", code)],
        "url": absolute(event.get_absolute_url()),
        "api_url": api_address("event", event.pk),
        "title": localized_record(title),
        "summary": localized_record(summary),
        "state": event.status,
        "starts_at": _moment(event.starts_at, event.time_zone),
        "ends_at": _moment(event.ends_at, event.time_zone),
        "time_zone": event.time_zone,
        "previous_starts_at": _moment(previous_start, event.time_zone),
        "is_moved_online": event.moved_online_at is not None,
        "mode": event.mode,
        "venue": event.venue if event.is_in_person else "",
        "city": place_record(event.city, reader) if event.city else None,
        "country": {"code": country, "label": str(countries.name(country))} if country else None,
        "series": _series(event.series, reader) if event.series else None,
        "working_languages": event.languages,
        "interpretation": event.interpretation,
        "registration": registration,
        "updated_at": event.updated_at,
    }


def _moment(moment, zone):
    """With the offset of the clock of the place."""
    return wall_clock(moment, zone).isoformat() if moment else None


def _series(series, reader):
    return {
        "id": series.pk,
        "url": absolute(series.get_absolute_url()),
        "title": localized_record(localized(series, "title", reader, series.source_language)),
    }


def event_record(reading: Reading) -> dict:
    """All that may be told of an event, labels in the active language."""
    event, reader = reading.event, current_language()
    common = _common(event, reader, reading.title, reading.summary, reading.previous_start, reading.registration)
    return common | {
        "networks": [named_record(network, reader) for network in reading.networks],
        "themes": [_term(term) for term in reading.themes],
        "format": _term(event.format) if event.format else None,
        "address": event.address if event.is_in_person else "",
        "texts": {name: texts_record(event, name) for name in TEXTS} | {"notice": texts_record(event, "status_note")},
        "agenda": [_session(shown) for day in reading.agenda for shown in day.sessions],
        "documents": [_paper(paper) for paper in reading.documents],
        "recordings": [_paper(recording) for recording in reading.recordings],
        "practices": [_practice(shown) for shown in reading.practices],
        "decisions": [decision.text for decision in reading.decisions],
        "outcomes": [
            {"title": texts_record(one, "title"), "description": texts_record(one, "description"), "url": one.url}
            for one in reading.outcomes
        ],
    }


def _term(term):
    return {"code": term.code, "label": str(term)}


def _session(shown):
    session, zone = shown.session, shown.session.event.time_zone
    return {
        "kind": session.kind,
        "starts_at": _moment(session.starts_at, zone),
        "ends_at": _moment(session.ends_at, zone),
        "title": texts_record(session, "title"),
        "description": texts_record(session, "description"),
        "room": localized_record(shown.room) if shown.room else None,
        "language": session.language or None,
        "moderator": _speaker(shown.moderator),
        "rapporteur": _speaker(shown.rapporteur),
        "speakers": [_speaker(speaker) for speaker in shown.speakers],
        "groups": [
            {"title": localized_record(one.title), "language": one.group.language or None} for one in shown.groups
        ],
    }


def _speaker(speaker):
    if speaker is None:
        return None
    return {"name": speaker.name, "role": localized_record(speaker.role)}


def _paper(paper):
    address = paper.url if "://" in paper.url else absolute(paper.url)
    return {"url": address, "language": paper.language, "title": localized_record(paper.title)}


def _practice(shown):
    return {
        "title": shown.title.text,
        "api_url": api_address("practice", shown.practice.pk) if shown.practice else None,
        "city": shown.city or None,
        "role": shown.code,
    }
