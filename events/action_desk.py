"""What cities took upon themselves at events, for their own people."""

from django.db.models import Case, When
from django.urls import reverse
from django.utils.translation import gettext as _

from common.templatetags.hub import day
from common.waiting import Waiting
from events.models import ActionItem, Event
from networks.rules import roles_of

LISTED = 10


def actions_of(user):
    """Action items of the cities a person works for: open ones by their day, then what has been closed."""
    items = ActionItem.objects.filter(city__in=roles_of(user).cities).exclude(event__status=Event.Status.DRAFT)
    is_closed = Case(When(state=ActionItem.State.OPEN, then=0), default=1)
    return items.select_related("event", "city").order_by(is_closed, "due_on", "pk")


def waiting_for_cities(user):
    """Registered with `common.waiting`: the next open items of the person's cities, in one statement."""
    if not roles_of(user).cities:
        return
    items = actions_of(user).filter(state=ActionItem.State.OPEN)
    for item in items[:LISTED]:
        note = _("Action of %(city)s, %(event)s") % {"city": item.city, "event": item.event}
        if item.due_on:
            note += " · " + _("due %(day)s") % {"day": day(item.due_on)}
        yield Waiting(item.text[:120], f"{reverse('event_desk:actions')}#action-{item.pk}", note)
