"""The mail with the page on which the notes of a group are written."""

from django.urls import reverse
from django.utils import translation

from common.addresses import absolute
from common.outbox.queueing import queue_mail, unlinked
from events.showing import moment_in_words
from events.tokens import token_of


def mail_note_link(link, key) -> None:
    """The page on which a moderator or rapporteur writes the notes of a group. `key` names the occasion."""
    group, event = link.group, link.group.session.event
    with translation.override(link.language):
        path = reverse("events:group-notes", args=[link.uid, token_of(link, "notes")])
        context = {
            "event_title": str(event),
            "group": str(group),
            "session": str(group.session),
            "when": moment_in_words(group.session.starts_at, event.time_zone),
            "name": unlinked(link.name),
            "contact": event.contact_email,
            "link": absolute(path),
        }
    queue_mail(
        "events/note-link",
        to=link.email,
        name=link.name,
        language=link.language,
        context=context,
        key=f"event-note-link:{link.pk}:{key}",
        essential=True,
        secret=True,
        about=f"event:{event.pk}",
    )
