"""The door of the desk: pages for those who run an event, which nobody else finds."""

from functools import wraps

from django.http import Http404
from django.shortcuts import get_object_or_404

from events.models import Event
from events.rules import runs
from networks.rules import roles_of
from practices.views.workspace import for_people_with_a_role


def for_who_runs_the_event(view):
    """Decorate `view(request, event, …)` of the desk: everybody else finds nothing there."""

    @wraps(view)
    @for_people_with_a_role
    def answer(request, pk, *args, **kwargs):
        event = get_object_or_404(Event, pk=pk)
        if not runs(request.user, event):
            raise Http404
        return view(request, event, *args, **kwargs)

    return answer


def desk_context(request, event, page):
    """What the frame of the desk needs."""
    return {
        "section": "workspace",
        "roles": roles_of(request.user),
        "desk": "events",
        "event": event,
        "desk_page": page,
    }
