"""What is measured: pages as readers ask for them, publishing, and the naive equivalents beside them."""

import random
from dataclasses import dataclass

from django.test import Client

from bench.generate import SEED, TOPIC_WORDS, Language
from common.languages import site_languages


@dataclass(frozen=True)
class Work:
    """Something to measure: `do(number)` is one round; `limit` the budget of its p95 in ms at 100k, or None."""

    name: str
    do: object
    limit: float | None = None
    sql_limit: float | None = None


def page(address, status=200, **headers):
    """A round of work that asks for an address; `address` may be a function of the round's number."""
    client = Client(headers=headers, SERVER_NAME="localhost")

    def do(number):
        path = address(number) if callable(address) else address
        response = client.get(path)
        if response.status_code != status:
            raise RuntimeError(f"{path} answered {response.status_code}")

    return do


class Library:
    """The generated library as its readers use it: addresses by the round's number."""

    def __init__(self, size):
        from practices.models import FacetDocument
        from practices.search.catalogue import catalogue
        from practices.search.indexing import library_version

        random_ = random.Random(SEED)
        self.languages = {code: Language(code, random_) for code in site_languages()}
        self.newest = list(FacetDocument.objects.order_by("-published_at").values_list("pk", flat=True)[:500])
        self.themes = [value.key for value in catalogue("en", library_version()[1]).of_facet("theme")]
        self.deep_page = max(1, int(size / 20 * 0.9))

    def two_facets(self, number):
        return f"/en/practices/?theme={self.themes[number % 5]}&theme={self.themes[(number + 3) % 8]}&country=IT"

    def word_of_rank(self, rank):
        def address(number):
            code = _language(number)
            return f"/{code}/practices/?q={self.languages[code].words[rank + number % 7]}"

        return address

    def topic_word(self, number):
        """A word that also stands in the labels of a topic, so that it matches far more practices than say it."""
        code = _language(number)
        return f"/{code}/practices/?q={TOPIC_WORDS[code]}"

    def misspelt(self, number):
        word = next(word for word in self.languages["sv"].words[60 + number :] if len(word) >= 6)
        return f"/sv/practices/?q={word[:2]}{word[3:]}"

    def prefix(self, number):
        word = self.languages["en"].words[40 + number]
        return f"/en/practices/suggest/?q={word[: 2 + number % 4]}"

    def read_pages(self):
        """{address: ETag} of fifty practice pages, each read once."""
        client, known = Client(SERVER_NAME="localhost"), {}
        for pk in self.newest[:50]:
            response = client.get(f"/en/practices/{pk}/", follow=True)
            address = response.redirect_chain[-1][0] if response.redirect_chain else f"/en/practices/{pk}/"
            known[address] = response["ETag"]
        return known


def _language(number):
    return site_languages()[number % len(site_languages())]


COMMON = 225
"""Rank of a word that stands in about nine of a hundred texts of its language."""


def works(size):
    """All that is measured, in the order of the table."""
    library = Library(size)
    two_facets, themes = library.two_facets, library.themes
    known = library.read_pages()
    addresses = list(known)
    return [
        Work("home", page("/en/")),
        Work("library, newest", page("/en/practices/")),
        Work("library, two facets", page(two_facets), limit=25, sql_limit=5),
        Work(
            "library, five facets",
            page(lambda n: two_facets(n) + "&evidence=not-assessed&scope=neighbourhood&lifecycle=planned"),
        ),
        Work("library, one city", page(lambda n: f"/en/practices/?city=city-{n % 1000}")),
        Work("library, by title, Arabic", page(f"/ar/practices/?sort=title&theme={themes[1]}")),
        Work("library, page at 90 %", page(f"/en/practices/?page={library.deep_page}")),
        Work("search, common word", page(library.word_of_rank(COMMON)), limit=100),
        Work(
            "search, common word, two facets",
            page(lambda n: library.word_of_rank(COMMON)(n) + f"&theme={themes[0]}&country=IT"),
            limit=100,
        ),
        Work("search, word of topics", page(library.topic_word), limit=100),
        Work("search, word in most texts", page(library.word_of_rank(20))),
        Work("search, word in 5 of 100 texts", page(library.word_of_rank(400)), limit=100),
        Work("search, mid word", page(library.word_of_rank(2000)), limit=30),
        Work("search, rare word", page(library.word_of_rank(8000)), limit=30),
        Work("search, misspelt word", page(library.misspelt)),
        Work("suggestions", page(library.prefix), limit=15),
        Work("map of two facets", page(lambda n: two_facets(n).replace("practices/?", "practices/map/?"))),
        Work("practice page", page(lambda n: addresses[n % len(addresses)]), limit=30),
        Work("practice page, unchanged (304)", revisit(list(known.items()))),
        Work("Atom feed", page("/en/practices/feed.atom")),
        Work(
            "API list, two facets",
            page(lambda n: two_facets(n).replace("/en/practices/", "/api/v1/practices/")),
            limit=15,
        ),
        Work("publishing, all languages indexed", republish(library.newest[:20]), limit=100),
        Work("naive list: joins, all columns", lambda n: naive_list(themes, n)),
        Work("naive counts of one facet", lambda n: naive_counts(themes, n)),
        Work("naive search: icontains", lambda n: naive_search(library.languages, n)),
    ]


def revisit(known):
    client = Client(SERVER_NAME="localhost")

    def do(number):
        address, tag = known[number % len(known)]
        response = client.get(address, headers={"If-None-Match": tag})
        if response.status_code != 304:
            raise RuntimeError(f"{address} answered {response.status_code}")

    return do


def republish(ids):
    from django.contrib.auth import get_user_model

    from practices.models import Practice
    from practices.services import publish

    people = get_user_model().objects
    actor = people.filter(is_superuser=True).first() or people.create_superuser(
        "bench@example.org", "not used anywhere else"
    )
    subjects = list(Practice.objects.filter(pk__in=ids))

    def do(number):
        publish(subjects[number % len(subjects)], actor=actor)

    return do


def naive_list(themes, number):
    """The list as it is mostly written, for comparison: joins, DISTINCT, every column."""
    from practices.models import Practice

    found = (
        Practice.objects.filter(status="published", themes__code__in=[themes[number % 5]], city__country="IT")
        .distinct()
        .order_by("-published_at")
    )
    found.count()
    list(found[:20])


def naive_counts(themes, number):
    from django.db.models import Count

    from practices.models import Practice

    matching = Practice.objects.filter(status="published", city__country="IT")
    dict(matching.values_list("themes__code").annotate(Count("pk", distinct=True)))


def naive_search(languages, number):
    from practices.models import Practice

    word = languages["en"].words[400 + number % 7]
    list(Practice.objects.filter(description_en__icontains=word).only("pk").order_by("-published_at")[:20])
