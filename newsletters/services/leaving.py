"""Ending, pausing and resuming: at once, however often it is asked for, and never undone by a mail that waits."""

from datetime import date, datetime, time, timedelta

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from newsletters import keys
from newsletters.clocks import known_zone
from newsletters.models import Channel, ConsentEvent, Subscriber, Subscription, Suppression

State = Subscription.State
Action = ConsentEvent.Action
LONGEST_PAUSE = timedelta(days=366)
_CHANNELS = {
    keys.PRACTICES: [Channel.PRACTICES],
    keys.EVENTS: [Channel.EVENTS],
    keys.DIGESTS: [Channel.PRACTICES, Channel.EVENTS],
}


def subscriber_of_key(key: str) -> tuple[Subscriber | None, int]:
    """(subscriber, scope) that a key in a mail names; (None, 0) for a wrong or closed one."""
    found = keys.opened(key)
    subscriber = Subscriber.objects.filter(uid=found.uid, email__isnull=False).first() if found else None
    if subscriber is None or not keys.is_genuine(found, subscriber.token_version):
        return None, 0
    return subscriber, found.scope


def reaches(scope: int, other: int) -> bool:
    """Whether a key of a scope may do what another scope means."""
    digests = scope == keys.DIGESTS and other in (keys.PRACTICES, keys.EVENTS)
    return scope in (keys.EVERYTHING, other) or digests


def in_scope(subscriber: Subscriber, scope: int):
    """The subscriptions that a scope of a key means, in whatever state."""
    rows = subscriber.subscriptions.all()
    if scope == keys.EVERYTHING:
        return rows
    if scope in _CHANNELS:
        return rows.filter(channel__in=_CHANNELS[scope])
    return rows.filter(channel=Channel.NEWSLETTER, network=keys.network_of(scope))


@transaction.atomic
def end(subscriber: Subscriber, scope: int, *, way, language="") -> bool:
    """Unsubscribe from what a scope means; False where nothing was subscribed. Everything also keeps imports away."""
    subscriber = Subscriber.objects.select_for_update().get(pk=subscriber.pk)
    now = timezone.now()
    rows = in_scope(subscriber, scope).filter(state__in=[*Subscription.LIVE, State.PENDING])
    ended = [
        {"channel": row.channel, "network": row.network_id, "frequency": row.frequency} for row in rows.order_by("pk")
    ]
    rows.update(state=State.UNSUBSCRIBED, state_at=now, paused_until=None)
    if scope == keys.EVERYTHING:
        # A confirmation that still waits in the mailbox must not undo this.
        subscriber.consents.filter(action=Action.ASKED).exclude(wishes={}).update(wishes={})
        Suppression.objects.get_or_create(
            email_hash=subscriber.email_hash, defaults={"reason": Suppression.Reason.UNSUBSCRIBED, "at": now}
        )
    if ended:
        ConsentEvent.objects.create(
            subscriber=subscriber, action=Action.ENDED, way=way, channels=ended, language=language
        )
    return bool(ended)


@transaction.atomic
def pause(subscriber: Subscriber, until: date, scope: int = keys.EVERYTHING, *, way, language="") -> bool:
    """Send nothing of a scope before a day begins by the subscriber's clock; False where nothing is subscribed.

    Raises ValidationError for a day that is over, or too far away.
    """
    moment = datetime.combine(until, time(), known_zone(subscriber.time_zone))
    now = timezone.now()
    if not now < moment <= now + LONGEST_PAUSE:
        raise ValidationError(_("Choose a day after today, within a year."), code="day")
    rows = in_scope(subscriber, scope).filter(state__in=Subscription.LIVE)
    count = rows.update(state=State.PAUSED, state_at=now, paused_until=moment)
    if count:
        ConsentEvent.objects.create(subscriber=subscriber, action=Action.PAUSED, way=way, language=language)
    return bool(count)


@transaction.atomic
def resume(subscriber: Subscriber, *, way, language="") -> bool:
    """End a pause before its day."""
    rows = subscriber.subscriptions.filter(state=State.PAUSED)
    count = rows.update(state=State.ACTIVE, state_at=timezone.now(), paused_until=None)
    if count:
        ConsentEvent.objects.create(subscriber=subscriber, action=Action.CHANGED, way=way, language=language)
    return bool(count)


def was_key(key: str) -> bool:
    """Whether a key was good once: for an address that was forgotten or left since, to which nothing goes any more."""
    found = keys.opened(key)
    version = (
        Subscriber.objects.filter(uid=found.uid).values_list("token_version", flat=True).first() if found else None
    )
    return version is not None and any(keys.is_genuine(found, old) for old in range(version))
