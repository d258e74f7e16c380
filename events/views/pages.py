"""The public pages of events."""

from django.http import Http404
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from events.models import Event


@require_safe
def detail(request, pk, slug):
    event = Event.objects.visible_to(request.user).filter(pk=pk).first()
    if event is None:
        raise Http404
    if slug != event.slug:
        return redirect(event, permanent=True)
    return render(request, "events/event_detail.html", {"section": "events", "event": event})
