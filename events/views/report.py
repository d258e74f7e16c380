"""The report of an event, for everybody who may see the event, once it is there."""

from django.http import Http404
from django.shortcuts import redirect
from django.utils.cache import patch_cache_control, patch_vary_headers
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
    response = pdf_answer(event)
    patch_vary_headers(response, ["Cookie"])
    if not event.is_public:
        patch_cache_control(response, private=True, no_store=True)
    return response
