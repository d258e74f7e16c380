"""The unsubscribe button of mail programs (RFC 8058)."""

import re
from urllib.parse import parse_qs

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.http import HttpResponse, HttpResponseBadRequest, HttpResponseNotFound
from django.shortcuts import redirect
from django.utils import translation
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from accounts.views import token_page
from newsletters.models import ConsentEvent
from newsletters.services import leaving

_PART = re.compile(rb'name="?List-Unsubscribe"?[^\n]*\r?\n(?:[^\n]+\r?\n)*\r?\n\s*One-Click', re.IGNORECASE)
_LONGEST = 10_000


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
@token_page
def one_click(request, key):
    """POST ends at once what the key means: no cookie, no token, no redirect, 200 however often. GET leads to the page."""
    subscriber, scope = leaving.subscriber_of_key(key)
    if request.method != "POST":
        if subscriber is None:
            return HttpResponseNotFound(content_type="text/plain")
        with translation.override(subscriber.languages[0] if subscriber.languages else settings.LANGUAGE_CODE):
            return redirect("newsletters:preferences", key)
    if not _says_one_click(request):
        return HttpResponseBadRequest(content_type="text/plain")
    if subscriber is not None:
        leaving.end(subscriber, scope, way=ConsentEvent.Way.ONE_CLICK)
    elif not leaving.was_key(key):
        return HttpResponseNotFound(content_type="text/plain")
    return HttpResponse(content_type="text/plain")


def _says_one_click(request):
    """Whether the body is what RFC 8058 says, as a form of either kind, whatever charset is named beside it."""
    try:
        body = request.body[:_LONGEST]
    except RequestDataTooBig:
        return False
    if request.content_type == "multipart/form-data":
        return bool(_PART.search(body))
    values = parse_qs(body.decode("latin-1"), max_num_fields=50)
    return any(value.strip().lower() == "one-click" for value in values.get("List-Unsubscribe", []))
