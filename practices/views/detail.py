"""One practice: as a page, and as JSON for other systems."""

from django.conf import settings
from django.http import Http404, HttpResponsePermanentRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from common.languages import current_language, site_languages
from common.localized import localized
from practices.conditional import unless_unchanged
from practices.models import Practice
from practices.models.practice import practice_slug
from practices.presentation import citation, read_practice, structured_data
from practices.search.catalogue import catalogue
from practices.search.indexing import library_version
from practices.search.related import related_cards


def _address(practice, language, name="practices:detail"):
    title = localized(practice, "title", language, practice.source_language).text
    path = reverse(name, args=[practice.pk, practice_slug(title)])
    return f"/{language}/{path.split('/', 2)[2]}"


@require_safe
@unless_unchanged
def detail(request, pk, slug=""):
    practice = Practice.objects.visible_to(request.user).select_related("city", "lead_organisation").filter(pk=pk).first()
    if practice is None:
        raise Http404
    reader = current_language()
    alternates = {code: _address(practice, code) for code in site_languages()}
    if request.path != alternates[reader] and slug != practice_slug(str(practice)):
        return HttpResponsePermanentRedirect(alternates[reader])
    values = catalogue(reader, library_version()[1])
    shown = practice.shown_language(reader)
    own_languages = practice.languages
    reading = read_practice(practice, reader)
    canonical = alternates[reader if reader in own_languages else practice.source_language]
    address = settings.SITE_URL.rstrip("/") + canonical
    return render(
        request,
        "practices/practice_detail.html",
        {
            "section": "practices",
            "practice": practice,
            "reading": reading,
            "citation": citation(reading, address),
            "structured_data": structured_data(reading, address),
            "related": related_cards(practice, values, shown),
            "page_alternates": alternates,
            "existing": [(code, alternates[code]) for code in own_languages],
            "canonical": canonical,
        },
    )
