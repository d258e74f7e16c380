"""Events as iCalendar (RFC 5545): one UID for ever, a SEQUENCE that grows, the clock of the place with its zone."""

from django.conf import settings
from django.utils import timezone
from icalendar import Calendar, Event, vCalAddress, vText

from common.languages import current_language
from common.localized import localized
from events.models import Event as HubEvent
from events.times import wall_clock

PRODUCT = "-//City Networks Hub//events//EN"
STATUS = {
    HubEvent.Status.CANCELLED: "CANCELLED",
    HubEvent.Status.POSTPONED: "CANCELLED",
    HubEvent.Status.DRAFT: "TENTATIVE",
}
"""By the state of the event; a postponed one leaves calendars until it has a date again."""


def invitation(registration, method: str) -> str:
    """The iCalendar object that goes with a mail to a participant (RFC 5546): METHOD "REQUEST" or "CANCEL".

    The text is in the current language. For a cancelled or postponed event the last known time is repeated, for a
    CANCEL needs one.
    """
    calendar = Calendar()
    calendar.add("prodid", PRODUCT)
    calendar.add("version", "2.0")
    calendar.add("method", method)
    component = entry(registration.event)
    if method == "CANCEL":
        component["status"] = vText("CANCELLED")
    organiser = vCalAddress(f"MAILTO:{registration.event.contact_email or settings.DEFAULT_FROM_EMAIL}")
    component.add("organizer", organiser)
    attendee = vCalAddress(f"MAILTO:{registration.email}")
    attendee.params["cn"] = vText(registration.name or registration.email)
    attendee.params["partstat"] = vText("ACCEPTED")
    component.add("attendee", attendee)
    calendar.add_component(component)
    calendar.add_missing_timezones()
    return calendar.to_ical().decode()


def entry(event) -> Event:
    """The VEVENT of an event, without anything secret."""
    component = Event()
    component.add("uid", f"{event.uid}@{settings.SITE_URL.split('://')[-1].split('/')[0]}")
    component.add("sequence", event.sequence)
    component.add("dtstamp", timezone.now())
    component.add("last-modified", event.updated_at)
    component.add("status", STATUS.get(event.status, "CONFIRMED"))
    component.add("summary", str(event))
    component.add("description", localized(event, "summary", current_language(), event.source_language).text)
    component.add("url", settings.SITE_URL.rstrip("/") + event.get_absolute_url())
    starts_at, ends_at = last_known_time(event)
    if starts_at:
        component.add("dtstart", wall_clock(starts_at, event.time_zone))
        component.add("dtend", wall_clock(ends_at, event.time_zone))
    return component


def last_known_time(event):
    """(start, end) of an event or, where it has no date now, those it had before; (None, None) where it never had any."""
    if event.starts_at:
        return event.starts_at, event.ends_at
    change = event.date_changes.filter(old_starts_at__isnull=False).first()
    return (change.old_starts_at, change.old_ends_at) if change else (None, None)
