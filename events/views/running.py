"""The door of the desk: pages for those who run an event, which nobody else finds."""

from functools import wraps

from django.http import Http404
from django.shortcuts import get_object_or_404
from django.utils.http import urlencode

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


# Lists of participants, which may be long --------------------------------------------------------

AROUND = 2
"""Pages before and after the present one that have a link."""


def asked_for(request) -> str:
    """What is searched for in a list."""
    return request.GET.get("q", "").replace("\0", "").strip()[:100]


def pages_of(page, asked: str) -> dict:
    """Inputs of components/pages.html for a page of Django's paginator."""

    def url(number):
        return "?" + urlencode(({"q": asked} if asked else {}) | {"page": number})

    links = [
        None if number == page.paginator.ELLIPSIS else _link(number, url(number), page)
        for number in page.paginator.get_elided_page_range(page.number, on_each_side=AROUND, on_ends=1)
    ]
    return {
        "pages": links,
        "previous": url(page.previous_page_number()) if page.has_previous() else "",
        "next": url(page.next_page_number()) if page.has_next() else "",
    }


def _link(number, address, page):
    return {"number": number, "url": address, "is_current": number == page.number}
