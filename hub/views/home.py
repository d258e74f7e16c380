"""The way in, and the home page."""

from django.conf import settings
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import translation
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_safe

from common.addresses import absolute
from common.languages import current_language, site_languages
from hub.directory import map_of_practices, public_networks
from hub.upcoming import upcoming, with_upcoming
from practices.conditional import versions_for
from practices.search.cards import load_cards
from practices.search.catalogue import catalogue
from practices.search.library import library_page
from practices.search.request import LibraryRequest

NEWEST = 6
THEMES = 14


@require_safe
def choose_language(request):
    """Send to the home page in the language the reader's browser asks for; no deep link is ever changed."""
    language = translation.get_language_from_request(request).split("-")[0]
    if language not in site_languages():
        language = settings.LANGUAGE_CODE
    response = HttpResponseRedirect(f"/{language}/")
    patch_vary_headers(response, ["Accept-Language", "Cookie"])
    return response


@require_safe
@with_upcoming()
def home(request):
    reader = current_language()
    versions = versions_for(request)
    values = catalogue(reader, versions[1])
    page = library_page(LibraryRequest(), reader, page_size=NEWEST)
    themes = [value for value in values.of_facet("theme") if page.counts.get(value.code)]
    themes.sort(key=lambda value: (-page.counts[value.code], value.label))
    context = map_of_practices(reader, versions) | {
        "total": page.total,
        "cards": load_cards([hit.practice_id for hit in page.hits], values),
        "networks": public_networks(page.counts),
        "upcoming": upcoming(request),
        "themes": [(value, page.counts[value.code]) for value in themes[:THEMES]],
    }
    return render(request, "hub/home.html", context)


@require_safe
def search(request):
    """The search of the whole hub; so far its library."""
    query = request.GET.urlencode()
    return HttpResponseRedirect(reverse("practices:list") + (f"?{query}" if query else ""))


@require_safe
def robots(request):
    lines = [
        "User-agent: *",
        "Disallow: /admin/",
        "Disallow: /*/accounts/",
        "Disallow: /*/practices/suggest/",
        "Disallow: /newsletter/click/",
        f"Sitemap: {absolute('/sitemap.xml')}",
    ]
    return HttpResponse("\n".join(lines) + "\n", content_type="text/plain")
