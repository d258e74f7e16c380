"""The report of an event, for everybody who may see the event, once it is there."""

from django.http import Http404
from django.shortcuts import redirect
from django.views.decorators.http import require_safe

from events.models import Event
from events.views.minutes import pdf_answer

REPORTED = (Event.Status.REPORTED, Event.Status.ARCHIVED)


@require_safe
def report(request, pk, slug):
    event = Event.objects.visible_to(request.user).filter(pk=pk, status__in=REPORTED).first()
    if event is None:
        raise Http404
    if slug != event.slug:
        return redirect("events:report", event.pk, event.slug, permanent=True)
    return pdf_answer(event)
