"""An event as schema.org describes it, for search engines: public facts only, the page as the place to join online."""

from django.utils import translation

from common.addresses import absolute
from common.localized import localized, proper_name
from events.calendar_entries import page_address
from events.models import Event
from events.times import wall_clock

SCHEMA = "https://schema.org/"

ATTENDANCE = {
    Event.Mode.IN_PERSON: "OfflineEventAttendanceMode",
    Event.Mode.ONLINE: "OnlineEventAttendanceMode",
    Event.Mode.HYBRID: "MixedEventAttendanceMode",
}


def json_ld(event, language: str) -> dict:
    """The event as a schema.org Event, with the texts and addresses for readers of a language.

    A postponed event keeps the start it had, as the vocabulary asks; one that got another date names those it had.
    `eventStatus` is a list where an event was moved both online and to another date.
    """
    with translation.override(language):
        address = page_address(event)
        starts_at, ends_at, earlier = _dates(event)
        statuses = [SCHEMA + name for name in _statuses(event, earlier)]
        data = {
            "@context": "https://schema.org",
            "@type": "Event",
            "@id": address,
            "url": address,
            "name": str(event),
            "description": localized(event, "summary", language, event.source_language).text,
            "startDate": _iso(starts_at, event.time_zone),
            "endDate": _iso(ends_at, event.time_zone),
            "previousStartDate": [_iso(moment, event.time_zone) for moment in earlier],
            "eventStatus": statuses if len(statuses) > 1 else statuses[0],
            "eventAttendanceMode": SCHEMA + ATTENDANCE[event.mode],
            "location": _locations(event, language, address),
            "inLanguage": list(event.languages),
            "keywords": [localized(term, "label", language, "en").text or term.code for term in event.themes.all()],
            "organizer": [
                {
                    "@type": "Organization",
                    "name": proper_name(network, language) or network.slug,
                    "url": absolute(network.get_absolute_url()),
                }
                for network in event.networks.all()
            ],
            "superEvent": _series(event),
        }
    return {name: value for name, value in data.items() if value}


def _dates(event):
    """(start, end, starts it had before, the last one first): the last known ones while there is no date."""
    moves = [move for move in event.date_changes.all() if move.old_starts_at]
    starts_at, ends_at = event.starts_at, event.ends_at
    if starts_at is None and moves:
        starts_at, ends_at = moves[0].old_starts_at, moves[0].old_ends_at
    earlier = dict.fromkeys(move.old_starts_at for move in moves)
    return starts_at, ends_at, [moment for moment in earlier if moment != starts_at]


def _statuses(event, earlier):
    if event.status == Event.Status.CANCELLED:
        return ["EventCancelled"]
    if event.status == Event.Status.POSTPONED:
        return ["EventPostponed"]
    moved = [
        name for name, is_so in (("EventRescheduled", earlier), ("EventMovedOnline", event.moved_online_at)) if is_so
    ]
    return moved or ["EventScheduled"]


def _iso(moment, zone):
    """With the offset of the place's clock, which readers of other zones need."""
    return wall_clock(moment, zone).isoformat(timespec="minutes") if moment else None


def _locations(event, language, address):
    """Where it takes place: a list, for a hybrid event of both."""
    found = []
    if event.is_in_person and (event.city or event.venue or event.address):
        found.append(_place(event, language))
    if event.is_online:
        found.append({"@type": "VirtualLocation", "url": address})
    return found


def _place(event, language):
    city = event.city
    parts = {
        "streetAddress": event.address,
        "addressLocality": proper_name(city, language) if city else "",
        "addressCountry": city.country.code if city else "",
    }
    name = event.venue or parts["addressLocality"] or event.address
    written = {"@type": "PostalAddress"} | {name: value for name, value in parts.items() if value}
    place = {"@type": "Place", "name": name, "address": written}
    if city and city.latitude is not None:
        place["geo"] = {"@type": "GeoCoordinates", "latitude": city.latitude, "longitude": city.longitude}
    return place


def _series(event):
    if event.series is None:
        return None
    return {"@type": "EventSeries", "name": str(event.series)}
