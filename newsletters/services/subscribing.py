"""Asking for mail, and the confirmation by whoever reads the mailbox: until then nothing is sent and nothing changes."""

from datetime import timedelta

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from networks.models import Network
from newsletters import consents, emails
from newsletters.addresses import address_hash, domain_of, spelled
from newsletters.keys import is_genuine, opened
from newsletters.models import Channel, ConsentEvent, Subscriber, Subscription, Suppression
from newsletters.services.forgetting import empty_mails
from newsletters.services.interests import interest_for
from newsletters.wishes import Wishes, known_languages, usual_zone

State = Subscription.State
Action, Way = ConsentEvent.Action, ConsentEvent.Way
HARD_TO_LIFT = (Suppression.Reason.COMPLAINED, Suppression.Reason.ERASED)
"""What ends only by the button behind a link that was mailed for it."""

MOST_SEARCHES = 20
MAIL_AGAIN_AFTER = timedelta(days=1)


def mailbox_of(address: str) -> str:
    """What limits count by: at most providers plus-addresses reach the same mailbox.

    Raises ValidationError for what is no address.
    """
    local, _at, domain = spelled(address).rpartition("@")
    return f"{local.partition('+')[0] or local}@{domain}"


# Asking ------------------------------------------------------------------------------------------


@transaction.atomic
def ask(address: str, wishes: Wishes, *, language: str, way=Way.FORM, text="", note="", actor=None) -> ConsentEvent:
    """Note what somebody wants at an address, and mail its owner a link to say yes. Callers tell everybody the same.

    Who gets mail already finds the way to the own page in it. Raises ValidationError for what is no address.
    """
    address = spelled(address)
    subscriber = _subscriber_at(address, wishes)
    is_known = subscriber.subscriptions.filter(state__in=Subscription.LIVE).exists()
    _keep_places(subscriber, wishes)
    asked = record(
        subscriber, Action.ASKED, way, wishes, text=text, language=language, note=note, actor=actor, is_open=True
    )
    kind = "invited" if way == Way.IMPORT else "known" if is_known else "confirm"
    emails.mail_request(asked, kind, to=address, language=emails.language_of(subscriber) if is_known else language)
    return asked


def mailed_lately(subscriber: Subscriber) -> ConsentEvent | None:
    """What the person asked for within a day and may still confirm: its mail is link enough for a change of mind."""
    rows = subscriber.consents.open().filter(at__gt=timezone.now() - MAIL_AGAIN_AFTER, way__in=[Way.LINK, Way.ACCOUNT])
    return rows.exclude(wishes__has_key="address").last()


def ask_owner(subscriber: Subscriber, wishes: Wishes, *, way, text: str, language: str) -> None:
    """As `ask`, for who is on the own page already: one mail a day, whose button then stands for the last wishes."""
    asked = mailed_lately(subscriber)
    if asked is None:
        ask(subscriber.email, wishes, language=language, way=way, text=text)
        return
    asked.wishes = wishes.as_json()
    asked.save(update_fields=["wishes"])


def _subscriber_at(address, wishes):
    """The locked record of an address, which it holds again where it was forgotten: the link may still be pressed."""
    values = {
        "email": address,
        "domain": domain_of(address),
        "languages": list(wishes.languages),
        "time_zone": wishes.time_zone or usual_zone(wishes.languages[0] if wishes.languages else ""),
    }
    found, is_new = Subscriber.objects.get_or_create(email_hash=address_hash(address), defaults=values)
    found = Subscriber.objects.select_for_update().get(pk=found.pk)
    if not is_new and found.email is None:
        for name, value in (values | {"erased_at": None, "reminded_at": None}).items():
            setattr(found, name, value)
        found.save()
    return found


def _keep_places(subscriber, wishes):
    """Subscriptions that wait, where there was none: what was ended, and why, stays until the owner has spoken."""
    present = set(subscriber.subscriptions.values_list("channel", "network"))
    wanted = {pair: often for pair, often in wishes.subscriptions().items() if (str(pair[0]), pair[1]) not in present}
    if not wanted:
        return
    interest = interest_for(*wishes.interest)
    Subscription.objects.bulk_create(
        [
            Subscription(
                subscriber=subscriber,
                channel=channel,
                network_id=network,
                frequency=often,
                interest=None if channel == Channel.NEWSLETTER else interest,
            )
            for (channel, network), often in wanted.items()
        ],
        ignore_conflicts=True,
    )


def record(
    subscriber, action, way, wishes=None, *, text="", language="", note="", actor=None, answers=None, is_open=False
) -> ConsentEvent:
    """Write down one yes or no. `is_open`: the wishes are kept until they are confirmed."""
    return ConsentEvent.objects.create(
        subscriber=subscriber,
        action=action,
        way=way,
        channels=wishes.channels() if wishes else [],
        wishes=wishes.as_json() if wishes and is_open else {},
        text=text,
        version=consents.VERSION if text else "",
        language=language,
        note=note,
        actor=actor,
        answers=answers,
    )


# Confirming --------------------------------------------------------------------------------------


def request_of(key: str) -> tuple[ConsentEvent | None, bool]:
    """(what was asked for, whether the key still opens anything) by the key in a mail; (None, False) for a wrong key.

    It may be settled or too old (`is_open`). Keys of before a move of the address, or its erasure, open nothing.
    """
    found = opened(key)
    rows = ConsentEvent.objects.select_related("subscriber", "answer", "actor")
    asked = rows.filter(pk=found.scope, subscriber__uid=found.uid, action=Action.ASKED).first() if found else None
    if asked is None:
        return None, False
    version = asked.subscriber.token_version
    if is_genuine(found, version, purpose=emails.CONFIRM):
        return asked, True
    was_genuine = any(is_genuine(found, old, purpose=emails.CONFIRM) for old in range(version))
    return (asked if was_genuine else None), False


def is_open(asked: ConsentEvent, now=None) -> bool:
    return ConsentEvent.objects.open(now).filter(pk=asked.pk).exists()


@transaction.atomic
def confirm(asked: ConsentEvent, *, text="", language="") -> bool:
    """The owner of the address has pressed the button; False where this was settled before or comes too late.

    Adds to what the person gets and ends nothing. Also lifts whatever kept mail from the address.
    """
    subscriber = Subscriber.objects.select_for_update().get(pk=asked.subscriber_id)
    asked = ConsentEvent.objects.open().filter(pk=asked.pk).first()
    if asked is None:
        return False
    now = timezone.now()
    if "address" in asked.wishes:
        move(subscriber, asked.wishes["address"], now, is_confirmed=True)
        record(subscriber, Action.CHANGED, Way.LINK, text=text, language=language, answers=asked)
    else:
        wishes = Wishes.from_json(asked.wishes)
        _begin(subscriber, wishes, now, is_confirmed=True)
        record(subscriber, Action.CONFIRMED, Way.LINK, wishes, text=text, language=language, answers=asked)
    asked.wishes = {}
    asked.save(update_fields=["wishes"])
    return True


def _begin(subscriber, wishes, now, *, is_confirmed=False):
    lift(subscriber, is_confirmed=is_confirmed)
    if not subscriber.subscriptions.filter(state__in=Subscription.LIVE).exists():
        subscriber.languages = list(wishes.languages)
        subscriber.time_zone = wishes.time_zone or subscriber.time_zone
    subscriber.confirmed_at = now
    subscriber.save()
    turn_on(subscriber, wishes, now)
    save_searches(subscriber, wishes.searches)


def lift(subscriber, *, is_confirmed=False) -> None:
    """Forget why mail was kept from the address; not saved here. Only for what its owner does.

    What keeps all mail away goes only where the owner has pressed the button in a mail (`is_confirmed`).
    """
    rows = Suppression.objects.filter(email_hash=subscriber.email_hash)
    (rows if is_confirmed else rows.exclude(scope=Suppression.Scope.ALL)).delete()
    subscriber.bounce_score, subscriber.bounced_on = 0, None


def turn_on(subscriber, wishes, now, *, before=None) -> None:
    """Make what is wished active. A digest that a person gets already stays as it is where a search is added to it.

    `before` are the choices that the person changed into these: a digest keeps of its own filter what was not changed.
    """
    interest = interest_for(*wishes.interest)
    rows = subscriber.subscriptions.select_related("interest")
    present = {(row.channel, row.network_id): row for row in rows}
    known = set(Network.objects.filter(pk__in=[pk for pk in wishes.newsletters if pk]).values_list("pk", flat=True))
    for (channel, network), often in wishes.subscriptions().items():
        if network is not None and network not in known:
            continue
        row = present.get((channel, network)) or Subscription(
            subscriber=subscriber, channel=channel, network_id=network
        )
        is_live = row.state in Subscription.LIVE
        if is_live and wishes.searches:
            continue
        if not is_live:
            row.state, row.state_at, row.active_from, row.paused_until = State.ACTIVE, now, now, None
        if channel != Channel.NEWSLETTER:
            row.frequency = often
            row.interest = _changed(row.interest, before, wishes) if is_live and before else interest
        if channel == Channel.PRACTICES:
            row.only_searches = wishes.only_searches
        row.save()


def _changed(interest, before, wishes):
    """What a digest has as its filter after a form that showed `before`, which may be another digest's filter."""

    def of(name, own):
        new = getattr(wishes, name)
        return own if set(getattr(before, name)) == set(new) else new

    only_mine = bool(interest.languages) if wishes.only_mine == before.only_mine else wishes.only_mine
    languages = of("languages", interest.languages or wishes.languages)
    return interest_for(
        of("themes", interest.themes), of("networks", interest.networks), languages if only_mine else ()
    )


def save_searches(subscriber, searches) -> None:
    """Add (label, query) pairs that are not there; more than MOST_SEARCHES are left out."""
    present = set(subscriber.saved_searches.values_list("query", flat=True))
    for label, query in searches:
        if query not in present and len(present) < MOST_SEARCHES:
            subscriber.saved_searches.get_or_create(query=query, defaults={"label": label})
            present.add(query)


# Another address ---------------------------------------------------------------------------------


@transaction.atomic
def ask_for_address(subscriber: Subscriber, address: str, *, language: str) -> None:
    """Mail a link to the new address; nothing changes before its owner has pressed the button there.

    The mail and the answer are the same whether that address gets mail already or not. Raises ValidationError for
    what is no address, and for the present one.
    """
    address = spelled(address)
    if address == subscriber.email:
        raise ValidationError(_("This is the address that mail goes to already."), code="same")
    asked = record(subscriber, Action.ASKED, Way.LINK, language=language)
    asked.wishes = {"address": address}
    asked.save(update_fields=["wishes"])
    emails.mail_request(asked, "new-address", to=address, language=emails.language_of(subscriber))


def move(subscriber: Subscriber, address: str, now, *, is_confirmed=False) -> None:
    """Let mail go to another address, shown to be the person's; links in mails of before open nothing any more.

    Whoever was known at that address is this person now, and what was subscribed there goes on.
    """
    old, other = subscriber.email, _other_at(subscriber, address)
    subscriber.email, subscriber.email_hash, subscriber.domain = address, address_hash(address), domain_of(address)
    if other is not None:
        _take_over(subscriber, other, now)
    lift(subscriber, is_confirmed=is_confirmed)
    subscriber.person = None
    subscriber.token_version += 1
    subscriber.confirmed_at, subscriber.erased_at = now, None
    subscriber.save()
    _drop_requests(subscriber, now)
    if old:
        emails.mail_change_of_address(subscriber, old)


def _drop_requests(subscriber, now):
    """What still waits for a button: their links die with the move, also those to further addresses."""
    subscriber.consents.filter(action=Action.ASKED).exclude(wishes={}).update(wishes={})
    subscriber.subscriptions.filter(state=State.PENDING).update(state=State.EXPIRED, state_at=now)


def _other_at(subscriber, address):
    others = Subscriber.objects.select_for_update().exclude(pk=subscriber.pk)
    return others.filter(email_hash=address_hash(address)).first()


def _take_over(subscriber, other, now):
    """What another record of the same mailbox gets comes here; the record stays as proof, without an address."""
    taken = {(row.channel, row.network_id) for row in subscriber.subscriptions.filter(state__in=Subscription.LIVE)}
    for row in other.subscriptions.filter(state__in=Subscription.LIVE):
        if (row.channel, row.network_id) in taken:
            continue
        values = {
            **{"frequency": row.frequency, "interest": row.interest, "only_searches": row.only_searches},
            **{"state": row.state, "state_at": now, "active_from": row.active_from, "paused_until": row.paused_until},
        }
        subscriber.subscriptions.update_or_create(channel=row.channel, network_id=row.network_id, defaults=values)
    save_searches(subscriber, other.saved_searches.values_list("label", "query"))
    other.subscriptions.filter(state__in=[*Subscription.LIVE, State.PENDING]).update(
        state=State.UNSUBSCRIBED, state_at=now, paused_until=None
    )
    other.saved_searches.all().delete()
    empty_mails(other)
    _drop_requests(other, now)
    other.consents.exclude(note="").update(note="")
    other.email, other.domain, other.person = None, "", None
    other.email_hash = (
        f"{other.uid.hex}{other.uid.hex}"  # That of no address: the address's own now belongs to this person.
    )
    other.token_version += 1
    other.save()


# The own account ---------------------------------------------------------------------------------


def subscriber_of(user) -> Subscriber | None:
    """What goes to the address of an account, whoever subscribed it."""
    return Subscriber.objects.filter(email_hash=address_hash(user.email)).first()


def is_hard_to_lift(subscriber: Subscriber) -> bool:
    """Whether mail is kept from an address for a reason that only a button in a new mail lifts."""
    return _hard_suppressions(subscriber.email_hash).exists()


def _hard_suppressions(email_hash):
    is_hard = Q(reason__in=HARD_TO_LIFT) | Q(scope=Suppression.Scope.ALL)
    return Suppression.objects.filter(is_hard, email_hash=email_hash)


@transaction.atomic
def ensure_subscriber(user) -> Subscriber:
    """The record of the address of an account, which counts as confirmed."""
    address = spelled(user.email)
    languages = known_languages([user.language])
    subscriber = _subscriber_at(address, Wishes(languages=languages, time_zone=user.time_zone))
    if subscriber.person_id != user.pk:
        Subscriber.objects.filter(person=user).update(person=None)
        subscriber.person = user
    subscriber.confirmed_at = subscriber.confirmed_at or timezone.now()
    subscriber.save(update_fields=["person", "confirmed_at"])
    return subscriber


@transaction.atomic
def subscribe_account(user, wishes: Wishes, *, language: str, text="") -> str:
    """Add to what a signed-in person gets; returns "saved", or "asked" where a mail with a button comes first."""
    subscriber = ensure_subscriber(user)
    if is_hard_to_lift(subscriber):
        ask_owner(subscriber, wishes, way=Way.ACCOUNT, text=text, language=language)
        return "asked"
    _begin(subscriber, wishes, timezone.now())
    record(subscriber, Action.CONFIRMED, Way.ACCOUNT, wishes, text=text, language=language)
    return "saved"


@transaction.atomic
def follow_account(user) -> None:
    """An account has another address now, for which somebody vouched: what went to the old one goes there."""
    subscriber = Subscriber.objects.select_for_update().filter(person=user).first()
    if subscriber is None or subscriber.email in (None, spelled(user.email)):
        return
    if _hard_suppressions(address_hash(user.email)).exists():
        subscriber.person = None
        subscriber.save(update_fields=["person"])
        return
    move(subscriber, spelled(user.email), timezone.now())
    subscriber.person = user
    subscriber.save(update_fields=["person"])
