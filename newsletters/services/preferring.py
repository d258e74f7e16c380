"""The own choices, changed by whoever has the key in a mail or is signed in with that address."""

from django.db import transaction
from django.shortcuts import get_object_or_404
from django.utils import timezone

from newsletters.models import Channel, ConsentEvent, SavedSearch, Subscriber, Subscription
from newsletters.services.subscribing import ask_owner, is_hard_to_lift, lift, mailed_lately, record, turn_on
from newsletters.wishes import Wishes, known_languages

State = Subscription.State
Action = ConsentEvent.Action


def wishes_of(subscriber: Subscriber) -> Wishes:
    """What a subscriber gets now, as the form shows it."""
    rows = list(subscriber.subscriptions.filter(state__in=Subscription.LIVE).select_related("interest"))
    digests = {row.channel: row for row in rows if row.channel != Channel.NEWSLETTER}
    practices, events = digests.get(Channel.PRACTICES), digests.get(Channel.EVENTS)
    interest = next((row.interest for row in (practices, events) if row), None)
    return Wishes(
        languages=known_languages(subscriber.languages),
        time_zone=subscriber.time_zone,
        practices=practices.frequency if practices else "",
        events=events.frequency if events else "",
        newsletters=tuple(row.network_id for row in rows if row.channel == Channel.NEWSLETTER),
        themes=tuple(interest.themes) if interest else (),
        networks=tuple(interest.networks) if interest else (),
        only_mine=bool(interest and interest.languages),
        only_searches=bool(practices and practices.only_searches),
    )


@transaction.atomic
def prefer(subscriber: Subscriber, wishes: Wishes, *, way, text: str, language: str) -> str:
    """Let a subscriber get exactly this; returns "saved", or "asked" where a mail with a button comes first.

    That is so for an address from which somebody complained, or that was erased on request.
    """
    subscriber = Subscriber.objects.select_for_update().get(pk=subscriber.pk)
    before, now = wishes_of(subscriber), timezone.now()
    if _is_to_be_asked(subscriber, before, wishes):
        ask_owner(subscriber, wishes, way=way, text=text, language=language)
        return "asked"
    if _new(before, wishes):
        lift(subscriber)
    subscriber.languages, subscriber.time_zone = list(wishes.languages), wishes.time_zone
    subscriber.save()
    _end_what_is_not(subscriber, wishes, now)
    turn_on(subscriber, wishes, now, before=before)
    if wishes.channels() != before.channels() or wishes != before:
        is_end = bool(before.subscriptions()) and not wishes.subscriptions()
        action = Action.ENDED if is_end else Action.CHANGED
        record(subscriber, action, way, before if is_end else wishes, text=text, language=language)
    return "saved"


def has_two_filters(subscriber: Subscriber) -> bool:
    """Whether the digests of a person have different filters: `wishes_of` has that of the practices."""
    live = subscriber.subscriptions.filter(state__in=Subscription.LIVE, interest__isnull=False)
    return live.values("interest").distinct().count() > 1


def needs_mail(subscriber: Subscriber, wishes: Wishes) -> bool:
    """Whether `prefer` would send a mail."""
    return _is_to_be_asked(subscriber, wishes_of(subscriber), wishes) and mailed_lately(subscriber) is None


def _is_to_be_asked(subscriber, before, wishes):
    return bool(_new(before, wishes)) and is_hard_to_lift(subscriber)


def _new(before, wishes):
    return set(wishes.subscriptions()) - set(before.subscriptions())


def _end_what_is_not(subscriber, wishes, now):
    wanted = {(str(channel), network) for channel, network in wishes.subscriptions()}
    rows = subscriber.subscriptions.filter(state__in=[*Subscription.LIVE, State.PENDING])
    ended = [row.pk for row in rows if (row.channel, row.network_id) not in wanted]
    Subscription.objects.filter(pk__in=ended).update(state=State.UNSUBSCRIBED, state_at=now, paused_until=None)


@transaction.atomic
def rename_search(subscriber: Subscriber, pk: int, label: str) -> SavedSearch:
    """Raises ValidationError for a name that will not do, Http404 for a search of somebody else."""
    search = get_object_or_404(subscriber.saved_searches.select_for_update(), pk=pk)
    search.label = label
    search.clean_fields(exclude=["subscriber", "query"])
    search.save(update_fields=["label"])
    return search


@transaction.atomic
def remove_search(subscriber: Subscriber, pk: int) -> None:
    """Removed twice is removed. A digest of saved searches alone, without any left, ends."""
    subscriber.saved_searches.filter(pk=pk).delete()
    if not subscriber.saved_searches.exists():
        digest = subscriber.subscriptions.filter(only_searches=True, state__in=Subscription.LIVE)
        digest.update(state=State.UNSUBSCRIBED, state_at=timezone.now(), paused_until=None)
