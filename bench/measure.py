"""One table per size: what each page costs in the app, in SQL and in templates, against its budget."""

import os
import random
import resource
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from statistics import median, quantiles

from django.db import connection
from django.template.base import Template
from django.test import Client
from django.utils import translation

from bench.generate import COMMON_SHARE, COMMON_WORDS, FIELD_WORDS, SEED, VOCABULARY, Language
from common.languages import site_languages


@dataclass
class Costs:
    """Milliseconds of each round, and how many statements a round took."""

    total: list[float] = field(default_factory=list)
    sql: list[float] = field(default_factory=list)
    templates: list[float] = field(default_factory=list)
    queries: set[int] = field(default_factory=set)


class Probe:
    """Adds up the time spent in SQL and in templates while it is on."""

    def __init__(self):
        self.sql = self.templates = 0.0
        self.queries = 0
        self._depth = 0

    def around_statement(self, execute, sql, params, many, context):
        started = time.perf_counter()
        try:
            return execute(sql, params, many, context)
        finally:
            self.sql += time.perf_counter() - started
            self.queries += 1

    @contextmanager
    def on(self):
        render = Template.render

        def timed(template, context):
            if self._depth:
                return render(template, context)
            self._depth, before_sql, started = 1, self.sql, time.perf_counter()
            try:
                return render(template, context)
            finally:
                self._depth = 0
                self.templates += time.perf_counter() - started - (self.sql - before_sql)

        Template.render = timed
        try:
            with connection.execute_wrapper(self.around_statement):
                yield self
        finally:
            Template.render = render


@dataclass(frozen=True)
class Work:
    """Something to measure: `do(number)` is one round; `limit` the budget of its p95 in ms at 100k, or None."""

    name: str
    do: object
    limit: float | None = None
    sql_limit: float | None = None


def wait_until_quiet(seconds=120):
    """Give others time to finish; returns the share of the processors that was busy at last."""
    busy = 1.0
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        before = _processor_times()
        time.sleep(2)
        after = _processor_times()
        idle = after[3] - before[3]
        busy = 1 - idle / max(sum(after) - sum(before), 1)
        if busy < 0.15:
            break
    return busy


def _processor_times():
    with open("/proc/stat") as file:
        return [int(part) for part in file.readline().split()[1:]]


def measure(work, rounds):
    costs = Costs()
    for number in range(-2 * len(site_languages()), rounds):
        probe = Probe()
        with probe.on():
            started = time.perf_counter()
            work.do(number % 1000)
            total = time.perf_counter() - started
        if number >= 0:
            costs.total.append(total * 1000)
            costs.sql.append(probe.sql * 1000)
            costs.templates.append(probe.templates * 1000)
            costs.queries.add(probe.queries)
    return costs


def page(address, status=200, **headers):
    """A round of work that asks for an address; `address` may be a function of the round's number."""
    client = Client(headers=headers, SERVER_NAME="localhost")

    def do(number):
        path = address(number) if callable(address) else address
        response = client.get(path)
        if response.status_code != status:
            raise RuntimeError(f"{path} answered {response.status_code}")

    return do


def works(size):
    from practices.models import FacetDocument, Practice
    from practices.search.catalogue import catalogue
    from practices.search.indexing import library_version
    from practices.services import publish

    random_ = random.Random(SEED)
    languages = {code: Language(code, random_) for code in site_languages()}
    ids = list(FacetDocument.objects.order_by("-published_at").values_list("pk", flat=True)[:500])
    themes = [value.key for value in catalogue("en", library_version()[1]).of_facet("theme")]
    last = max(1, int(size / 20 * 0.9))

    def two_facets(number):
        return f"/en/practices/?theme={themes[number % 5]}&theme={themes[(number + 3) % 8]}&country=IT"

    def word_of_rank(rank):
        def address(number):
            code = site_languages()[number % len(site_languages())]
            return f"/{code}/practices/?q={languages[code].words[rank + number % 7]}"

        return address

    def common_word(number):
        code = site_languages()[number % len(site_languages())]
        return f"/{code}/practices/?q={COMMON_WORDS[code]}"

    def misspelt(number):
        word = next(word for word in languages["sv"].words[60 + number :] if len(word) >= 6)
        return f"/sv/practices/?q={word[:2]}{word[3:]}"

    def prefix(number):
        word = languages["en"].words[40 + number]
        return f"/en/practices/suggest/?q={word[: 2 + number % 4]}"

    def practice_page(number):
        return f"/en/practices/{ids[number % len(ids)]}/"

    detail = Client(SERVER_NAME="localhost")

    def read(number):
        response = detail.get(practice_page(number), follow=True)
        if response.status_code != 200:
            raise RuntimeError(response.status_code)

    known = {}
    for pk in ids[:50]:
        response = detail.get(f"/en/practices/{pk}/", follow=True)
        address = response.redirect_chain[-1][0] if response.redirect_chain else f"/en/practices/{pk}/"
        known[address] = response["ETag"]
    revisited = list(known.items())

    def revisit(number):
        address, tag = revisited[number % len(revisited)]
        response = detail.get(address, headers={"If-None-Match": tag})
        if response.status_code != 304:
            raise RuntimeError(f"{address} answered {response.status_code}")

    direct = [address for address, _ in revisited]
    from django.contrib.auth import get_user_model

    actor = get_user_model().objects.filter(is_superuser=True).first() or get_user_model().objects.create_superuser(
        "bench@example.org", "not used anywhere else"
    )
    subjects = list(Practice.objects.filter(pk__in=ids[:20]))

    def republish(number):
        publish(subjects[number % len(subjects)], actor=actor)

    return [
        Work("home", page("/en/")),
        Work("library, newest", page("/en/practices/")),
        Work("library, two facets", page(two_facets), limit=25, sql_limit=5),
        Work(
            "library, five facets",
            page(lambda n: two_facets(n) + "&evidence=not-assessed&scope=neighbourhood&lifecycle=planned"),
        ),
        Work("library, one city", page(lambda n: f"/en/practices/?city=city-{n}")),
        Work("library, by title, Arabic", page(f"/ar/practices/?sort=title&theme={themes[1]}")),
        Work("library, page at 90 %", page(f"/en/practices/?page={last}")),
        Work("search, common word", page(common_word), limit=100),
        Work(
            "search, common word, two facets",
            page(lambda n: common_word(n) + f"&theme={themes[0]}&country=IT"),
            limit=100,
        ),
        Work("search, frequent word of the text", page(word_of_rank(20))),
        Work("search, mid word", page(word_of_rank(400)), limit=30),
        Work("search, rare word", page(word_of_rank(8000)), limit=30),
        Work("search, misspelt word", page(misspelt)),
        Work("suggestions", page(prefix), limit=15),
        Work("map of two facets", page(lambda n: two_facets(n).replace("practices/?", "practices/map/?"))),
        Work("practice page", page(lambda n: direct[n % len(direct)]), limit=30),
        Work("practice page, unchanged (304)", revisit),
        Work("Atom feed", page("/en/practices/feed.atom")),
        Work(
            "API list, two facets",
            page(lambda n: two_facets(n).replace("/en/practices/", "/api/v1/practices/")),
            limit=15,
        ),
        Work("publishing, all languages indexed", republish, limit=100),
        Work("naive list: joins, all columns", lambda n: naive_list(themes, n)),
        Work("naive counts of one facet", lambda n: naive_counts(themes, n)),
        Work("naive search: icontains", lambda n: naive_search(languages, n)),
    ]


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


def report(size, rounds):
    busy = wait_until_quiet()
    print(f"\n## {size:,} practices × {len(site_languages())} languages\n")
    print(f"{os.cpu_count()} processors, {busy:.0%} busy before the start; {rounds} requests each; ms.")
    print(f"Vocabulary {VOCABULARY:,} words per language, common word in {COMMON_SHARE:.0%}, fields {FIELD_WORDS}.\n")
    print("| work | queries | p50 | p95 | SQL | templates | total / (SQL + templates) | budget p95 |")
    print("|---|---|---|---|---|---|---|---|")
    missed = []
    translation.activate("en")
    for work in works(size):
        slow = work.name.startswith("naive")
        costs = measure(work, 8 if slow else rounds)
        p50, p95 = median(costs.total), quantiles(costs.total, n=20)[-1] if len(costs.total) > 2 else costs.total[-1]
        sql, templates = median(costs.sql), median(costs.templates)
        ratio = p50 / max(sql + templates, 0.001)
        budget = ""
        if work.limit:
            kept = size > 100_000 or p95 <= work.limit
            budget = f"{work.limit:g} {'kept' if kept else 'MISSED'}"
            if work.sql_limit and sql > work.sql_limit:
                kept, budget = False, f"{budget}, SQL {work.sql_limit:g} MISSED"
            if not kept:
                missed.append(work.name)
        queries = "–".join(map(str, sorted({min(costs.queries), max(costs.queries)})))
        print(
            f"| {work.name} | {queries} | {p50:.1f} | {p95:.1f} | {sql:.1f} | {templates:.1f} | {ratio:.2f} | {budget} |",
            flush=True,
        )
    print(f"\nmemory of this process: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB at most")
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname, pg_size_pretty(pg_total_relation_size(oid)) FROM pg_class"
            " WHERE relname IN ('practices_practice',"
            " 'practices_searchdocument', 'practices_matchdocument', 'practices_facetdocument',"
            " 'practices_facetbits', 'practices_lexiconentry') ORDER BY relname"
        )
        print("tables: " + ", ".join(f"{name} {bytes_}" for name, bytes_ in cursor.fetchall()))
    if missed:
        print(f"budgets missed: {', '.join(missed)}")
