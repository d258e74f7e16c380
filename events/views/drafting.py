"""Practices that were shown at an event, and their way into the library."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from events.models import EventPractice
from events.services.drafting import draft_practice
from events.views.running import desk_context, for_who_runs_the_event


@require_safe
@for_who_runs_the_event
def shown_practices(request, event):
    rows = event.event_practices.select_related("practice", "city", "session__event")
    return render(request, "events/desk/practices.html", desk_context(request, event, "practices") | {"rows": rows})


@require_POST
@for_who_runs_the_event
def draft(request, event, shown):
    """Begin the draft and open it; pressed again, it opens what there is."""
    shown = get_object_or_404(EventPractice, event=event, pk=shown)
    try:
        practice = draft_practice(shown, actor=request.user)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
        return redirect("event_desk:practices", event.pk)
    return redirect(practice) if practice.published_at else redirect("workspace:write", practice.pk)
