"""What holds for every request of a signed-in person."""

import logging

from django.conf import settings
from django.http import HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.cache import add_never_cache_headers
from redis.exceptions import RedisError

from accounts.services import has_second_factor, needs_second_factor

ALWAYS_OPEN = {
    "account_login",
    "account_logout",
    "account_reauthenticate",
    "account_change_password",
    "admin:logout",
    "set_language",
    "healthz",
    "readyz",
}
"""URL names that a person without the required second factor still reaches, besides those of its set-up."""

logger = logging.getLogger(__name__)


class LimitStoreMiddleware:
    """Where tries cannot be counted, none is allowed: the page says that it will be back."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        return self.get_response(request)

    def process_exception(self, request, exception):
        if not isinstance(exception, RedisError):
            return None
        logger.error("The store of the rate limits does not answer: %s", exception)
        response = render(request, "503.html", {"status": 503}, status=503)
        response["Retry-After"] = "60"
        return response


class AllauthPagesMiddleware:
    """allauth's pages behave as ours: a refused form answers 422, and no cache keeps a personal page."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        return self.get_response(request)

    def process_template_response(self, request, response):
        if not request.resolver_match.view_name.startswith(("account_", "mfa_")):
            return response
        form = (response.context_data or {}).get("form")
        if request.method == "POST" and response.status_code == 200 and form is not None and form.errors:
            response.status_code = 422
        add_never_cache_headers(response)
        return response


class SecondFactorMiddleware:
    """Sends whoever needs a second factor to its set-up until there is one."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        return self.get_response(request)

    def process_view(self, request, view, args, kwargs):
        # Without a session there is nobody to ask for, and pages that never look at it stay the same for all.
        if not settings.REQUIRE_SECOND_FACTOR or settings.SESSION_COOKIE_NAME not in request.COOKIES:
            return None
        name = request.resolver_match.view_name
        if name in ALWAYS_OPEN or name.startswith("mfa_"):
            return None
        user = request.user
        if not user.is_authenticated or not needs_second_factor(user) or has_second_factor(user):
            return None
        if request.path.startswith("/api/"):
            return JsonResponse({"detail": "Set up a second factor first."}, status=403)
        return HttpResponseRedirect(reverse("mfa_index"))
