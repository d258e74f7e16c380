"""Queue a mail, send one again, call one off, forget old ones."""

from datetime import datetime, timedelta
from email.utils import parseaddr
from hashlib import sha256
from uuid import UUID, uuid5

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone

from common.background import enqueue
from common.languages import site_languages
from common.models import OutboxMail
from common.outbox import preferences
from common.outbox.kinds import kind_of
from common.outbox.rendering import render
from common.text import clean_line

MESSAGES = UUID("5b0f2d0e-6f0c-4d1c-9c3c-1f2a5e0d7b61")
BODIES_KEPT = timedelta(days=30)
State = OutboxMail.State


def queue_mail(
    kind: str,
    *,
    to: str,
    language: str,
    context: dict,
    key: str,
    name: str = "",
    person=None,
    not_before: datetime | None = None,
) -> OutboxMail | None:
    """Write a mail into the outbox, in the caller's transaction; the workers are told once that is committed.

    `key` names the event ("registration-17-confirmed"). The same kind and key for the same recipient is one mail: a
    repeated call returns the first. A person is one recipient whatever the address; without a person the address is.
    `language` is the recipient's. What `context` may hold is said at `rendering.render`; its "url" is where a daily
    summary leads. Returns None for a person who wants no mail of this kind. Raises ValidationError for what is no address.
    """
    declared = kind_of(kind)
    wanted = preferences.AT_ONCE if declared.ignores_preference else preferences.preference_of(person, kind)
    if wanted == preferences.NONE:
        return None
    full_key = full_key_of(kind, key, to=to, person=person)
    if existing := OutboxMail.objects.filter(key=full_key).first():
        return existing
    language = language if language in site_languages() else settings.LANGUAGE_CODE
    name = clean_line(name)
    rendered = render(kind, language=language, context={"name": name, **context}, zone=preferences.zone_of(person))
    now = timezone.now()
    not_before = max(not_before or now, now)
    mail = OutboxMail(
        key=full_key,
        kind=kind,
        person=person,
        recipient=to.strip(),
        name=name,
        language=language,
        subject=rendered.subject,
        text_body=rendered.text,
        html_body=rendered.html,
        link=str(context.get("url") or ""),
        message_id=f"<{uuid5(MESSAGES, full_key)}@{_domain()}>",
        digest_group=kind if wanted == preferences.DAILY else "",
        not_before=not_before,
        next_attempt_at=not_before,
        created_at=now,
    )
    mail.clean_fields(exclude=["person"])
    OutboxMail.objects.bulk_create([mail], ignore_conflicts=True)
    # Another transaction may have been first; then this is its row.
    mail = OutboxMail.objects.get(key=full_key)
    if not mail.digest_group and not_before <= now:
        enqueue("common.tasks.send_outbox")
    return mail


def full_key_of(kind, key, *, to, person):
    recipient = f"person-{person.pk}" if person is not None else sha256(to.strip().lower().encode()).hexdigest()[:32]
    return f"{kind}:{key}:{recipient}"


def _domain():
    return parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2] or "localhost"


def may_administer(user) -> bool:
    return user.is_authenticated and user.is_active and user.is_superuser


def send_again(mail: OutboxMail, *, actor) -> bool:
    """Back into the queue, for what failed or is uncertain; an uncertain one may then arrive twice.

    Returns False where there is nothing to send: the mail is in another state by now, or its body was forgotten.
    """
    now = timezone.now()
    sendable = _open_to(actor, mail, [State.UNCERTAIN, State.FAILED]).exclude(text_body="")
    with transaction.atomic():
        # The token goes: a worker of the attempt before may not speak for this one.
        changed = sendable.update(
            state=State.WAITING, next_attempt_at=now, attempts=0, lease_token=None, last_error="", digest_group=""
        )
        if changed:
            enqueue("common.tasks.send_outbox")
    return bool(changed)


def cancel(mail: OutboxMail, *, actor) -> bool:
    """Call a mail off; False where it is too late because it has left or is leaving."""
    changed = _open_to(actor, mail, [State.WAITING]).update(state=State.CANCELLED)
    return bool(changed)


def _open_to(actor, mail, states):
    if not may_administer(actor):
        raise PermissionDenied
    return OutboxMail.objects.filter(pk=mail.pk, state__in=states)


def forget_old_bodies() -> int:
    """Empty the bodies of mails that are 30 days old and will not leave by themselves; how many."""
    old = OutboxMail.objects.filter(created_at__lt=timezone.now() - BODIES_KEPT).exclude(text_body="")
    return old.exclude(state__in=OutboxMail.UNSENT).update(text_body="", html_body="")
