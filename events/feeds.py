"""Which events are in which calendar that programs subscribe to, and the calendars themselves, in the current language."""

from datetime import timedelta

from django.conf import settings
from django.db.models import Count, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from common.languages import current_language, in_all_languages, name_in
from common.localized import localized, proper_name
from events.calendar_entries import entry, session_entry
from events.calendar_surroundings import Own, Surroundings
from events.calendars import calendar, head
from events.models import CANCELLED_STAYS_DAYS, Event, Registration, RegistrationStep
from events.rooms import own_rooms

PAST_STAYS_DAYS = 366
"""So long an event stays in calendars after its end: what is no longer in a calendar vanishes from its readers' ones."""

PUBLIC_HOURS, PERSONAL_HOURS = 6, 1

SAID = (
    *in_all_languages("title", "summary", "status_note"),
    *("uid", "source_language", "sequence", "status", "moved_online_at", "created_at", "updated_at"),
    *("starts_at", "ends_at", "time_zone", "mode", "city", "venue", "address"),
)
"""The columns of which an entry tells; a calendar of thousands of events takes half the time without the others."""

SHOWN_STATES = (
    Registration.State.AWAITING_APPROVAL,
    Registration.State.WAITLISTED,
    Registration.State.OFFERED,
    *Registration.WITH_PLACE,
    Registration.State.EVENT_CANCELLED,
)
"""Registrations that the personal calendar shows; who withdrew or was not admitted has nothing to come to."""


def in_calendars(events, now=None):
    """Those of the events that calendars hold: not long past, nor cancelled more than CANCELLED_STAYS_DAYS ago."""
    now = now or timezone.now()
    is_recent = Q(ends_at__gte=now - timedelta(days=PAST_STAYS_DAYS)) | Q(ends_at__isnull=True)
    is_stale = Q(status=Event.Status.CANCELLED, status_at__lt=now - timedelta(days=CANCELLED_STAYS_DAYS))
    return events.filter(is_recent).exclude(is_stale)


def public_calendar(networks, languages, address: str) -> str:
    """The public events, those of any of the networks and in any of the working languages where some are given."""
    events = in_calendars(Event.objects.public())
    if networks:
        events = events.filter(pk__in=Event.networks.through.objects.filter(network__in=networks).values("event"))
    if languages:
        events = events.filter(languages__overlap=languages)
    reader = current_language()
    chosen = [proper_name(network, reader) for network in networks] + [name_in(code, reader) for code in languages]
    events = list(events.prefetch_related("city").only(*SAID).order_by("pk"))
    around = Surroundings(events)
    entries = [entry(event, around) for event in events]
    return calendar(entries, events, around, head(_title(_("Events"), chosen), address, PUBLIC_HOURS))


def event_calendar(event, address: str, *, has_agenda=False) -> str:
    """One event by itself, or with an entry for each session; "" where it has no time to show."""
    around = Surroundings([event])
    whole = entry(event, around, has_agenda=has_agenda)
    if not whole:
        return ""
    sessions = event.sessions.select_related("room") if has_agenda and event.starts_at else ()
    entries = [whole, *(session_entry(session, event, around) for session in sessions)]
    name = localized(event, "title", around.reader, event.source_language).text
    return calendar(entries, [event], around, head(name or str(event), address, PUBLIC_HOURS))


def personal_calendar(holder, address: str) -> str:
    """All that the holder of an address takes part in or waits for, with own rooms and links where there is a place.

    The link to the own page of a registration is only in mails: a calendar is fetched by programs of third parties.
    """
    events = in_calendars(Event.objects.exclude(status=Event.Status.DRAFT))
    rows = Registration.objects.filter(email__iexact=holder.email, state__in=SHOWN_STATES, event__in=events)
    # Of several registrations for one event the last one counts: earlier ones are over.
    found = {row.event_id: row for row in rows.select_related("event__city").order_by("created_at", "pk")}
    around = Surroundings([row.event for row in found.values()])
    steps = RegistrationStep.objects.filter(
        registration__email__iexact=holder.email, registration__event__in=list(found)
    )
    counts = dict(steps.order_by().values_list("registration__event").annotate(Count("pk")))
    rooms = own_rooms(found.values())
    entries = []
    for event_id in sorted(found):
        row = found[event_id]
        own = Own(row, rooms.get(row.pk, []), counts.get(event_id, 0))
        entries.append(entry(row.event, around, own))
        if own.has_place and row.event.starts_at:
            entries.extend(session_entry(one.session, row.event, around, own, one) for one in own.rooms)
    events = [row.event for row in found.values()]
    return calendar(entries, events, around, head(_title(_("My events"), []), address, PERSONAL_HOURS))


def _title(name, chosen):
    # Without commas, which some programs show with the backslash that they are written with.
    return " · ".join([settings.SITE_NAME, name, *chosen])
