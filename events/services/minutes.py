"""Minutes of an event and note pages of its groups: revision upon revision, none is ever overwritten."""

import html

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _

from common.languages import name_in
from common.text import check_length, plain_from_rich
from events.models import BreakoutGroup, Event, MinutesRevision, NoteLink
from events.rules import may_write_notes, runs

LIMIT = MinutesRevision._meta.get_field("text").limit


class ConflictError(Exception):
    """Somebody saved meanwhile; `latest` is that revision. Nothing was stored, and nothing is lost."""

    def __init__(self, latest):
        super().__init__(f"revision {latest.number} is newer")
        self.latest = latest


def revisions(event: Event, group: BreakoutGroup | None = None):
    """Of the minutes, or of a group's note page; the newest first."""
    return MinutesRevision.objects.filter(event=event, group=group).order_by("-number")


def latest_revision(event: Event, group: BreakoutGroup | None = None) -> MinutesRevision | None:
    return revisions(event, group).select_related("author", "link").first()


@transaction.atomic
def save_minutes(
    event: Event,
    text: str,
    *,
    base: int,
    language: str,
    actor,
    group: BreakoutGroup | None = None,
    link: NoteLink | None = None,
) -> MinutesRevision:
    """Keep a new state that was written on revision number `base` (0: on nothing).

    Without an `actor` the holder of a `link` writes the notes of its group. Raises ConflictError where another one was
    saved meanwhile, ValidationError "closed" where the link opens nothing any more. The same text again is no new revision.
    """
    event = Event.objects.select_for_update(of=["self"], no_key=True).get(pk=event.pk)
    if link is not None:
        _check_link(link, group)
    elif not runs(actor, event):
        raise PermissionDenied
    if group is not None and group.session.event_id != event.pk:
        raise ValidationError(_("This group belongs to another event."), code="foreign")
    latest = latest_revision(event, group)
    cleaned = MinutesRevision._meta.get_field("text").clean(text, None)
    if latest and (latest.text, latest.language) == (cleaned, language):
        return latest
    if base != (latest.number if latest else 0):
        if latest is None:
            raise ValidationError(_("Please load the page again."), code="base")
        raise ConflictError(latest)
    return MinutesRevision.objects.create(
        event=event,
        group=group,
        number=(latest.number if latest else 0) + 1,
        base=latest,
        language=language,
        text=cleaned,
        author=actor,
        link=link,
    )


def _check_link(link, group):
    """Looks at the link as it is stored now: it may have been withdrawn while the holder was writing."""
    if group is None or link.group_id != group.pk:
        raise PermissionDenied
    stored = NoteLink.objects.select_related("group__session__event").filter(pk=link.pk).first()
    if stored is None or stored.token_version != link.token_version or not may_write_notes(stored):
        raise ValidationError(_("These notes are closed."), code="closed")


@transaction.atomic
def insert_notes(event: Event, *, actor) -> int:
    """Add the notes of all groups to the end of the minutes, each under its title; returns of how many.

    Notes that stand there already, word for word, are not added again. Raises ValidationError where they do not fit.
    """
    event = Event.objects.select_for_update(of=["self"], no_key=True).get(pk=event.pk)
    if not runs(actor, event):
        raise PermissionDenied
    latest = latest_revision(event)
    language = latest.language if latest else event.source_language
    text = latest.text if latest else ""
    added = 0
    for group in _groups(event):
        notes = latest_revision(event, group)
        if notes is None or not notes.text:
            continue
        part = _part(group, notes, language)
        if part not in text:
            text += part
            added += 1
    if added:
        check_length(plain_from_rich(text), LIMIT)
        base = latest.number if latest else 0
        save_minutes(event, text, base=base, language=language, actor=actor)
    return added


def _groups(event):
    groups = BreakoutGroup.objects.filter(session__event=event).select_related("session__event")
    return groups.order_by("session__starts_at", "session", "order", "pk")


def _part(group, notes, language):
    """The notes under the session's and the group's title, with the name of their language where it is another one."""
    with translation.override(language):
        heading = f"{group.session}: {group}"
        if notes.language != language:
            heading += f" ({name_in(notes.language, language)})"
    return f"<h3>{html.escape(heading, quote=False)}</h3>{notes.text}"
