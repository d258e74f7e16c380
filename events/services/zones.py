"""What follows when a country changes the rules of its clocks: the time on the wall stays, the instant moves."""

import logging
from datetime import timedelta

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from events.emails.participating import tell
from events.models import Event, EventStep, Registration, SeatReserve
from events.rules import has_place
from events.services.seats import lock_pools

logger = logging.getLogger(__name__)

INSTANTS = ("starts_at", "ends_at", "registration_opens_at", "registration_closes_at")
TOLD = (*Registration.WITH_PLACE, Registration.State.WAITLISTED, Registration.State.OFFERED)


def follow_zone_rules(now=None) -> int:
    """Derive the instants of events that are not over from the clock of their place; returns how many have moved.

    To be called often: the rules come with the software, and nothing tells when they change. Calendars learn of it by
    a higher SEQUENCE, people with a place or in the queue by mail. An event that fails is logged and stops no other.
    """
    now = now or timezone.now()
    # A day to spare: by the new rules an event may end later than the old instant says.
    is_ahead = Q(ends_at__gt=now - timedelta(days=1))
    is_ahead |= Q(registration_opens_at__gt=now) | Q(registration_closes_at__gt=now)
    is_ahead |= Q(pk__in=SeatReserve.objects.filter(releases_at__gt=now).values("pool__event"))
    count = 0
    for event in Event.objects.filter(is_ahead).prefetch_related("sessions", "pools__reserves").order_by("pk"):
        if not _differing(event):
            continue
        try:
            count += _follow(event.pk)
        except Exception:
            logger.exception("The instants of event %s could not be derived anew", event.pk)
    return count


@transaction.atomic
def _follow(event_id) -> bool:
    lock_pools(event_id)
    event = Event.objects.select_for_update().get(pk=event_id)
    old_start = event.starts_at
    moved = _differing(event)
    if not moved:
        return False
    for record, fields in moved:
        if record is not event:
            record.save(update_fields=fields)
    event.sequence += 1
    event.save(update_fields=[*INSTANTS, "sequence", "updated_at"])
    note = f"{event.time_zone}: {old_start:%Y-%m-%d %H:%M} → {event.starts_at:%Y-%m-%d %H:%M} UTC" if old_start else ""
    EventStep.objects.create(event=event, action=EventStep.Action.ZONE_RULES, sequence=event.sequence, note=note)
    if event.status == Event.Status.PUBLISHED and event.starts_at != old_start:
        for registration in event.registrations.filter(state__in=TOLD):
            method = "REQUEST" if has_place(registration) else ""
            tell(registration, "zone-rules", f"{event.sequence}", method=method)
    return True


def _differing(event):
    """[(record, fields)] of the event, its sessions and kept seats that the present rules put elsewhere; set, not saved."""
    found = []
    old = [getattr(event, name) for name in INSTANTS]
    event.derive_times(is_strict=False)
    _keep_length(event, old[0], old[1])
    if [getattr(event, name) for name in INSTANTS] != old:
        found.append((event, INSTANTS))
    for session in event.sessions.all():
        session.event = event
        old = session.starts_at, session.ends_at
        session.derive_times(is_strict=False)
        _keep_length(session, *old)
        if (session.starts_at, session.ends_at) != old:
            found.append((session, ("starts_at", "ends_at")))
    for pool in event.pools.all():
        pool.event = event
        for reserve in pool.reserves.all():
            reserve.pool, old = pool, reserve.releases_at
            reserve.derive_times(is_strict=False)
            if reserve.releases_at != old:
                found.append((reserve, ("releases_at",)))
    return found


def _keep_length(record, old_start, old_end):
    """Where the clocks now skip the beginning, it may come to lie after the end."""
    if record.starts_at and record.ends_at and record.ends_at <= record.starts_at:
        record.ends_at = record.starts_at + (old_end - old_start)
