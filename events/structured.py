"""An event for search engines (schema.org Event), without anything secret."""

from django.conf import settings

from common.localized import localized, proper_name
from events.models import Event
from events.times import wall_clock

MODES = {
    Event.Mode.IN_PERSON: "OfflineEventAttendanceMode",
    Event.Mode.ONLINE: "OnlineEventAttendanceMode",
    Event.Mode.HYBRID: "MixedEventAttendanceMode",
}


def json_ld(event, language) -> dict:
    """The event as JSON-LD in a language; times carry the offset of the clock of its place."""
    address = settings.SITE_URL.rstrip("/") + event.get_absolute_url()
    data = {
        "@context": "https://schema.org",
        "@type": "Event",
        "@id": address,
        "url": address,
        "name": localized(event, "title", language, event.source_language).text,
        "description": localized(event, "summary", language, event.source_language).text or None,
        "inLanguage": event.languages or None,
        "eventStatus": f"https://schema.org/{_state(event)}",
        "eventAttendanceMode": f"https://schema.org/{MODES[event.mode]}",
        "isAccessibleForFree": True,
        "location": _locations(event, address, language) or None,
    }
    if event.starts_at:
        data["startDate"] = wall_clock(event.starts_at, event.time_zone).isoformat()
        data["endDate"] = wall_clock(event.ends_at, event.time_zone).isoformat()
    return {name: value for name, value in data.items() if value is not None}


def _state(event):
    if event.status == Event.Status.CANCELLED:
        return "EventCancelled"
    if event.status == Event.Status.POSTPONED:
        return "EventPostponed"
    return "EventMovedOnline" if event.moved_online_at else "EventScheduled"


def _locations(event, address, language):
    """The building and, online, the event's own page: the link to join is for participants."""
    places = []
    if event.is_in_person and (event.venue or event.city):
        postal = {
            "@type": "PostalAddress",
            "streetAddress": event.address or None,
            "addressLocality": proper_name(event.city, language) if event.city else None,
            "addressCountry": event.city.country.code if event.city else None,
        }
        places.append(
            {
                "@type": "Place",
                "name": event.venue or proper_name(event.city, language),
                "address": {name: value for name, value in postal.items() if value},
            }
        )
    if event.is_online:
        places.append({"@type": "VirtualLocation", "url": address})
    return places[0] if len(places) == 1 else places
