"""Answers that need not be made again: 304 while the library, its labels and the code are what they were."""

import hashlib
from functools import wraps

from django.conf import settings
from django.utils import timezone
from django.utils.cache import patch_cache_control, patch_vary_headers
from django.views.decorators.http import condition

from common.languages import current_language
from practices.search.indexing import library_version


def versions_for(request):
    """(number of the practices, number of the labels) that this request is answered with, asked for once."""
    if not hasattr(request, "library_version"):
        request.library_version = library_version()
    return request.library_version


def library_etag(request, *args, **kwargs):
    """A tag for anonymous readers; None (no tag) for people who are signed in, whose pages are their own."""
    if settings.SESSION_COOKIE_NAME in request.COOKIES:
        return None
    parts = (
        settings.RELEASE,
        timezone.localdate(),  # Memberships begin and end with a day.
        *versions_for(request),
        current_language(),
        request.get_full_path(),
        request.headers.get("HX-Request", ""),
        request.headers.get("HX-History-Restore-Request", ""),
    )
    return f'"{hashlib.sha256("|".join(map(str, parts)).encode()).hexdigest()[:32]}"'


def for_caches(request, response, *, vary):
    """The response of a public page, told to be asked about again each time; not kept for people signed in."""
    patch_vary_headers(response, vary)
    if settings.SESSION_COOKIE_NAME in request.COOKIES:
        patch_cache_control(response, private=True, no_store=True)
    else:
        patch_cache_control(response, public=True, max_age=0, must_revalidate=True)
    return response


def unless_unchanged_by(etag):
    """The decorator of public views: conditional requests by a tag, revalidated by caches, separate for htmx."""

    def decorate(view):
        conditional = condition(etag_func=etag)(view)

        @wraps(view)
        def answer(request, *args, **kwargs):
            return for_caches(request, conditional(request, *args, **kwargs), vary=["Cookie", "HX-Request"])

        return answer

    return decorate


unless_unchanged = unless_unchanged_by(library_etag)
