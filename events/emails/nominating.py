"""The mail to somebody who was nominated for an event."""

from django.urls import reverse
from django.utils import translation

from common.addresses import absolute
from common.outbox.queueing import queue_mail, unlinked
from common.phrases import listed
from events.showing import when_in_words, where_in_words
from events.tokens import token_of


def nomination_address(nomination, page="nominated") -> str:
    """Where a nominated person reads of the event and registers, in the current language."""
    return absolute(reverse(f"events:{page}", args=[nomination.uid, token_of(nomination, "nomination")]))


def mail_nomination(nomination) -> None:
    """That somebody may register, with the link that opens the event; once for each nomination."""
    event = nomination.event
    with translation.override(nomination.language):
        context = {
            "event_title": str(event),
            "when": when_in_words(event),
            "where": where_in_words(event),
            "name": unlinked(nomination.name),
            "contact": event.contact_email,
            "hosts": listed(str(network) for network in event.networks.all()),
            "link": nomination_address(nomination),
        }
    queue_mail(
        "events/nominated",
        to=nomination.email,
        name=nomination.name,
        language=nomination.language,
        context=context,
        key=f"event-nominated:{nomination.pk}",
        essential=True,
        secret=True,
        about=f"event:{event.pk}",
    )
