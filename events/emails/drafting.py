"""The mail to a city whose practice was shown at an event and waits as a draft."""

from django.db.models import Q
from django.urls import reverse
from django.utils import translation

from common.addresses import absolute
from common.outbox.queueing import queue_mail_to
from networks.emails import holders
from networks.models import RoleAssignment


def announce_draft(shown, *, actor) -> None:
    """Tell the officers of a city that a practice they showed at an event waits as a draft."""
    people = holders(
        Q(role__in=[RoleAssignment.Role.FOCAL_POINT, RoleAssignment.Role.CONTRIBUTOR], city=shown.city_id)
    )
    for person in people:
        if person.pk == actor.pk:
            continue
        with translation.override(person.language):
            context = {
                "title": shown.title,
                "event_title": str(shown.event),
                "actor": str(actor),
                "link": absolute(reverse("workspace:write", args=[shown.practice_id])),
            }
        queue_mail_to(
            person,
            "events/practice-drafted",
            context=context,
            key=f"event-practice-drafted:{shown.pk}:{shown.practice_id}",
            about=f"event:{shown.event_id}",
        )
