"""Mails to single subscribers, about their subscription itself. What goes to many is made and sent elsewhere."""

from uuid import uuid4

from django.urls import reverse
from django.utils import translation

from common.addresses import absolute
from common.languages import current_language
from common.outbox.queueing import queue_mail, unlinked
from newsletters.addresses import address_hash
from newsletters.composing import KEY
from newsletters.frames import preferences_address
from newsletters.keys import key_of
from newsletters.models import CONFIRM_WITHIN, Suppression
from newsletters.wishes import Wishes, in_words

CONFIRM = "confirm"
"""Purpose of keys that open what was asked for; their scope is its id."""


def confirm_key(asked) -> str:
    """Opens what was asked for until the address moves or is forgotten."""
    return key_of(asked.subscriber.uid, asked.subscriber.token_version, asked.pk, purpose=CONFIRM)


def preferences_key(subscriber) -> str:
    return key_of(subscriber.uid, subscriber.token_version)


def mail_request(asked, kind, *, to, language) -> None:
    """The mail that leads to what was asked for. `kind` is "confirm", "remind", "known", "invited" or "new-address"."""
    subscriber = asked.subscriber
    with translation.override(language):
        wished = Wishes.from_json(asked.wishes)
        context = {
            "link": absolute(reverse("newsletters:confirm", args=[confirm_key(asked)])),
            "wished": [unlinked(line) for line in in_words(wished, names_searches=False)]
            if wished.subscriptions()
            else [],
            "days": CONFIRM_WITHIN.days,
            "source": unlinked(asked.note),
            "inviter": unlinked(asked.actor.name) if asked.actor else "",
        }
    context["preferences"] = _preferences(subscriber, language)
    _queue(kind, subscriber, to, language, context, f"{asked.pk}")


def mail_preferences(subscriber) -> None:
    """The link to all choices, to the mailbox itself: with nothing to confirm."""
    language = language_of(subscriber)
    _queue(
        "preferences", subscriber, subscriber.email, language, {"link": _preferences(subscriber, language)}, uuid4()
    )


def mail_change_of_address(subscriber, old) -> None:
    """To the address that was left, so that nobody loses a subscription unnoticed."""
    _queue("address-changed", subscriber, old, language_of(subscriber), {}, f"{subscriber.token_version}")


def language_of(subscriber) -> str:
    """The one in which a subscriber reads best."""
    return subscriber.languages[0] if subscriber.languages else current_language()


def about(subscriber) -> str:
    """How the outbox names mails to a subscriber."""
    return f"subscriber:{subscriber.pk}"


def _preferences(subscriber, language):
    return preferences_address(language).replace(KEY, preferences_key(subscriber))


def _queue(kind, subscriber, to, language, context, key):
    """Nothing where all mail is kept from the address. Callers say the same in both cases."""
    if Suppression.objects.filter(email_hash=address_hash(to), scope=Suppression.Scope.ALL).exists():
        return
    queue_mail(
        f"newsletters/{kind}",
        to=to,
        language=language,
        context=context | {"links": [context.get("preferences", "")]},
        key=f"newsletters-{kind}:{subscriber.pk}:{key}",
        essential=True,
        secret=True,
        about=about(subscriber),
    )
