"""One practice as a page."""

from django.http import Http404, HttpResponsePermanentRedirect
from django.shortcuts import render
from django.views.decorators.http import require_safe

from common.addresses import absolute
from common.languages import current_language, site_languages
from practices.conditional import unless_unchanged, versions_for
from practices.documents import lasting_address, practice_address
from practices.models import Practice
from practices.models.practice import practice_slug
from practices.presentation import citation, read_practice, structured_data
from practices.rules import may_claim_adaptation
from practices.search.catalogue import catalogue
from practices.search.related import related_cards


def missing(request, pk):
    """The answer where a person may see no practice of this number.

    One that anyone could read and that was withdrawn answers 410, which takes it out of search engines and caches
    sooner than 404; nothing of it is told. All others answer 404, drafts and numbers that never were alike.
    """
    withdrawn = Practice.objects.filter(
        pk=pk,
        status=Practice.Status.WITHDRAWN,
        visibility=Practice.Visibility.PUBLIC,
        published_at__isnull=False,
    )
    if not withdrawn.exists():
        raise Http404
    return render(request, "410.html", {"status": 410}, status=410)


@require_safe
@unless_unchanged
def detail(request, pk, slug=""):
    practice = (
        Practice.objects.visible_to(request.user)
        .with_outdated_languages()
        .select_related("city", "lead_organisation")
        .filter(pk=pk)
        .first()
    )
    if practice is None:
        return missing(request, pk)
    reader = current_language()
    alternates = {code: practice_address(practice, code) for code in site_languages()}
    if request.path != alternates[reader] and slug != practice_slug(str(practice)):
        return HttpResponsePermanentRedirect(alternates[reader])
    values = catalogue(reader, versions_for(request)[1])
    shown = practice.shown_language(reader)
    own_languages = practice.languages
    reading = read_practice(practice, reader)
    canonical = alternates[reader if reader in own_languages else practice.source_language]
    address = absolute(canonical)
    return render(
        request,
        "practices/practice_detail.html",
        {
            "section": "practices",
            "practice": practice,
            "reading": reading,
            "is_outdated": shown == reader and reader in practice.outdated_languages,
            "source_url": alternates[practice.source_language],
            "may_adapt": may_claim_adaptation(request.user, practice),
            "citation": citation(reading, lasting_address(practice, reader)),
            "structured_data": structured_data(reading, address),
            "related": related_cards(practice, values, shown),
            "page_alternates": alternates,
            "existing": [(code, alternates[code]) for code in own_languages],
            "canonical": canonical,
            "pdf_url": practice_address(practice, reader, "practices:pdf"),
            "json_url": practice_address(practice, reader, "practices:json"),
        },
    )
