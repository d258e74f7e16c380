"""Calendars that programs subscribe to. Each is built and compared with what the program has: right whatever changed."""

import hashlib
import re
from datetime import UTC, datetime, time
from urllib.parse import urlencode

from babel import Locale
from django.db.models import Max
from django.http import Http404, HttpResponse, HttpResponsePermanentRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import patch_cache_control
from django.views.decorators.http import condition, require_safe

from common.addresses import absolute
from common.languages import current_language
from events.calendars import personal_address
from events.feeds import event_calendar, personal_calendar, public_calendar
from events.models import Event, PersonalCalendar
from events.tokens import is_token_of
from networks.models import Network
from practices.conditional import for_caches

UNKNOWN = "und"
"""The code of an undetermined language (ISO 639), in which nobody works."""

_SLUG = re.compile(r"[-a-zA-Z0-9_]{1,80}")


@require_safe
def calendar(request):
    """The public calendar, of networks and working languages if the address says so.

    An unknown network answers 404: programs then keep what they have. A language that nobody works in has no events.
    """
    slugs, languages = request.GET.getlist("network"), request.GET.getlist("language")
    networks = list(Network.objects.filter(slug__in=filter(_SLUG.fullmatch, slugs)))
    if {network.slug for network in networks} != set(slugs):
        raise Http404
    known = Locale.parse("en").languages
    languages = sorted({code if code in known else UNKNOWN for code in languages})
    asked = urlencode({"network": sorted(set(slugs)), "language": languages}, doseq=True)
    address = absolute(reverse("events:calendar")) + (f"?{asked}" if asked else "")
    text = public_calendar(networks, languages, address)
    return _public(request, text, f"events-{current_language()}", _last_change())


@require_safe
def event_file(request, pk, slug):
    """One event, with `?sessions=1` its agenda; for those who may see its page."""
    event = Event.objects.visible_to(request.user).select_related("city").filter(pk=pk).first()
    if event is None:
        raise Http404
    address = reverse("events:ics", args=[event.pk, event.slug])
    query = f"?{request.META['QUERY_STRING']}" if request.META["QUERY_STRING"] else ""
    if slug != event.slug:
        return HttpResponsePermanentRedirect(address + query)
    text = event_calendar(event, absolute(address + query), has_agenda=request.GET.get("sessions") == "1")
    if not text:
        raise Http404
    return _public(request, text, f"event-{event.pk}-{current_language()}", _last_change())


@require_safe
def personal(request, uid, token):
    """The calendar of one address: whoever has the link sees it. Not to be kept by caches nor found by search engines."""
    holder = get_object_or_404(PersonalCalendar, uid=uid)
    if not is_token_of(holder, token, "calendar"):
        raise Http404
    response = _answer(request, personal_calendar(holder, personal_address(holder)), "my-events", None)
    patch_cache_control(response, private=True, no_store=True)
    response["X-Robots-Tag"] = "noindex, nofollow"
    response["Referrer-Policy"] = "no-referrer"
    return response


def _public(request, text, name, changed_at):
    return for_caches(request, _answer(request, text, name, changed_at), vary=["Cookie"])


def _answer(request, text, name, changed_at):
    """The calendar as a file, or 304 where the program has these bytes; `changed_at` for those that ask by date."""
    body = text.encode()
    tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'

    @condition(etag_func=lambda request: tag, last_modified_func=lambda request: changed_at)
    def answer(request):
        response = HttpResponse(body, content_type="text/calendar; charset=utf-8")
        response["Content-Disposition"] = f'attachment; filename="{name}.ics"'
        return response

    return answer(request)


def _last_change():
    """When a public calendar may have changed last; never before today.

    Events leave it when their time has come, and names of networks and cities are changed elsewhere: who asks by date
    gets the whole of it once a day. All events count, since those that were hidden are no longer among the shown.
    """
    today = datetime.combine(timezone.now().date(), time(), UTC)
    latest = Event.objects.aggregate(latest=Max("updated_at"))["latest"]
    return max(latest, today) if latest else today
