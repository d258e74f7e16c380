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

_NAME = re.compile(rb'\bname="?List-Unsubscribe(?:["\s;]|$)', re.IGNORECASE)
_LONGEST = 10_000
"""Bytes of a body that may be a pressed button; what is longer is none."""

_MOST_FIELDS = 50


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
    if subscriber is None and not leaving.was_key(key):
        return HttpResponseNotFound(content_type="text/plain")
    if not _says_one_click(request):
        return HttpResponseBadRequest(content_type="text/plain")
    if subscriber is not None:
        leaving.end(subscriber, scope, way=ConsentEvent.Way.ONE_CLICK)
    return HttpResponse(content_type="text/plain")


def _says_one_click(request):
    """Whether the body is what RFC 8058 says, as a form of either kind, whatever charset is named beside it."""
    try:
        body = request.body
    except RequestDataTooBig:
        return False
    if len(body) > _LONGEST:
        return False
    if request.content_type == "multipart/form-data":
        return _is_said_in_parts(body)
    try:
        values = parse_qs(body.decode("latin-1"), max_num_fields=_MOST_FIELDS)
    except ValueError:
        return False
    return any(value.strip().lower() == "one-click" for value in values.get("List-Unsubscribe", []))


def _is_said_in_parts(body):
    """Each line is looked at once: whoever writes the body must not decide how long reading it takes."""
    lines = iter(body.splitlines())
    for line in lines:
        if not _NAME.search(line):
            continue
        for header in lines:
            if not header.strip():
                break
        value = next((line for line in lines if line.strip()), b"")
        if value.strip().lower() == b"one-click":
            return True
    return False
