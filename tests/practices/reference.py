"""The library as a plain query over the records would answer it: slow, and beyond doubt."""

from collections import Counter

from practices.models import Practice
from practices.search.facets import facet_of, practice_codes


def plain_answer(request):
    """(ids newest first, {code: count without the facet's own filter}) of a request without text."""
    documents = {
        practice.pk: set(practice_codes(practice))
        for practice in Practice.objects.public().select_related("city").order_by("-published_at", "-pk")
    }
    chosen = {name: set(codes) for name, codes in request.codes_by_facet().items()}

    def fits(codes, left_out=None):
        return all(codes & wanted for name, wanted in chosen.items() if name != left_out)

    counts = Counter()
    for codes in documents.values():
        for code in codes:
            facet = facet_of(code)
            if not facet.is_sparse and fits(codes, left_out=facet.name):
                counts[code] += 1
    return [pk for pk, codes in documents.items() if fits(codes)], dict(counts)
