"""What goes by itself: requests that nobody confirmed, addresses that nothing is sent to, and people who wish it.

That there was a yes or a no stays known, by a keyed hash of the address and without the address.
"""

from datetime import timedelta

from django.conf import settings
from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.db.models import Exists, F, OuterRef
from django.utils import timezone

from common.models import OutboxMail
from newsletters import emails
from newsletters.models import CONFIRM_WITHIN, ConsentEvent, Subscriber, Subscription, Suppression
from newsletters.services import tidying
from newsletters.services.interests import interest_for

State = Subscription.State
Action, Way = ConsentEvent.Action, ConsentEvent.Way
REMIND_AFTER = timedelta(days=2)
FORGET_AFTER = timedelta(days=28)
"""After the last subscription ended."""


def forget_all(now=None) -> dict[str, int]:
    """The nightly work; safe to run at any time, twice, or after weeks without. Counts of what was done."""
    return {
        "reminded": remind_unconfirmed(now),
        "expired": expire_unconfirmed(now),
        "forgotten": forget_addresses(now),
    }


def remind_unconfirmed(now=None) -> int:
    """Recall once, after two days, what nobody has confirmed; never to those whom a coordinator invited."""
    now = now or timezone.now()
    waiting = ConsentEvent.objects.open(now).filter(at__lte=now - REMIND_AFTER, way=Way.FORM)
    waiting = waiting.filter(subscriber__reminded_at=None, subscriber__confirmed_at=None).exclude(
        wishes__has_key="address"
    )
    return sum(_remind(pk, now) for pk in waiting.order_by("pk").values_list("pk", flat=True))


@transaction.atomic
def _remind(pk, now):
    asked = ConsentEvent.objects.open(now).filter(pk=pk).select_related("subscriber", "actor").first()
    if asked is None:
        return 0
    subscriber = Subscriber.objects.select_for_update().get(pk=asked.subscriber_id)
    if subscriber.reminded_at or not subscriber.email:
        return 0
    subscriber.reminded_at = now
    subscriber.save(update_fields=["reminded_at"])
    emails.mail_request(asked, "remind", to=subscriber.email, language=asked.language)
    return 1


def expire_unconfirmed(now=None) -> int:
    """Close what was asked for and not confirmed in time, and forget addresses that nothing else is known of.

    Returns how many requests were closed.
    """
    now = now or timezone.now()
    late = ConsentEvent.objects.filter(action=Action.ASKED, at__lte=now - CONFIRM_WITHIN).exclude(wishes={})
    people = set(late.values_list("subscriber", flat=True))
    return sum(_expire(late, pk, now) for pk in sorted(people))


@transaction.atomic
def _expire(late, pk, now):
    subscriber = Subscriber.objects.select_for_update().get(pk=pk)
    count = late.filter(subscriber=pk).update(wishes={})
    if subscriber.consents.open(now).exists():
        return count
    subscriber.subscriptions.filter(state=State.PENDING).update(state=State.EXPIRED, state_at=now)
    if subscriber.confirmed_at is None:
        _forget(subscriber)
    return count


def forget_addresses(now=None) -> int:
    """Forget addresses four weeks after the last subscription ended; returns how many."""
    now = now or timezone.now()
    rows = Subscription.objects.filter(subscriber=OuterRef("pk"))
    kept = rows.filter(state__in=[*Subscription.LIVE, State.PENDING])
    recent = rows.filter(state_at__gt=now - FORGET_AFTER)
    asked = ConsentEvent.objects.open(now).filter(subscriber=OuterRef("pk"))
    idle = Subscriber.objects.filter(email__isnull=False, created_at__lte=now - FORGET_AFTER).exclude(
        Exists(kept) | Exists(recent) | Exists(asked)
    )
    return sum(_forget_idle(idle, pk) for pk in list(idle.values_list("pk", flat=True)))


@transaction.atomic
def _forget_idle(idle, pk):
    subscriber = Subscriber.objects.select_for_update().get(pk=pk)
    if not idle.filter(pk=pk).exists():
        return 0  # Somebody confirmed, or asked again, since the run began.
    _forget(subscriber)
    return 1


def _forget(subscriber):
    """Take the address and all choices away; what was agreed to and ended stays."""
    empty_mails(subscriber)
    _empty_log(subscriber)
    subscriber.saved_searches.all().delete()
    subscriber.subscriptions.filter(interest__isnull=False).update(interest=interest_for())
    subscriber.consents.exclude(wishes={}).update(wishes={})
    subscriber.deliveries.exclude(domain="").update(domain="")
    subscriber.email = subscriber.person = subscriber.reminded_at = subscriber.confirmed_at = None
    subscriber.domain, subscriber.languages = "", []
    subscriber.time_zone = settings.TIME_ZONE
    subscriber.bounce_score, subscriber.bounced_on = 0, None
    subscriber.token_version = F("token_version") + 1
    subscriber.save()


@transaction.atomic
def erase(subscriber: Subscriber, *, way, actor=None) -> None:
    """Forget a person at once and for good: no import brings the address back, only its owner does.

    `actor` is who did it, where that was not the person.
    """
    subscriber = Subscriber.objects.select_for_update().get(pk=subscriber.pk)
    now = timezone.now()
    Suppression.objects.update_or_create(
        email_hash=subscriber.email_hash, defaults={"reason": Suppression.Reason.ERASED, "at": now}
    )
    subscriber.subscriptions.filter(state__in=[*Subscription.LIVE, State.PENDING]).update(
        state=State.ERASED, state_at=now, paused_until=None
    )
    tidying.empty_own(subscriber)
    _forget_what_was_told(subscriber)
    _forget(subscriber)
    subscriber.consents.update(note="")
    ConsentEvent.objects.create(subscriber=subscriber, action=Action.ERASED, way=way, actor=actor)
    Subscriber.objects.filter(pk=subscriber.pk).update(erased_at=now)


def _forget_what_was_told(subscriber):
    """Digests show what somebody cares for; that newsletters went out belongs to the report of each."""
    for row in subscriber.subscriptions.all():
        row.told.all().delete()
    subscriber.issues.all().delete()


def empty_mails(subscriber) -> None:
    """Mails about the subscription: what has not left will not leave, what has left keeps neither text nor address."""
    unsent = [OutboxMail.State.WAITING, OutboxMail.State.HELD, OutboxMail.State.FAILED, OutboxMail.State.UNCERTAIN]
    mails = OutboxMail.objects.filter(about=emails.about(subscriber))
    mails.filter(state__in=unsent).update(state=OutboxMail.State.CANCELLED)
    for mail in mails:
        mail.key, mail.recipient = f"erased:{mail.pk}", f"erased-{mail.pk}@erased.invalid"
        mail.name = mail.subject = mail.text = mail.html = mail.link = mail.last_error = ""
        mail.save()


def _empty_log(subscriber):
    """The log of the admin names its objects by what they were called then."""
    content_types = ContentType.objects.get_for_models(Subscriber, Subscription)
    rows = subscriber.subscriptions.values_list("pk", flat=True)
    for model, keys in {Subscriber: [subscriber.pk], Subscription: list(rows)}.items():
        entries = LogEntry.objects.filter(content_type=content_types[model], object_id__in=[str(key) for key in keys])
        entries.update(object_repr=F("object_id"))
