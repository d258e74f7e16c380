"""Keeping mail from an address because somebody who answers for the platform says so."""

from django.db import transaction
from django.utils import timezone

from newsletters.addresses import address_hash
from newsletters.models import ConsentEvent, Subscriber, Subscription, Suppression

STATES = {
    Suppression.Reason.UNSUBSCRIBED: Subscription.State.UNSUBSCRIBED,
    Suppression.Reason.BOUNCED: Subscription.State.BOUNCED,
    Suppression.Reason.COMPLAINED: Subscription.State.COMPLAINED,
    Suppression.Reason.ERASED: Subscription.State.ERASED,
}


@transaction.atomic
def keep_away(address: str, *, reason: str, scope: str, actor=None) -> Suppression:
    """Send nothing more to an address, and end what it gets; the newest reason counts. `actor` says so."""
    now = timezone.now()
    found = address_hash(address)
    subscriber = Subscriber.objects.select_for_update().filter(email_hash=found).first()
    if subscriber is not None:
        rows = subscriber.subscriptions.filter(state__in=[*Subscription.LIVE, Subscription.State.PENDING])
        ended = [
            {"channel": row.channel, "network": row.network_id, "frequency": row.frequency}
            for row in rows.order_by("pk")
        ]
        if rows.update(state=STATES[reason], state_at=now, paused_until=None):
            ConsentEvent.objects.create(
                subscriber=subscriber,
                action=ConsentEvent.Action.ENDED,
                way=ConsentEvent.Way.COORDINATOR,
                channels=ended,
                actor=actor,
            )
        subscriber.consents.exclude(wishes={}).update(wishes={})
    values = {"reason": reason, "scope": scope, "at": now}
    return Suppression.objects.update_or_create(email_hash=found, defaults=values)[0]
