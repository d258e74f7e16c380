"""No page of the library may have to read a whole table of practices or of their words.

On a handful of rows the planner reads tables whole because that is cheapest; so it is forbidden to, and whatever it
still reads whole has no index that would serve.
"""

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.factories import make_city, make_network, make_practice, make_term
from vocabularies.models import Scheme

pytestmark = pytest.mark.django_db

LARGE = "practice|searchdocument|matchdocument|lexiconentry"
ADDRESSES = [
    "/en/practices/",
    "/en/practices/?theme=youth&country=SE&evidence=monitored-outputs",
    "/en/practices/?city=malmo",
    "/ar/practices/?sort=title&theme=youth",
    "/en/practices/?sort=confirmed",
    "/en/practices/?sort=evidence&page=2",
    "/en/practices/?q=summary",
    "/en/practices/?q=summary&theme=youth&sort=newest",
    "/en/practices/?q=summary+title+-results",
    "/en/practices/?q=sumary",
    "/en/practices/?q=nothing+summary",
    "/en/practices/suggest/?q=su",
    "/en/practices/feed.atom?q=summary",
    "/api/v1/practices/?theme=youth",
    "/api/v1/practices/?q=summary",
]


def plans(address, client):
    """Each SELECT of a page as PostgreSQL would run it if it could not read tables from end to end."""
    with CaptureQueriesContext(connection) as queries:
        assert client.get(address).status_code == 200
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        for query in queries.captured_queries:
            if re.match(r"\s*(SELECT|WITH)", query["sql"]):
                cursor.execute(f"EXPLAIN {query['sql']}")
                yield "\n".join(line for (line,) in cursor.fetchall())
        cursor.execute("SET LOCAL enable_seqscan = on")


@pytest.fixture
def library():
    city = make_city("Malmö", slug="malmo")
    theme = make_term(Scheme.THEME, "youth")
    network = make_network(cities=[city])
    for _ in range(25):
        make_practice(city=city, themes=[theme], networks=[network])


@pytest.mark.parametrize("address", ADDRESSES)
def test_page_reads_no_large_table_whole(address, library, client):
    read_whole = [
        line.strip()
        for plan in plans(address, client)
        for line in plan.splitlines()
        if re.search(rf"Seq Scan on practices_({LARGE})\b", line)
    ]
    assert read_whole == []


@pytest.mark.parametrize("name", ["library_matches", "library_heading_matches"])
def test_matches_are_looked_up_in_an_index(name, library):
    with connection.cursor() as cursor:
        cursor.execute("SELECT prosrc, proconfig FROM pg_proc WHERE proname = %s", [name])
        body, settings = cursor.fetchone()
        assert settings == ["enable_seqscan=off"]
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("EXPLAIN " + body.replace("wanted", "'en/summary'::tsquery"))
        plan = "\n".join(line for (line,) in cursor.fetchall())
    assert "Bitmap Index Scan" in plan
    assert "Seq Scan" not in plan


def test_a_question_without_an_index_is_noticed(library):
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("EXPLAIN SELECT * FROM practices_practice WHERE title_en LIKE '%%x%%'")
        plan = "\n".join(line for (line,) in cursor.fetchall())
    assert re.search(rf"Seq Scan on practices_({LARGE})\b", plan)
