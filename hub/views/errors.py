"""Error pages in the language of the address."""

from django.conf import settings
from django.http import JsonResponse
from django.shortcuts import render
from django.utils import translation

from accounts.limits import seconds_to_wait, wait_in_words
from common.languages import site_languages


def _error(request, status, template, context=lambda: {}):
    """An error page in the language of the address, so that a wrong path keeps its reader's language."""
    first = request.path.lstrip("/").split("/")[0]
    language = first if first in site_languages() else translation.get_language_from_request(request).split("-")[0]
    with translation.override(language if language in site_languages() else settings.LANGUAGE_CODE):
        return render(request, template, {"status": status} | context(), status=status)


def bad_request(request, exception):
    return _error(request, 400, "400.html")


def forbidden(request, exception):
    return _error(request, 403, "403.html")


def forged(request, reason=""):
    """A form without a valid token: `CSRF_FAILURE_VIEW`."""
    return _error(request, 403, "403_csrf.html")


def not_found(request, exception):
    if request.path.startswith("/api/"):
        return JsonResponse({"detail": "Not found."}, status=404)
    return _error(request, 404, "404.html")


def too_many_requests(request):
    """Not one of Django's handlers: the limits of accounts ask for it by this name."""
    response = _error(request, 429, "429.html", lambda: {"wait": wait_in_words(request)})
    response["Retry-After"] = str(seconds_to_wait(request))
    return response


def server_error(request):
    """No database, no context beyond the request: this page must work when little else does."""
    if request.path.startswith("/api/"):
        return JsonResponse({"detail": "Server error."}, status=500)
    return _error(request, 500, "500.html")
