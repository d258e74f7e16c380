"""The mail by which somebody learns of the own nomination, with the link that opens the event: once for each."""

from django.utils import timezone

from events.emails.nominating import mail_nomination
from events.models import Event


def tell_nominated(event: Event, now=None) -> int:
    """Mail to those who were nominated and do not know it yet, as soon as the event is announced; returns how many."""
    now = now or timezone.now()
    if event.status != Event.Status.PUBLISHED or event.ends_at <= now or event.entry == Event.Entry.NONE:
        return 0
    # Locked, so that two who nominate at once do not both count the same people.
    untold = list(event.nominations.select_for_update().filter(told_at=None))
    for nomination in untold:
        nomination.event = event
        mail_nomination(nomination)
        nomination.told_at = now
        nomination.save(update_fields=["told_at"])
    return len(untold)
