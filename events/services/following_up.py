"""What was agreed and what came of it: decisions, action items, outcomes, and reminders of what a city took on."""

import logging
from datetime import timedelta

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone, translation

from common.addresses import absolute
from common.outbox.queueing import queue_mail_to
from common.templatetags.hub import day
from events.models import ActionItem, Decision, Event, Outcome
from events.rules import runs
from networks.emails import holders
from networks.models import RoleAssignment
from networks.rules import speaks_for_city

logger = logging.getLogger(__name__)
Role = RoleAssignment.Role

DUE_SOON = timedelta(days=7)
"""How long before it is due a city is reminded of an action item."""

State = ActionItem.State


@transaction.atomic
def keep(record: Decision | ActionItem | Outcome, *, actor) -> Decision | ActionItem | Outcome:
    """Store a new or changed record of the follow-up."""
    if not runs(actor, record.event):
        raise PermissionDenied
    if isinstance(record, ActionItem):
        _note_closing(record)
    record.save()
    return record


@transaction.atomic
def drop(record: Decision | ActionItem | Outcome, *, actor) -> None:
    if not runs(actor, record.event):
        raise PermissionDenied
    record.delete()


@transaction.atomic
def mark_done(item: ActionItem, *, actor, done: bool = True) -> ActionItem:
    """Say that it is done, or open again: hosts, and focal points of the city whose it is. What was dropped stays so."""
    item = ActionItem.objects.select_for_update(of=["self"]).select_related("event", "city").get(pk=item.pk)
    if not (runs(actor, item.event) or speaks_for_city(actor, item.city)):
        raise PermissionDenied
    if item.state != State.DROPPED:
        item.state = State.DONE if done else State.OPEN
        _note_closing(item)
        item.save(update_fields=["state", "closed_at"])
    return item


def _note_closing(item):
    if item.state == State.OPEN:
        item.closed_at = None
    elif item.closed_at is None:
        item.closed_at = timezone.now()


# Reminders ---------------------------------------------------------------------------------------


def remind_of_actions(now=None) -> int:
    """Remind each city a week before an open item is due, and once when it is overdue; returns of how many items.

    Safe to repeat: a mail of the same item, day and person goes out once. One failure does not stop the others.
    """
    today = timezone.localdate(now or timezone.now())
    count = 0
    items = ActionItem.objects.due(today + DUE_SOON).exclude(event__status=Event.Status.DRAFT)
    items = items.select_related("event", "city")
    for item in items.iterator(chunk_size=200):
        try:
            with transaction.atomic():
                _remind(item, "action-overdue" if item.due_on < today else "action-due")
            count += 1
        except Exception:
            logger.exception("no reminder of action item %s", item.pk)
    return count


def _remind(item, kind):
    people = holders(Q(role__in=[Role.FOCAL_POINT, Role.CONTRIBUTOR], city=item.city_id))
    for person in people:
        with translation.override(person.language):
            path = reverse("event_desk:actions")
            context = {
                "text": item.text,
                "city": str(item.city),
                "event_title": str(item.event),
                "due": day(item.due_on),
                "link": absolute(path),
            }
        queue_mail_to(
            person,
            f"events/{kind}",
            context=context,
            key=f"event-{kind}:{item.pk}:{item.due_on}",
            about=f"event:{item.event_id}",
        )
