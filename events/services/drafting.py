"""From what was shown at an event to a draft in the library of practices."""

import html

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _

from common.addresses import absolute
from common.text import clean_rich
from events.emails.drafting import announce_draft
from events.models import EventPractice
from events.rules import runs
from practices.models import Practice
from practices.rules import writable_cities
from practices.services import save_revision, start_practice


@transaction.atomic
def draft_practice(shown: EventPractice, *, actor) -> Practice:
    """Begin a practice of the city that showed it, with title, note and the way to the event; its officers get a mail.

    What is linked to a practice already gives that one. Raises ValidationError for a city for which the actor may not write.
    """
    shown = EventPractice.objects.select_for_update(of=["self"]).select_related("event", "city").get(pk=shown.pk)
    event = shown.event
    if not runs(actor, event):
        raise PermissionDenied
    if shown.practice_id:
        return shown.practice
    if not writable_cities(actor).filter(pk=shown.city_id).exists():
        raise ValidationError(
            _("%(city)s is in none of your networks: ask its coordinators to begin this practice.")
            % {"city": shown.city},
            code="city",
        )
    language = event.source_language
    members = shown.city.memberships.active().values_list("network", flat=True)
    networks = sorted(set(event.networks.values_list("pk", flat=True)) & set(members))
    revision = start_practice(actor=actor, city=shown.city, source_language=language, network_ids=networks)
    save_revision(revision, _content(shown, language), actor=actor, seen=revision.counter)
    shown.practice = revision.practice
    shown.save(update_fields=["practice"])
    announce_draft(shown, actor=actor)
    return revision.practice


def _content(shown, language):
    with translation.override(language):
        link = {
            "url": absolute(shown.event.get_absolute_url()),
            f"title_{language}": str(shown.event),
        }
    content = {f"title_{language}": shown.title, "links": [link]}
    return (
        content | {f"description_{language}": clean_rich(html.escape(shown.note, quote=False))}
        if shown.note
        else content
    )
