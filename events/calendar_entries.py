"""One event, one session, as an entry of a calendar: one UID for ever, a SEQUENCE that grows, the clock of the place.

The text of an entry is in the current language; where it is in another one, that is said. What is secret (own rooms,
links to join) enters only through `Own`, which is made for the holder of a registration.
"""

from datetime import timedelta

from babel.dates import format_datetime, format_time
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, to_locale

from common.addresses import absolute
from common.languages import name_in
from common.phrases import listed
from events import rfc5545
from events.models import Event, Room
from events.showing import moment_in_words
from events.times import wall_clock

HOST = "city-networks-hub"
"""Ends every UID. Not the site's address: when that changes, subscribed calendars would hold every event twice."""

STATUS = {Event.Status.CANCELLED: "CANCELLED", Event.Status.POSTPONED: "CANCELLED", Event.Status.DRAFT: "TENTATIVE"}
"""By the state of the event; all others are CONFIRMED.

An entry must have a time, and a postponed event has none: it is cancelled at the time it had, so that nobody comes
then. With the new date a higher SEQUENCE under the same UID brings it back.
"""

HEADINGS = {
    Event.Status.CANCELLED: gettext_lazy("Cancelled: %(title)s"),
    Event.Status.POSTPONED: gettext_lazy("Postponed: %(title)s"),
}
"""Said in the title too: some programs show cancelled entries like others."""


def entry(event, around, own=None, *, is_cancelled=False, has_agenda=False, people=(), stamp=None) -> str:
    """The VEVENT of an event; "" for one that never had a time, unless it is cancelled for somebody.

    Without a `stamp` DTSTAMP is the last change: a calendar in which nothing changed is the same bytes. Where its
    agenda stands beside it (`has_agenda`) the event blocks no time, and several days are a bar over whole days.
    """
    starts_at, ends_at = around.time(event)
    if starts_at is None and not is_cancelled:
        return ""
    status = "CANCELLED" if is_cancelled else STATUS.get(event.status, "CONFIRMED")
    if own and status == "CONFIRMED" and not own.has_place:
        status = "TENTATIVE"
    is_shared = own is not None and own.has_place and status != "CANCELLED"
    address = around.page(event)
    title = around.text(event, "title", event)
    heading = HEADINGS.get(event.status, "%(title)s")
    lines = [
        "BEGIN:VEVENT\r\n",
        *_identity(event.uid, event, own, stamp),
        *_standing(status, is_free=has_agenda),
        *(_times(starts_at, ends_at, event.time_zone, in_days=has_agenda) if starts_at else ()),
        rfc5545.text("SUMMARY", heading % {"title": title.text or f"#{event.pk}"}, **_language_of(title)),
        rfc5545.text("DESCRIPTION", _description(event, around, own, is_shared, address)),
        rfc5545.uri("URL", address),
        *_place(event, around),
        *_categories(event, around),
        *(_conferences(event, own, around) if is_shared else ()),
        *people,
        "END:VEVENT\r\n",
    ]
    return "".join(lines)


def session_entry(session, event, around, own=None, own_room=None) -> str:
    """The VEVENT of a session, under a UID of its own; with the holder's `own_room` the subject, room and link."""
    status = STATUS.get(event.status, "CONFIRMED")
    is_shared = own is not None and own.has_place and own_room is not None and status != "CANCELLED"
    title = around.text(session, "title", event)
    names, room = [title.text], session.room if own is None else None
    if is_shared:
        names.append(around.text(own_room.group, "title", event).text)
        room = own_room.room
    text = around.text(session, "description", event)
    where = [_room_name(room, event, around)]
    if room is None or room.kind == Room.Kind.PHYSICAL:
        where += _place_names(event, around)
    lines = [
        "BEGIN:VEVENT\r\n",
        *_identity(session.uid, event, own, None),
        *_standing(status, is_free=own is not None),
        *_times(session.starts_at, session.ends_at, event.time_zone),
        rfc5545.text("SUMMARY", " – ".join(filter(None, names)) or str(event), **_language_of(title)),
        rfc5545.text("DESCRIPTION", "\n\n".join(filter(None, [_labelled(text, around.reader), str(event)]))),
        rfc5545.uri("URL", around.page(event)),
        rfc5545.text("LOCATION", listed(filter(None, where))) if any(where) else "",
        f"RELATED-TO:{event.uid}@{HOST}\r\n",
        *(_conference(room, event, around) if is_shared else ()),
        "END:VEVENT\r\n",
    ]
    return "".join(lines)


def page_address(event) -> str:
    """The event's public page, in the current language."""
    return absolute(event.get_absolute_url())


def _identity(uid, event, own, stamp):
    return (
        f"UID:{uid}@{HOST}\r\n",
        f"SEQUENCE:{event.sequence + (own.steps if own else 0)}\r\n",
        rfc5545.utc("DTSTAMP", stamp or event.updated_at),
        rfc5545.utc("CREATED", event.created_at),
        rfc5545.utc("LAST-MODIFIED", event.updated_at),
    )


def _standing(status, is_free):
    transparency = "TRANSPARENT" if is_free or status == "CANCELLED" else "OPAQUE"
    return (f"STATUS:{status}\r\n", f"TRANSP:{transparency}\r\n")


def _times(starts_at, ends_at, zone, in_days=False):
    first, last = (wall_clock(moment, zone) for moment in (starts_at, ends_at))
    if in_days and first.date() != last.date():
        # The end of a whole-day entry is the day after its last; an event that ends at midnight has none of the new day.
        after = (last - timedelta(microseconds=1)).date() + timedelta(days=1)
        return (f"DTSTART;VALUE=DATE:{first:%Y%m%d}\r\n", f"DTEND;VALUE=DATE:{after:%Y%m%d}\r\n")
    return (rfc5545.local("DTSTART", starts_at, zone), rfc5545.local("DTEND", ends_at, zone))


def _language_of(shown):
    return {"language": shown.language} if shown.language else {}


def _labelled(shown, reader):
    """The text, and where it is not in the reader's language, which one it is in."""
    return f"[{name_in(shown.language, reader)}] {shown.text}" if shown.is_fallback and shown.text else shown.text


def _description(event, around, own, is_shared, address):
    reader = around.reader
    parts = [_labelled(around.text(event, "status_note", event), reader)]
    move = around.moves.get(event.pk)
    if move and event.starts_at and move.old_starts_at != event.starts_at:
        parts.append(_("Moved from %(moment)s.") % {"moment": moment_in_words(move.old_starts_at, event.time_zone)})
    if event.moved_online_at:
        parts.append(_("This event was moved online."))
    if own and not own.has_place:
        parts.append(_("Your registration: %(state)s") % {"state": own.registration.get_state_display()})
    parts.append(_labelled(around.text(event, "summary", event), reader))
    if is_shared:
        parts.extend(_own_parts(event, own, around))
    if own and own.link:
        parts.append(_("Your registration, also to withdraw: %(link)s") % {"link": own.link})
    parts.append(_("About the event: %(link)s") % {"link": address})
    return "\n\n".join(filter(None, parts))


def _own_parts(event, own, around):
    """The link to join, and each own break-out room with its time."""
    if own.online_link:
        yield _("Join online: %(link)s") % {"link": own.online_link}
    locale = to_locale(around.reader)
    show = format_time if event.start_date == event.end_date else format_datetime
    for one in own.rooms:
        begins = wall_clock(one.session.starts_at, event.time_zone)
        names = [
            show(begins, "short", locale=locale),
            around.text(one.session, "title", event).text,
            around.text(one.group, "title", event).text,
            _room_name(one.room, event, around),
            one.link,
        ]
        yield " – ".join(filter(None, names))


def _conferences(event, own, around):
    if own.online_link:
        yield _conference_line(own.online_link, around.text(event, "title", event).text)
    for one in own.rooms:
        yield from _conference(one.room, event, around)


def _conference(room, event, around):
    if room and room.join_link:
        yield _conference_line(room.join_link, _room_name(room, event, around))


def _conference_line(link, label):
    return rfc5545.uri("CONFERENCE", link, value="URI", feature="VIDEO", label=label)


def _room_name(room, event, around):
    return around.text(room, "name", event).text if room else ""


def _place_names(event, around):
    if not event.is_in_person:
        return []
    return [event.venue, event.address, around.city(event.city) if event.city else ""]


def _place(event, around):
    names = list(filter(None, _place_names(event, around)))
    if event.is_online:
        names.append(_("Online"))
    if names:
        yield rfc5545.text("LOCATION", listed(names))
    if event.is_in_person and event.city and event.city.latitude is not None:
        yield f"GEO:{event.city.latitude:.6f};{event.city.longitude:.6f}\r\n"


def _categories(event, around):
    names = [*around.themes.get(event.pk, ()), *around.networks.get(event.pk, ())]
    if names:
        yield rfc5545.texts("CATEGORIES", names)
