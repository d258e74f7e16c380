"""Answers about events that a browser or cache keeps: sent again only where they would differ.

What a page says of an event depends on seats, rooms and the hour as much as on the event, so the answer itself is
compared; anything cleverer would one day tell that a full event has places.
"""

from functools import wraps

from django.conf import settings
from django.utils.cache import patch_cache_control, patch_vary_headers
from django.views.decorators.http import conditional_page


def unless_the_same(view):
    """Decorate a public view: 304 where the answer is what the visitor has; nothing is kept for people signed in."""

    @wraps(view)
    def answer(request, *args, **kwargs):
        response = view(request, *args, **kwargs)
        patch_vary_headers(response, ["Cookie", "HX-Request"])
        if settings.SESSION_COOKIE_NAME in request.COOKIES:
            patch_cache_control(response, private=True, no_store=True)
        else:
            patch_cache_control(response, public=True, max_age=0, must_revalidate=True)
        return response

    return conditional_page(answer)
