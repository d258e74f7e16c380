"""Practices that have much in common with one, among those that exist in the language it is read in."""

from collections import Counter

from practices.models import FacetDocument
from practices.search.cards import load_cards
from practices.search.facets import FACET, facet_of, letters_number

CANDIDATES = 300
SHOWN = 4
WEIGHTS = {"theme": 3, "approach": 2, "beneficiary": 1, "network": 0.5, "scope": 0.5}


def related_cards(practice, catalogue, language):
    """Cards of the nearest practices by shared facet values, most in common first, then newest.

    The candidates are the newest of that language that share a theme.
    """
    document = FacetDocument.objects.filter(pk=practice.pk).first()
    if document is None:
        return []
    own = Counter({code: WEIGHTS.get(facet_of(code).name, 0) for code in document.facets})
    themes = [code for code in document.facets if facet_of(code).name == "theme"]
    candidates = (
        FacetDocument.objects.filter(facets__overlap=themes)
        .filter(facets__contains=[FACET["language"].code(letters_number(language))])
        .exclude(pk=practice.pk)
        .order_by("-published_at", "-pk")
        .values_list("pk", "facets")[:CANDIDATES]
    )
    scored = [(sum(own[code] for code in facets), -place, pk) for place, (pk, facets) in enumerate(candidates)]
    best = [pk for score, _, pk in sorted(scored, reverse=True)[:SHOWN] if score]
    return load_cards(best, catalogue)
