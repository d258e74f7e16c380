"""Links by which moderators and rapporteurs without an account write the notes of their group: sent, and withdrawn."""

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from events.emails.note_links import mail_note_link
from events.models import BreakoutGroup, NoteLink
from events.rules import NOTES_OPEN, runs

MOST = 20
"""Links of one group: more would be a mailing, not a group's desk."""


@transaction.atomic
def send_note_link(group: BreakoutGroup, *, email: str, name: str, language: str, actor) -> NoteLink:
    """Mail the link of a group's note page; who has one already gets it again, one that was withdrawn a new one.

    Raises ValidationError where the notes are not open.
    """
    group = BreakoutGroup.objects.select_for_update(of=["self"]).select_related("session__event").get(pk=group.pk)
    event = group.session.event
    if not runs(actor, event):
        raise PermissionDenied
    if event.status not in NOTES_OPEN:
        raise ValidationError(_("Notes are open from the announcement of the event until its report."), code="closed")
    found = group.note_links.filter(email__iexact=email.strip()).first()
    if found is None and group.note_links.count() >= MOST:
        raise ValidationError(_("This group has as many links as it may have."), code="most")
    link = found or NoteLink(group=group, email=email.strip())
    link.name, link.language = name, language
    link.sent_at, link.sent_by, link.withdrawn_at = timezone.now(), actor, None
    link.full_clean(validate_constraints=False)
    link.save()
    mail_note_link(link, f"{link.token_version}:{link.sent_at:%Y%m%d%H%M}")
    return link


@transaction.atomic
def withdraw_note_link(link: NoteLink, *, actor) -> None:
    """Close a link for good; what was written by it stays."""
    if not runs(actor, link.group.session.event):
        raise PermissionDenied
    NoteLink.objects.filter(pk=link.pk, withdrawn_at=None).update(
        withdrawn_at=timezone.now(), token_version=F("token_version") + 1
    )
    link.refresh_from_db()
