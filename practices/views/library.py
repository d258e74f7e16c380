"""The library: list, map and suggestions of one query."""

from urllib.parse import urlencode

from django.db.models import Count
from django.http import JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from common.languages import current_language, direction
from networks.mapping import MapPlace, map_context
from networks.models import City
from practices.conditional import unless_unchanged, versions_for
from practices.listing import KIND_LABELS, SORT_LABELS, chips, facet_groups, page_links, ways_out
from practices.models import FacetDocument
from practices.search.cards import load_cards
from practices.search.catalogue import Value, catalogue, city_value
from practices.search.facets import FACET
from practices.search.highlighting import find_in_texts
from practices.search.library import library_page, matching_ids
from practices.search.request import LibraryRequest
from practices.search.spelling import nearest_words
from practices.search.suggestions import suggestions
from practices.search.vectors import folded_title


@require_safe
@unless_unchanged
def library(request):
    return _answer(request, "list")


@require_safe
@unless_unchanged
def library_map(request):
    return _answer(request, "map")


def _answer(request, view_name):
    reader = current_language()
    values = catalogue(reader, versions_for(request)[1])
    asked = LibraryRequest.parse(request.GET, values)
    page = library_page(asked, reader)
    addresses = {"list": reverse("practices:list"), "map": reverse("practices:map"), "feed": reverse("practices:feed")}
    address = addresses[view_name]
    is_fragment = bool(request.htmx) and not request.htmx.history_restore_request
    context = {
        "section": "practices",
        "view_name": view_name,
        "request_": asked,
        "page": page,
        "action": address,
        "canonical": address + asked.query_string(),
        "list_url": addresses["list"] + asked.query_string(page=1),
        "map_url": addresses["map"] + asked.query_string(page=1),
        "feed_url": addresses["feed"] + asked.query_string(page=1, sort=asked.default_sort),
        "tell_url": _address_to_be_told(asked),
        "clear_url": address,
        "facets": facet_groups(page, values),
        "chips": chips(asked, address),
        "sorts": [(sort, label) for sort, label in SORT_LABELS.items() if sort != "relevance" or asked.text],
        "is_fragment": is_fragment,
    }
    if not page.total:
        context |= {"drops": ways_out(asked, reader, address), "spellings": _spellings(asked, reader, address)}
    elif view_name == "map":
        context |= _map(asked, page, reader)
    else:
        found = find_in_texts(page.hits, page.query) if page.query else None
        context |= {"cards": load_cards([hit.practice_id for hit in page.hits], values, found)}
        context |= page_links(page, address)
    return render(request, "practices/_results.html" if is_fragment else "practices/practice_list.html", context)


def _address_to_be_told(asked):
    """Where one asks for mail about what will answer this question."""
    address = reverse("newsletters:subscribe")
    question = asked.query_string(page=1, sort=asked.default_sort).removeprefix("?")
    return f"{address}?{urlencode({'search': question})}" if question else address


def _spellings(asked, reader, address):
    """Words of the library near those that were asked for, each as the whole query."""
    words = [word for text in asked.text.split() if (word := folded_title(text))]
    near = [pair for word in words[:4] for pair in nearest_words(word, reader)]
    return [
        {
            "word": word,
            "language": language,
            "url": address + LibraryRequest(text=word, sort="relevance").query_string(),
        }
        for language, word in dict.fromkeys(near)
    ]


def _map(asked, page, reader):
    """Circles and list of the cities of all matching practices."""
    documents = FacetDocument.objects.filter(city_id__isnull=False)
    if page.query or asked.chosen:
        documents = documents.filter(pk__in=matching_ids(asked, page))
    counts = dict(documents.values_list("city_id").annotate(count=Count("pk")))
    places = []
    for city in City.objects.filter(pk__in=counts):
        value = city_value(city.slug, reader, city)
        places.append(
            MapPlace(
                label=value.label,
                latitude=city.latitude,
                longitude=city.longitude,
                count=counts[city.pk],
                url=reverse("practices:list") + _in_cities(asked, [value]),
                key=city.slug,
            )
        )
    places.sort(key=lambda place: (-place.count, place.label))
    context = map_context(places, lambda several: reverse("practices:list") + _in_cities(asked, map(_value, several)))
    context["not_on_map"] += page.total - sum(counts.values())
    context["map_cities"] = places
    return context


def _value(place):
    return Value("city", place.key, FACET["city"].code(0), place.label, 0)


def _in_cities(asked, values):
    kept = tuple(value for value in asked.chosen if value.facet != "city")
    return asked.query_string(chosen=(*kept, *values), page=1)


@require_safe
@unless_unchanged
def suggest(request):
    """What the beginning of a word may mean, as JSON: [{kind, label, url, language, direction}]."""
    reader = current_language()
    found = suggestions(request.GET.get("q", ""), catalogue(reader, versions_for(request)[1]))
    return JsonResponse(
        {
            "suggestions": [
                {
                    "kind": str(KIND_LABELS[suggestion.kind]),
                    "label": suggestion.label,
                    "url": suggestion.url,
                    "language": suggestion.language,
                    "direction": direction(suggestion.language or reader),
                }
                for suggestion in found
            ]
        }
    )
