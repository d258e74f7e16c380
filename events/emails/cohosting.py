"""Mails between networks of which one asks the other to host an event with it."""

from django.urls import reverse
from django.utils import translation

from common.addresses import absolute
from common.outbox.queueing import queue_mail_to, unlinked
from common.phrases import listed
from events.showing import when_in_words
from networks.emails import coordinators_of


def ask_to_cohost(invitation) -> None:
    """To the coordinators of the network, with the page on which they answer."""
    for person in coordinators_of([invitation.network_id]):
        _of_cohosting(invitation, "cohost-asked", person, "event_desk:cohosting", invitation.pk)


def tell_cohosting_withdrawn(invitation) -> None:
    for person in coordinators_of([invitation.network_id]):
        _of_cohosting(invitation, "cohost-withdrawn", person, "event_desk:cohosting", invitation.pk)


def tell_cohost_answer(invitation) -> None:
    """To who asked, while that person works here."""
    person = invitation.asked_by
    if person and person.is_active:
        kind = "cohost-accepted" if invitation.state == invitation.State.ACCEPTED else "cohost-declined"
        _of_cohosting(invitation, kind, person, "admin:events_event_cohosts", invitation.event_id)


def _of_cohosting(invitation, kind, person, page, pk):
    event = invitation.event
    with translation.override(person.language):
        context = {
            "event_title": str(event),
            "when": when_in_words(event),
            "network": str(invitation.network),
            "hosts": listed(event.networks.all()),
            "actor": unlinked(invitation.asked_by or ""),
            "message": invitation.message,
            "name": unlinked(person.name),
            "link": absolute(reverse(page, args=[pk])),
        }
    queue_mail_to(
        person,
        f"events/{kind}",
        context=context,
        key=f"event-{kind}:{invitation.pk}",
        about=f"event:{event.pk}",
    )
