"""The daily summary: what was held for a person since the last one, in one mail in the morning."""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import transaction
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from common.background import enqueue
from common.models import OutboxMail
from common.outbox.queueing import TASK, compose_html, frame, message_id

State = OutboxMail.State
MORNING = time(7)


def queue_summaries(now=None) -> int:
    """Queue the summary of everybody whose morning has begun and for whom something is held; returns how many.

    A person's day is named in the mail's key, so running early, late, twice or not for days neither repeats an item
    nor misses one: an item belongs to the first summary after it was held.
    """
    now = now or timezone.now()
    people = get_user_model().objects.filter(outbox_mails__state=State.HELD).distinct()
    return sum(_queue_summary(person, now) for person in people)


def _queue_summary(person, now):
    zone = ZoneInfo(getattr(person, "time_zone", "") or settings.TIME_ZONE)
    today = now.astimezone(zone).date()
    # A morning that the clock skips, or has twice, begins at the first of the two.
    if now < datetime.combine(today, MORNING, zone):
        return 0
    key = f"summary:{person.pk}:{today.isoformat()}"
    with transaction.atomic():
        items = list(
            OutboxMail.objects.select_for_update(skip_locked=True)
            .filter(person=person, state=State.HELD)
            .order_by("pk")
        )
        if not items or OutboxMail.objects.filter(key=key).exists():
            return 0
        summary = _summary(person, key, items, now)
        OutboxMail.objects.filter(pk__in=[item.pk for item in items]).update(state=State.SUMMARISED, summary=summary)
        enqueue(TASK)
    return 1


def _summary(person, key, items, now):
    with translation.override(person.language):
        count = len(items)
        subject = ngettext("%(count)s message for you", "%(count)s messages for you", count) % {"count": count}
        parts = [_("This came for you since the last summary:")]
        for item in items:
            parts.append(item.subject)
            if item.link:
                parts.append(item.link)
        text = "\n\n".join(parts) + "\n"
        values = frame(person.language) | {"links": {item.link for item in items if item.link}}
        html = compose_html(subject, text, values)
    return OutboxMail.objects.create(
        kind="summary",
        key=key,
        person=person,
        recipient=person.email,
        language=person.language,
        subject=subject,
        text=text,
        html=html,
        not_before=now - timedelta(seconds=1),
        message_id=message_id(key),
    )
