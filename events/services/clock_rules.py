"""Instants of coming events by the rules of their zones as they are now: countries change them, at times on short notice.

What people agreed on, the clock on the wall, stays.
"""

import logging

from django.db import transaction
from django.utils import timezone

from events import notices
from events.models import Event, EventStep
from events.services.dates import instants, last_beginning, move_agenda, record
from events.services.seats import lock_pools

logger = logging.getLogger(__name__)


def follow(now=None) -> list[Event]:
    """Bring coming events in line, tell their participants, and return those that moved."""
    coming = Event.objects.filter(ends_at__gt=now or timezone.now()).exclude(status=Event.Status.CANCELLED)
    return [event for pk in coming.values_list("pk", flat=True) if (event := follow_event(pk))]


@transaction.atomic
def follow_event(event_id: int) -> Event | None:
    """Derive the instants of one event anew; None where they are the same."""
    lock_pools(event_id)
    event = Event.objects.select_for_update(no_key=True, of=["self"]).get(pk=event_id)
    old = instants(event)
    event.derive_times(is_strict=False)
    if instants(event) == old:
        return None
    logger.warning("The clock rules of %s have changed: event %s moved", event.time_zone, event.pk)
    record(event, old)
    event.sequence += 1
    event.save()
    begins = last_beginning(event)
    move_agenda(event, begins, begins)
    EventStep.objects.create(event=event, action=EventStep.Action.ZONE_RULES, sequence=event.sequence)
    if event.status == Event.Status.PUBLISHED:
        notices.tell_changed(event, {"time"})
    return event
