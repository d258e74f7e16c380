"""The note page of one group, for whoever has the link that was mailed: nothing else opens by it. GET shows, POST saves."""

from django.http import Http404
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_http_methods

from accounts.views import token_page
from events.models import NoteLink
from events.rules import may_write_notes
from events.tokens import is_token_of
from events.views.minutes import writing


def link_of(uid, token):
    """The link that was mailed; 404 for a wrong, closed or withdrawn one."""
    related = ["group__session__event", "group__room__event"]
    link = get_object_or_404(NoteLink.objects.select_related(*related), uid=uid)
    if link.withdrawn_at is not None or not is_token_of(link, token, "notes"):
        raise Http404
    return link


@token_page
@require_http_methods(["GET", "HEAD", "POST"])
def group_notes(request, uid, token):
    """Once the report is there the page tells so; what was typed by then is given back, not saved."""
    link = link_of(uid, token)
    group, event = link.group, link.group.session.event
    frame = {"section": "events", "link": link, "event": event, "group": group}
    if request.method != "POST" and not may_write_notes(link):
        return _unlisted(render(request, "events/notes_closed.html", frame))
    return _unlisted(writing(request, event, group, request.path, "events/notes.html", frame, actor=None, link=link))


def _unlisted(response):
    response["X-Robots-Tag"] = "noindex, nofollow"
    return response
