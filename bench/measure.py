"""One table per size: what each page costs in the app, in SQL and in templates, against its budget."""

import os
import resource
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from statistics import median, quantiles

from django.db import connection
from django.template.base import Template
from django.utils import translation

from bench.generate import FIELD_WORDS, TOPIC_WORD_SHARE, VOCABULARY
from bench.works import works
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


def report(size, rounds):
    busy = wait_until_quiet()
    print(f"\n## {size:,} practices × {len(site_languages())} languages\n")
    print(f"{os.cpu_count()} processors, {busy:.0%} busy before the start; {rounds} requests each; ms.")
    print(
        f"Vocabulary {VOCABULARY:,} words per language, topic word in {TOPIC_WORD_SHARE:.0%}, fields {FIELD_WORDS}.\n"
    )
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
