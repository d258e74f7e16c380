import random
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.http import QueryDict
from django.test.utils import CaptureQueriesContext

from practices.models import FacetBits, FacetDocument, LexiconEntry, MatchDocument, Practice, SearchDocument
from practices.search.catalogue import catalogue
from practices.search.indexing import library_version, rebuild, reindex
from practices.search.library import library_page, matching_ids
from practices.search.request import LibraryRequest
from practices.services import archive
from tests.factories import make_city, make_network, make_practice, make_term
from tests.practices.reference import plain_answer
from vocabularies.models import Scheme

pytestmark = pytest.mark.django_db


def asked(query="", language="en"):
    return LibraryRequest.parse(QueryDict(query), catalogue(language, library_version()[1]))


def answer(query="", language="en", **options):
    return library_page(asked(query, language), language, **options)


def ids(page):
    return [hit.practice_id for hit in page.hits]


@pytest.fixture
def library():
    """Ninety practices with skewed facets, from a fixed seed."""
    random_ = random.Random(7)
    terms = {
        scheme: [make_term(scheme, f"{scheme}-{number}", order=number) for number in range(6)]
        for scheme in (Scheme.THEME, Scheme.APPROACH, Scheme.BENEFICIARY, Scheme.EVIDENCE_LEVEL, Scheme.SCOPE)
    }
    cities = [
        make_city(f"City {number}", random_.choice(["SE", "IT", "JO"]), slug=f"c{number}") for number in range(9)
    ]
    networks = [make_network(f"n{number}") for number in range(3)]
    for number in range(90):
        make_practice(
            language=random_.choice(["en", "sv", "ar"]),
            published=number % 15 != 0,
            visibility="network" if number % 20 == 3 else "public",
            themes=random_.sample(terms[Scheme.THEME], random_.randint(1, 3)),
            approaches=random_.sample(terms[Scheme.APPROACH], random_.randint(1, 3)),
            beneficiaries=random_.sample(terms[Scheme.BENEFICIARY], 2),
            networks=random_.sample(networks, random_.randint(0, 2)),
            evidence_level=random_.choice(terms[Scheme.EVIDENCE_LEVEL]),
            geographic_scope=random_.choice(terms[Scheme.SCOPE]),
            city=random_.choice(cities),
            location_precision=random_.choice(["city", "city", "hidden"]),
            published_at=datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=random_.randrange(2000)),
            index=False,
        )
    reindex(Practice.objects.values_list("pk", flat=True))
    return random_


PARAMETERS = {
    "theme": [f"theme-{number}" for number in range(6)],
    "approach": [f"approach-{number}" for number in range(6)],
    "beneficiary": [f"beneficiary-{number}" for number in range(6)],
    "evidence": [f"evidence-level-{number}" for number in range(6)],
    "scope": [f"scope-{number}" for number in range(6)],
    "country": ["SE", "IT", "JO", "FR"],
    "city": [f"c{number}" for number in range(9)],
    "network": ["n0", "n1", "n2"],
    "language": ["en", "sv", "ar", "it"],
}


def random_query(random_):
    names = random_.sample(sorted(PARAMETERS), random_.randint(0, 4))
    return "&".join(
        f"{name}={value}" for name in names for value in random_.sample(PARAMETERS[name], random_.randint(1, 3))
    )


def test_library_page_equals_plain_query_on_200_random_filters(library):
    differing = []
    for _ in range(200):
        request = asked(random_query(library))
        expected_ids, expected_counts = plain_answer(request)
        page = library_page(request, "en", page_size=100)
        if (ids(page), page.total, page.counts) != (expected_ids, len(expected_ids), expected_counts):
            differing.append(request.query_string())
    assert differing == []


def test_library_page_differs_from_plain_query_when_a_bit_is_lost(library):
    request = asked("theme=theme-1")
    code = request.chosen[0].code
    FacetBits.objects.filter(pk=code).update(bits=FacetBits.objects.get(pk=max(library_codes() - {code})).bits)
    assert library_page(request, "en").total != len(plain_answer(request)[0])


def library_codes():
    return set(FacetBits.objects.values_list("pk", flat=True)) - {0}


@pytest.mark.parametrize("sort", ["newest", "confirmed", "evidence", "title"])
def test_library_page_every_page_once_in_every_order(library, sort):
    seen = []
    for page_number in range(1, 9):
        seen += ids(answer(f"sort={sort}&page={page_number}", page_size=11))
    whole = ids(answer(f"sort={sort}", page_size=200))
    assert seen == whole
    assert sorted(seen) == sorted(FacetDocument.objects.values_list("pk", flat=True))


def test_library_page_past_the_end_is_empty_with_its_total(library):
    page = answer("page=999")
    assert (page.hits, page.total) == ((), FacetDocument.objects.count())


def test_matching_ids_are_those_of_the_page(library):
    request = asked("theme=theme-1&theme=theme-2&country=SE")
    page = library_page(request, "en", page_size=200)
    assert sorted(matching_ids(request, page)) == sorted(ids(page))


def test_rebuild_makes_the_same_index(library):
    tables = (FacetDocument, FacetBits, MatchDocument)
    before = [sorted(table.objects.values_list()) for table in tables]
    words = sorted(SearchDocument.objects.values_list("practice", "language", "title_key", "words"))
    lexicon = sorted(LexiconEntry.objects.values_list("language", "word"))
    rebuild()
    assert [sorted(table.objects.values_list()) for table in tables] == before
    assert sorted(SearchDocument.objects.values_list("practice", "language", "title_key", "words")) == words
    assert sorted(LexiconEntry.objects.values_list("language", "word")) == lexicon


def test_library_page_statements_do_not_grow_with_rows():
    def statements():
        with CaptureQueriesContext(
            connection,
        ) as queries:
            answer("country=SE")
            answer("q=title")
        return len(queries)

    make_practice()
    one = statements()
    for _ in range(3):
        make_practice()
    assert statements() == one == 7


@pytest.mark.parametrize("change", ["draft", "network only", "archived"])
def test_reindex_practice_that_is_no_longer_public_leaves_no_trace(change, admin_user):
    practice = make_practice(texts={"title_en": "Unforgettable lighthouse"})
    if change == "archived":
        archive(practice, actor=admin_user)
    else:
        values = {"status": "draft"} if change == "draft" else {"visibility": "network"}
        Practice.objects.filter(pk=practice.pk).update(**values)
        reindex([practice.pk])
    assert answer().total == 0
    assert answer("q=lighthouse").total == 0
    assert not SearchDocument.objects.exists()
    assert not MatchDocument.objects.exists()
    assert not LexiconEntry.objects.filter(word="lighthouse").exists()
    assert {bits.count("1") for bits in FacetBits.objects.values_list("bits", flat=True)} == {0}


def test_reindex_word_that_another_practice_says_stays_known():
    practice = make_practice(texts={"title_en": "Lighthouse one"})
    make_practice(texts={"title_en": "Lighthouse two"})
    Practice.objects.filter(pk=practice.pk).update(status="draft")
    reindex([practice.pk])
    assert LexiconEntry.objects.filter(word="lighthouse").count() == 1


def test_reindex_edit_is_found_and_counted_at_once():
    old, new = make_term(Scheme.THEME, "old"), make_term(Scheme.THEME, "new")
    practice = make_practice(themes=[old])
    practice.ranked_themes.update(theme=new)
    Practice.objects.filter(pk=practice.pk).update(title_en="Quite another title")
    reindex([practice.pk])
    page = answer("q=another")
    assert ids(page) == [practice.pk]
    assert [catalogue("en", library_version()[1]).by_code[code].key for code in page.counts if code // 10**6 == 1] == [
        "new"
    ]


def test_reindex_id_beyond_the_bit_strings_makes_them_grow():
    make_practice()
    far = make_practice(pk=70_000)
    assert {len(bits) for bits in FacetBits.objects.values_list("bits", flat=True)} == {81_920}
    assert answer("country=SE").total == 2
    assert far.pk in ids(answer())


def test_library_version_changes_with_every_change_and_never_returns():
    seen = [library_version()]
    make_practice()
    seen.append(library_version())
    make_term(Scheme.THEME)
    seen.append(library_version())
    assert len(set(seen)) == 3


def test_library_request_unknown_parts_are_named_and_ignored():
    request = asked("theme=nope&country=XX&sort=best&page=-1&city=nowhere&q=a%00b")
    assert request.chosen == ()
    assert (request.sort, request.page, request.text) == ("relevance", 1, "ab")
    assert request.unknown == (
        ("theme", "nope"),
        ("country", "XX"),
        ("city", "nowhere"),
        ("sort", "best"),
        ("page", "-1"),
    )


def test_library_request_round_trip_through_the_address():
    make_city("Oslo", "NO", slug="oslo")
    query = "?q=two+words&theme=&country=NO&country=SE&city=oslo&sort=title&page=3"
    assert asked(query.lstrip("?")).query_string() == "?q=two+words&country=NO&country=SE&city=oslo&sort=title&page=3"


def test_misspelt_word_of_a_topic_is_understood_though_no_text_says_it():
    make_practice(themes=[make_term(Scheme.THEME, "polarisation", label_en="Polarisation")])
    page = answer("q=polarisatoin")
    assert page.total == 1
    assert page.query.corrected == {"polarisatoin": "polarisation"}
