"""Cities and networks: lists with maps, and a page for each with its practices."""

from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_safe

from common.languages import current_language
from common.localized import localized
from common.ordering import sort_key
from common.text import clean_line
from hub.directory import city_entries, city_map, public_networks
from hub.upcoming import upcoming, with_upcoming
from networks.models import City, Membership, Network
from practices.conditional import unless_unchanged, versions_for
from practices.search.cards import load_cards
from practices.search.catalogue import catalogue, city_value
from practices.search.library import library_page
from practices.search.request import LibraryRequest
from vocabularies.models import Scheme, Term

NEWEST = 5
LISTED_AT_ONCE = 400
"""Of more cities the list names the countries first: a page of thousands of names helps nobody."""


@require_safe
@unless_unchanged
def city_list(request):
    """All cities, filtered by country, network and the beginning of a name, as list and map."""
    reader = current_language()
    versions = versions_for(request)
    entries = city_entries(reader, versions)
    networks = list(Network.objects.all())
    chosen_country = request.GET.get("country", "").upper()
    chosen_network = next((network for network in networks if network.slug == request.GET.get("network")), None)
    countries = sorted(
        {(entry.country_name, entry.country) for entry in entries}, key=lambda country: sort_key(country[0], reader)
    )
    shown = [
        entry
        for entry in entries
        if (not chosen_country or entry.country == chosen_country)
        and (chosen_network is None or chosen_network.pk in entry.network_ids)
    ]
    by_country = _by_country(shown, reader)
    context = city_map(shown) | {
        "section": "cities",
        "entries": shown,
        "by_country": by_country,
        "countries_first": len(shown) > LISTED_AT_ONCE and len(by_country) > 1,
        "countries": countries,
        "networks": networks,
        "chosen_country": clean_line(chosen_country)[:2],
        "chosen_network": chosen_network,
    }
    return render(request, "networks/city_list.html", context)


def _by_country(entries, reader):
    groups = {}
    for entry in entries:
        groups.setdefault(entry.country_name, []).append(entry)
    return sorted(groups.items(), key=lambda group: sort_key(group[0], reader))


@require_safe
@with_upcoming("city")
def city_detail(request, slug):
    reader = current_language()
    city = get_object_or_404(City, slug=slug)
    versions = versions_for(request)
    values = catalogue(reader, versions[1])
    page = library_page(LibraryRequest(chosen=(city_value(slug, reader, city),)), reader, page_size=NEWEST)
    entry = next((entry for entry in city_entries(reader, versions) if entry.slug == slug), None)
    band = city.population_band
    context = {
        "section": "cities",
        "city": city,
        "description": localized(city, "description", reader, "en"),
        "memberships": Membership.objects.active().filter(city=city).select_related("network"),
        "total": page.total,
        "cards": load_cards([hit.practice_id for hit in page.hits], values),
        "library_url": reverse("practices:list") + f"?city={city.slug}",
        "upcoming": upcoming(request, "city", slug),
        "population_band": Term.objects.filter(scheme=Scheme.POPULATION_BAND, code=band).first() if band else None,
        "country_name": entry.country_name if entry else city.country.name,
    }
    return render(request, "networks/city_detail.html", context | city_map([entry] if entry else []))


@require_safe
@unless_unchanged
def network_list(request):
    page = library_page(LibraryRequest(), current_language(), page_size=1)
    return render(
        request, "networks/network_list.html", {"section": "networks", "networks": public_networks(page.counts)}
    )


@require_safe
@with_upcoming("network")
def network_detail(request, slug):
    """A network: what it is, its cities on the map, its newest practices and what they are about."""
    reader = current_language()
    network = get_object_or_404(Network.objects.select_related("convenor"), slug=slug)
    versions = versions_for(request)
    values = catalogue(reader, versions[1])
    asked = LibraryRequest(chosen=(values.value("network", slug),))
    page = library_page(asked, reader, page_size=NEWEST)
    members = [entry for entry in city_entries(reader, versions) if network.pk in entry.network_ids]
    themes = [value for value in values.of_facet("theme") if page.counts.get(value.code)]
    themes.sort(key=lambda value: (-page.counts[value.code], value.label))
    context = {
        "section": "networks",
        "network": network,
        "description": localized(network, "description", reader, "en"),
        "members": members,
        "members_by_country": _by_country(members, reader),
        "working_groups": network.working_groups.all(),
        "total": page.total,
        "themes": [(value, page.counts[value.code]) for value in themes[:10]],
        "cards": load_cards([hit.practice_id for hit in page.hits], values),
        "library_url": reverse("practices:list") + asked.query_string(),
        "upcoming": upcoming(request, "network", slug),
    }
    return render(request, "networks/network_detail.html", context | city_map(members))
