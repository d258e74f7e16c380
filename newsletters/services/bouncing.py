"""Addresses that do not work: how often mail came back, and when we stop writing to them."""

from django.utils import timezone

from newsletters.models import Subscriber, Subscription, Suppression

HARD, SOFT = 1.0, 0.5
LIMIT = 3.0
"""Three days with hard bounces, or six with soft ones."""

HALF_LIFE_DAYS = 30
LIGHTER = (Suppression.Reason.UNSUBSCRIBED, Suppression.Reason.BOUNCED)


def count_bounce(uid, *, is_hard: bool, address=None, now=None) -> bool:
    """Add to the score of a subscriber's address, at most once a day; True where that was one too many.

    Old bounces fade: the score halves every thirty days. What happened at another `address` than the present one does
    not count. In a transaction of the caller's.
    """
    now = now or timezone.now()
    subscriber = Subscriber.objects.select_for_update().get(uid=uid)
    if address is not None and subscriber.email != address:
        return False
    today = now.date()
    if subscriber.bounced_on == today:
        return False
    if subscriber.bounced_on:
        subscriber.bounce_score *= 0.5 ** ((today - subscriber.bounced_on).days / HALF_LIFE_DAYS)
    subscriber.bounce_score += HARD if is_hard else SOFT
    subscriber.bounced_on = today
    subscriber.save(update_fields=["bounce_score", "bounced_on"])
    if subscriber.bounce_score < LIMIT - 0.1:
        return False
    suppress(subscriber, Suppression.Reason.BOUNCED, Subscription.State.BOUNCED, now)
    return True


def suppress(subscriber, reason, state, now) -> None:
    """End all that a subscriber gets, and remember the address by its hash."""
    subscriber.subscriptions.filter(state__in=Subscription.LIVE).update(state=state, state_at=now, paused_until=None)
    found, is_new = Suppression.objects.get_or_create(
        email_hash=subscriber.email_hash, defaults={"reason": reason, "at": now}
    )
    if not is_new and reason == Suppression.Reason.COMPLAINED and found.reason in LIGHTER:
        # A complaint weighs more than what went before it.
        found.reason, found.at = reason, now
        found.save(update_fields=["reason", "at"])
