"""What waits for coordinators about events."""

from datetime import timedelta

from django.db.models import Count, F, Min, Q
from django.db.models.functions import Now
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from common.templatetags.hub import number
from common.waiting import Waiting, days_since
from events.models import CoHostInvitation, Event, Registration
from networks.rules import roles_of

POSTPONED_LONG_DAYS = 30
"""After so many days without a new date, people should hear something."""


def kept_by_coordinators(user):
    """Registered with `common.waiting`: questions of other hosts, registrations to decide on, reports that are due,
    events without a date for long.
    """
    if not roles_of(user).keeps_networks:
        return
    events = Event.objects.editable_by(user)
    yield from _asked_to_cohost(user)
    yield from _to_approve(events)
    yield from _reports_due(events)
    yield from _long_postponed(events)


def _asked_to_cohost(user):
    """Of one's own networks; administrators are asked where a network has nobody, by mail."""
    asked = CoHostInvitation.objects.filter(state=CoHostInvitation.State.ASKED, network__in=roles_of(user).networks)
    for invitation in asked.select_related("event", "network").order_by("asked_at"):
        note = _("%(network)s is asked to host it too") % {"network": invitation.network}
        url = reverse("event_desk:cohosting", args=[invitation.pk])
        yield Waiting(str(invitation.event), url, note, days_since(invitation.asked_at))


def overview_of(event) -> str:
    return reverse("admin:events_event_overview", args=[event.pk])


def _to_approve(events):
    awaits = Q(registrations__state=Registration.State.AWAITING_APPROVAL)
    open_events = events.filter(status=Event.Status.PUBLISHED, ends_at__gt=timezone.now())
    counted = open_events.annotate(
        waiting=Count("registrations", filter=awaits), since=Min("registrations__state_at", filter=awaits)
    )
    for event in counted.filter(waiting__gt=0).order_by("since"):
        note = ngettext(
            "%(count)s registration awaits approval", "%(count)s registrations await approval", event.waiting
        )
        url = f"{overview_of(event)}?state={Registration.State.AWAITING_APPROVAL}#registrations"
        yield Waiting(str(event), url, note % {"count": number(event.waiting)}, days_since(event.since))


def _reports_due(events):
    held = events.filter(status__in=[Event.Status.PUBLISHED, Event.Status.HELD])
    for event in held.filter(ends_at__lte=Now() - F("report_due_days") * timedelta(days=1)).order_by("ends_at"):
        due = event.ends_at + timedelta(days=event.report_due_days)
        yield Waiting(str(event), overview_of(event), _("the report is due"), days_since(due))


def _long_postponed(events):
    before = timezone.now() - timedelta(days=POSTPONED_LONG_DAYS)
    for event in events.filter(status=Event.Status.POSTPONED, status_at__lte=before).order_by("status_at"):
        yield Waiting(str(event), overview_of(event), _("postponed without a new date"), days_since(event.status_at))
