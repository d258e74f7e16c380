"""What the mail provider tells after it has taken a mail: delivered, came back, reported as unwanted."""

import hashlib
import logging
import uuid
from dataclasses import dataclass
from datetime import datetime
from email.utils import parseaddr

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from newsletters.addresses import address_hash
from newsletters.models import ConsentEvent, Delivery, ProviderEvent, Subscriber, Subscription, Suppression
from newsletters.services.bouncing import count_bounce, suppress
from newsletters.services.pausing import pause_if_unhealthy

State = Delivery.State
OUT = {State.QUEUED, State.CLAIMED, State.UNCERTAIN, State.ACCEPTED}
"""What an event may find: a mail that was uncertain may be queued once more when it turns out that it had arrived."""

NEXT = {
    "delivered": (State.DELIVERED, OUT),
    "bounced": (State.BOUNCED, OUT | {State.DELIVERED}),
    "complained": (State.COMPLAINED, OUT | {State.DELIVERED, State.BOUNCED}),
}
"""What an event makes of a delivery, and of which states: events come in any order, and a complaint has the last word."""

HEARD = {*NEXT, "unsubscribed"}
"""All else is not kept: who opened a mail or followed a link is nobody's business here."""

OF_THE_ADDRESS = {"bounced", "invalid", None}
"""Reasons to refuse a mail that say something about the address; spam and policy do not."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Told:
    """One event, in the words of every provider."""

    provider: str
    event_id: str
    kind: str
    """"delivered", "deferred", "bounced", "rejected", "complained", "unsubscribed" or what else there may be."""
    at: datetime | None = None
    message_id: str = ""
    key: str = ""
    """The delivery's, as it was given to the provider."""
    recipient: str = ""
    reason: str | None = None


def hear(told: Told) -> bool:
    """Note an event and draw the consequences, once however often it is told; False for a known or needless one."""
    if told.kind not in HEARD:
        return False
    delivery = _delivery(told)
    if not _heard(told, delivery):
        return False
    if delivery and delivery.campaign_id and told.kind in ("bounced", "complained"):
        # By itself: a worker that lets go of the newsletter's mails just now waits for nothing that this waits for.
        pause_if_unhealthy(delivery.campaign_id)
    return True


@transaction.atomic
def _heard(told, delivery):
    subscriber = _subscriber(told, delivery)
    if subscriber:
        # The subscriber first, as in whatever ends subscriptions: no two transactions wait for each other.
        subscriber = Subscriber.objects.select_for_update().get(pk=subscriber.pk)
    event, is_new = ProviderEvent.objects.get_or_create(
        provider=told.provider[:30],
        event_id=told.event_id[:200] or _made_up_id(told),
        defaults={
            "kind": told.kind[:20],
            "delivery": delivery,
            "message_id": told.message_id[:200],
            "at": told.at or timezone.now(),
        },
    )
    if not is_new:
        return False
    if delivery and told.kind in NEXT:
        state, before = NEXT[told.kind]
        Delivery.objects.filter(pk=delivery.pk, state__in=before).let_go(state)
    if subscriber:
        _draw_consequences(told, subscriber)
    elif told.kind == "complained":
        logger.warning("A complaint is about nobody we know (event %s)", event.pk)
    return True


def _draw_consequences(told, subscriber):
    now = timezone.now()
    if told.kind == "bounced" and told.reason in OF_THE_ADDRESS:
        count_bounce(subscriber.uid, is_hard=True, now=now)
    elif told.kind == "complained":
        _note(subscriber, ConsentEvent.Action.ENDED)
        suppress(subscriber, Suppression.Reason.COMPLAINED, Subscription.State.COMPLAINED, now)
    elif told.kind == "unsubscribed":
        _note(subscriber, ConsentEvent.Action.ENDED)
        suppress(subscriber, Suppression.Reason.UNSUBSCRIBED, Subscription.State.UNSUBSCRIBED, now)


def _note(subscriber, action):
    ended = subscriber.subscriptions.filter(state__in=Subscription.LIVE)
    channels = [
        {"channel": one.channel, "network": one.network_id, "frequency": one.frequency} for one in ended.order_by("pk")
    ]
    ConsentEvent.objects.create(
        subscriber=subscriber, action=action, way=ConsentEvent.Way.PROVIDER, channels=channels, text=""
    )


def _delivery(told):
    """The delivery that an event is about, by its key or by the Message-ID, which holds the key."""
    for candidate in (told.key, told.message_id.strip("<>").partition("@")[0]):
        try:
            key = uuid.UUID(candidate)
        except ValueError:
            continue
        if found := Delivery.objects.select_related("subscriber").filter(key=key).first():
            return found
    return None


def _subscriber(told, delivery):
    """Whom it concerns: who is at that address now, also where the mail was to one person or is deleted since.

    Who has moved to another address answers for nothing that happens at the old one. Where no address is told, or none
    that can be read, it is whom the mail went to.
    """
    try:
        found = address_hash(parseaddr(told.recipient)[1])
    except ValidationError:
        return delivery.subscriber if delivery else None
    return Subscriber.objects.filter(email_hash=found).first()


def _made_up_id(told):
    """For providers that give events no id: the same event makes the same one."""
    at = told.at.isoformat() if told.at else ""
    words = "|".join([told.kind, told.message_id, told.key, told.recipient, at])
    return hashlib.sha256(words.encode()).hexdigest()
