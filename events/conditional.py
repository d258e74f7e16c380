"""Answers about events that a browser or cache keeps: sent again only where they would differ.

What a page says of an event depends on seats, rooms and the hour as much as on the event, so the answer itself is
compared; anything cleverer would one day tell that a full event has places.
"""

from functools import wraps

from django.views.decorators.http import conditional_page

from practices.conditional import for_caches


def unless_the_same(view):
    """Decorate a public view: 304 where the answer is what the visitor has; nothing is kept for people signed in."""

    @wraps(view)
    def answer(request, *args, **kwargs):
        return for_caches(request, view(request, *args, **kwargs), vary=["Cookie", "HX-Request"])

    return conditional_page(answer)
