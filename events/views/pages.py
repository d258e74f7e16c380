"""The public pages of events: list, month, event, series. What one may not see is not there."""

from dataclasses import replace
from urllib.parse import urlencode

from django.http import Http404, HttpResponsePermanentRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from common.languages import current_language
from common.localized import localized
from events.addresses import addresses
from events.cards import cards_of
from events.conditional import unless_the_same
from events.filters import ALL
from events.listing import EventRequest, chips, event_page, facet_groups, matching, ways_out
from events.models import Event, EventSeries
from events.month import FIRST_YEAR, LAST_YEAR, grid_of, in_days, month_address, month_of, neighbours
from events.presentation import read_event, registration_dates, seats_in_words, series_cards, with_programme
from events.rules import runs_series
from events.structured import json_ld
from practices.conditional import versions_for
from practices.listing import page_links
from practices.search.catalogue import catalogue


def scope_of(request):
    """The events that the reader's lists are made of."""
    return Event.objects.visible_to(request.user).announced()


def labels(request):
    return catalogue(current_language(), versions_for(request)[1])


@require_safe
@unless_the_same
def event_list(request):
    values, scope, address = labels(request), scope_of(request), reverse("events:list")
    asked = EventRequest.parse(request.GET, values)
    page = event_page(asked, scope)
    is_fragment = bool(request.htmx) and not request.htmx.history_restore_request
    context = {
        "section": "events",
        "request_": asked,
        "page": page,
        "action": address,
        "canonical": address + asked.query_string(),
        "clear_url": address + EventRequest(when=asked.when).query_string(),
        "upcoming_url": address + asked.query_string(when="upcoming", page=1),
        "past_url": address + asked.query_string(when="past", page=1),
        "month_url": this_month() + EventRequest(asked.chosen).query_string(),
        "calendar_query": calendar_query(asked),
        "facets": facet_groups(page, values),
        "chips": chips(asked, address),
        "cards": cards_of(page.ids, values),
        "is_fragment": is_fragment,
    }
    if not page.total:
        context["drops"] = ways_out(asked, scope, address)
    else:
        context |= page_links(page, address)
    return render(request, "events/_results.html" if is_fragment else "events/event_list.html", context)


def calendar_query(asked):
    """What of a request a calendar can be narrowed by."""
    pairs = [(name, key) for name, key in asked.pairs() if name in ("network", "language")]
    return f"?{urlencode(pairs)}" if pairs else ""


def this_month():
    today = timezone.localdate()
    return month_address(today.year, today.month)


@require_safe
@unless_the_same
def month(request, year, month):
    year, month = int(year), int(month)
    if not (FIRST_YEAR <= year <= LAST_YEAR and 1 <= month <= 12):
        raise Http404
    values, scope, address = labels(request), scope_of(request), month_address(year, month)
    asked = EventRequest.parse(request.GET, values)
    asked = EventRequest(asked.chosen, unknown=asked.unknown)
    found = matching(replace(asked, when=ALL), scope)
    shown = month_of(year, month, in_days(found, *grid_of(year, month)))
    query = asked.query_string()
    links = {
        name: link and link | {"url": link["url"] + query} for name, link in neighbours(year, month, scope).items()
    }
    context = {
        "section": "events",
        "request_": asked,
        "month": shown,
        "canonical": address + query,
        "clear_url": address,
        "list_url": reverse("events:list") + query,
        "today_url": this_month() + query,
        "chips": chips(asked, address),
        **links,
    }
    return render(request, "events/event_month.html", context)


@require_safe
@unless_the_same
def detail(request, pk, slug=""):
    scope = Event.objects.visible_to(request.user)
    event = with_programme(scope).filter(pk=pk).first()
    if event is None:
        raise Http404
    alternates = addresses(event)
    reader = current_language()
    if request.path != alternates[reader] and slug != event.slug:
        return HttpResponsePermanentRedirect(alternates[reader])
    return render(request, "events/event_detail.html", detail_context(request, event, alternates))


def detail_context(request, event, alternates):
    """What the page of an event from `with_programme` tells; `alternates` are its addresses in all languages."""
    reader, scope = current_language(), Event.objects.visible_to(request.user)
    reading = read_event(event, reader)
    canonical = alternates[reader if reader in reading.languages else event.source_language]
    siblings = series_cards(event.series, scope.announced(), labels(request), but_for=event.pk) if event.series else []
    return {
        "section": "events",
        "event": event,
        "reading": reading,
        "may_fetch": True,
        "series": event.series and localized(event.series, "title", reader, event.series.source_language),
        "siblings": siblings,
        "calendar_query": "?" + urlencode([("network", network.slug) for network in reading.networks]),
        "seats": seats_in_words(reading),
        "registration_dates": registration_dates(event),
        "structured": json_ld(event, reader) if event.is_public else None,
        "page_alternates": alternates,
        "existing": [(code, alternates[code]) for code in reading.languages],
        "canonical": canonical,
        "is_changed": any(mark.is_change for mark in reading.marks),
    }


@require_safe
@unless_the_same
def series(request, pk, slug=""):
    """The events of a programme in their order. Without one that the reader may see, only who runs it finds the page."""
    found = get_object_or_404(EventSeries.objects.prefetch_related("networks"), pk=pk)
    cards = series_cards(found, scope_of(request), labels(request))
    if not cards and not runs_series(request.user, found):
        raise Http404
    alternates = addresses(found)
    reader, source = current_language(), found.source_language
    if request.path != alternates[reader] and slug != found.slug:
        return HttpResponsePermanentRedirect(alternates[reader])
    context = {
        "section": "events",
        "series": found,
        "title": localized(found, "title", reader, source),
        "summary": localized(found, "summary", reader, source),
        "description": localized(found, "description", reader, source),
        "cards": cards,
        "page_alternates": alternates,
        "canonical": alternates[reader],
    }
    return render(request, "events/series_detail.html", context)
