"""The facets of the library and the integer codes by which the index knows their values."""

from dataclasses import dataclass

from vocabularies.models import Scheme

SPAN = 1_000_000
EVERYTHING = 0
"""Code of the bit string that holds every public practice."""


@dataclass(frozen=True, slots=True)
class Facet:
    """`name` is its parameter in the address; `scheme` its vocabulary, if it has one.

    A sparse facet has too many values to count each: it filters, but offers no list and has no bit strings.
    """

    name: str
    number: int
    scheme: str = ""
    is_sparse: bool = False

    def code(self, value: int) -> int:
        """Code of one value: the facet's number and the value's (a primary key, or letters as a number)."""
        return self.number * SPAN + value

    @property
    def codes(self) -> range:
        return range(self.number * SPAN, (self.number + 1) * SPAN)


FACETS = (
    Facet("theme", 1, Scheme.THEME),
    Facet("country", 4),
    Facet("network", 6),
    Facet("approach", 3, Scheme.APPROACH),
    Facet("beneficiary", 2, Scheme.BENEFICIARY),
    Facet("evidence", 7, Scheme.EVIDENCE_LEVEL),
    Facet("transferability", 9, Scheme.TRANSFERABILITY),
    Facet("lifecycle", 8, Scheme.LIFECYCLE),
    Facet("scope", 10, Scheme.SCOPE),
    Facet("budget", 11, Scheme.BUDGET_BAND),
    Facet("language", 12),
    Facet("city", 5, is_sparse=True),
)
"""In the order in which the page offers them. Numbers are part of the stored index: never reuse one."""

FACET = {facet.name: facet for facet in FACETS}


def facet_of(code: int) -> Facet:
    return _BY_NUMBER[code // SPAN]


_BY_NUMBER = {facet.number: facet for facet in FACETS}


def letters_number(code: str) -> int:
    """A country or language code of up to four letters as a number below SPAN, and one of its own."""
    number = 0
    for letter in code.lower():
        number = number * 27 + ord(letter) - 96
    return number


def practice_codes(practice) -> list[int]:
    """All facet codes of a practice (relations prefetched): its themes by rank, then the others ascending.

    The languages a practice exists in count as facet values; a hidden place still has a country.
    """
    themes = [FACET["theme"].code(ranked.theme_id) for ranked in practice.ranked_themes.all()]
    found = {FACET["language"].code(letters_number(code)) for code in practice.languages}
    found |= {FACET["approach"].code(term.pk) for term in practice.approaches.all()}
    found |= {FACET["beneficiary"].code(term.pk) for term in practice.beneficiaries.all()}
    found |= {FACET["network"].code(network.pk) for network in practice.networks.all()}
    for name, term_id in (
        ("evidence", practice.evidence_level_id),
        ("lifecycle", practice.lifecycle_id),
        ("transferability", practice.transferability_id),
        ("scope", practice.geographic_scope_id),
        ("budget", practice.budget_band_id),
    ):
        if term_id:
            found.add(FACET[name].code(term_id))
    if practice.city_id:
        if practice.location_precision != "hidden":
            found.add(FACET["city"].code(practice.city_id))
        found.add(FACET["country"].code(letters_number(practice.city.country.code)))
    return themes + sorted(found)
