"""Events as calendars (RFC 5545, 5546, 7986): those that go with mails, and what all calendars have in common."""

from email.utils import parseaddr

from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from common.addresses import absolute
from common.phrases import listed
from events import rfc5545
from events.calendar_entries import entry
from events.calendar_surroundings import Own, Surroundings
from events.models import Event, GroupPlace, RegistrationStep
from events.rooms import own_rooms
from events.tokens import token_of

PRODUCT = "-//City Networks Hub//events//EN"


class Invitations:
    """iCalendar objects that go with mails to participants of one event (RFC 5546), in the current language.

    What they share is read once. Each has a higher SEQUENCE than the one before: that of the event grows with its
    changes, and every step of the registrations of the same address adds one.
    """

    def __init__(self, event_id: int):
        self._event = Event.objects.select_related("city").get(pk=event_id)
        self._around = Surroundings([self._event])
        placed = GroupPlace.objects.filter(session__event=event_id).order_by()
        self._placed = set(placed.values_list("registration", flat=True))

    def to(self, registration, method: str, link: str = "") -> str:
        """METHOD "REQUEST" or "CANCEL"; `link` leads to the participant's own page."""
        event, around = self._event, self._around
        steps = RegistrationStep.objects.filter(
            registration__event=event, registration__email__iexact=registration.email
        ).count()
        rooms = own_rooms([registration]).get(registration.pk, []) if registration.pk in self._placed else []
        own = Own(registration, rooms, steps, link)
        organiser = event.contact_email or parseaddr(settings.DEFAULT_FROM_EMAIL)[1]
        hosts = listed(around.networks.get(event.pk, ())) or settings.SITE_NAME
        people = [
            rfc5545.uri("ORGANIZER", f"mailto:{organiser}", cn=hosts),
            rfc5545.uri(
                "ATTENDEE",
                f"mailto:{registration.email}",
                cn=registration.name or registration.email,
                role="REQ-PARTICIPANT",
                partstat="ACCEPTED" if own.has_place else "NEEDS-ACTION",
            ),
        ]
        text = entry(event, around, own, is_cancelled=method == "CANCEL", people=people, stamp=timezone.now())
        return calendar([text], [event], around, rfc5545.plain("METHOD", method))


def last_known_time(event):
    """(start, end) of an event or, where it has no date now, those it had before; (None, None) where it never had any."""
    return Surroundings([event]).time(event)


def calendar(entries, events, around, head: str = "") -> str:
    """A whole calendar: its `head`, the rules of the zones of the events, the entries."""
    years = {}
    for event in events:
        starts_at, ends_at = around.time(event)
        if starts_at:
            first, last = years.get(event.time_zone, (starts_at.year, ends_at.year))
            years[event.time_zone] = min(first, starts_at.year), max(last, ends_at.year)
    zones = [rfc5545.time_zone(zone, *years[zone]) for zone in sorted(years)]
    opening = f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:{PRODUCT}\r\nCALSCALE:GREGORIAN\r\n"
    return "".join([opening, head, *zones, *entries, "END:VCALENDAR\r\n"])


def head(name: str, address: str, hours: int) -> str:
    """What a subscribed calendar says of itself: name, own address, after how many hours to ask again."""
    return "".join(
        [
            rfc5545.text("NAME", name),
            rfc5545.text("X-WR-CALNAME", name),
            rfc5545.uri("SOURCE", address, value="URI"),
            rfc5545.plain("REFRESH-INTERVAL", f"PT{hours}H", value="DURATION"),
            rfc5545.plain("X-PUBLISHED-TTL", f"PT{hours}H"),
        ]
    )


def personal_address(holder) -> str:
    """Where programs fetch the personal calendar, in the current language: whoever knows it sees the calendar."""
    return absolute(reverse("events:my-calendar", args=[holder.uid, token_of(holder, "calendar")]))


def subscribed(address: str) -> str:
    """The address in the form that calendar programs open by themselves (webcal:)."""
    return "webcal://" + address.split("://", 1)[1]
