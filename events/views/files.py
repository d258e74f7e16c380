"""Documents of events: each request asks whether the event may still be read."""

from django.http import Http404
from django.views.decorators.http import require_safe

from events.models import Event, EventDocument
from events.rules import runs
from practices.views.files import file_answer


@require_safe
def document(request, path):
    """A file by its stored name, for whoever may open the event. What is for participants only who runs it gets here."""
    if "\x00" in path:
        raise Http404  # PostgreSQL refuses to look for it.
    record = EventDocument.objects.filter(file=path).select_related("event").first()
    if record is None or not Event.objects.visible_to(request.user).filter(pk=record.event_id).exists():
        raise Http404
    if record.is_for_participants and not runs(request.user, record.event):
        raise Http404
    return file_answer(record, is_public=record.event.is_public and not record.is_for_participants)
