"""`python -m bench digests`: digests for many subscribers, from what is new to the queue; see docs/benchmark.md."""

import argparse
import os
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bench.deliveries import peak

DATABASE = "digests"
PROFILES = 1_700
INTERESTS = 2 * PROFILES
PRACTICES, NEW_PRACTICES = 600, 60
EVENTS, NEW_EVENTS, CANCELLED = 150, 15, 5
FIRST = datetime(2027, 3, 22, 12, tzinfo=UTC)
SECOND = FIRST + timedelta(days=7)
ZONES = ("Europe/Brussels", "Europe/Stockholm", "Europe/Rome", "Europe/Bucharest", "Africa/Tunis", "Asia/Amman")
SECONDS, MEGABYTES = 15.0, 150.0


def main(arguments):
    parser = argparse.ArgumentParser(prog="bench digests", description=__doc__)
    parser.add_argument("--subscribers", type=int, default=100_000)
    parser.add_argument("--one", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.one:
        return measure(options.subscribers)
    prepare(options.subscribers)
    # A process of its own: what made the data does not count as memory of what is measured.
    command = [sys.executable, "-m", "bench", "digests", "--one", "--subscribers", str(options.subscribers)]
    return subprocess.run(command, check=False, env=os.environ | {"DATABASE_URL": os.environ["SERVER_URL"]}).returncode


def measure(subscribers) -> int:
    """Make all digests of two weeks and print what they cost; 1 where a budget is exceeded."""
    from bench.databases import database_url

    os.environ["DATABASE_URL"] = database_url(DATABASE)
    import django

    django.setup()
    from django.db import connection

    connection.ensure_connection()
    before = peak()
    print(f"\n{subscribers:,} subscribers, {INTERESTS:,} interests in {PROFILES:,} profiles")
    print(f"before the first run the process has {before:.0f} MB\n")
    print(
        "| week | digests | editions | items told | select s | render s | rows s | all s | a second | processor s: here"
        " | database | memory MB |"
    )
    print("|---|---|---|---|---|---|---|---|---|---|---|---|")
    sound = True
    for week, now in (("first", FIRST), ("second", SECOND), ("second, again", SECOND)):
        made, seconds = run(week, now)
        sound &= seconds <= SECONDS and peak() - before <= MEGABYTES
        if week == "second, again":
            sound &= made.sent == made.empty == 0
    print()
    return 0 if sound else 1


def run(week, now):
    """One run of the code that serves production, a row of the table."""
    from django.db import connection

    from newsletters.services.digesting import make_due

    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
        cursor.execute("SELECT pg_backend_pid()")
        server = cursor.fetchone()[0]
    started, own, database = time.perf_counter(), time.process_time(), _processor(server)
    made = make_due(now)
    seconds = time.perf_counter() - started
    own, database = time.process_time() - own, _processor(server) - database
    parts = [made.seconds[name] for name in ("select", "render", "rows")]
    count = made.sent + made.empty
    shown = [week, f"{made.sent:,} + {made.empty:,} empty", f"{made.editions:,}", f"{made.told:,}"]
    shown += [f"{part:.1f}" for part in parts]
    shown += [f"{seconds:.1f}", f"{count / seconds:,.0f}", f"{own:.1f}", f"{database:.1f}", f"{peak():.0f}"]
    print("| " + " | ".join(shown) + " |", flush=True)
    return made, seconds


def _processor(pid):
    """Seconds of the processor that another process has used, by Linux' own account."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


# The data ----------------------------------------------------------------------------------------


def prepare(subscribers):
    """A database of its own with a library, events, and readers, the same for the same number."""
    import psycopg2

    from bench.databases import SERVER_URL, _dsn, build_index, database_url

    admin = psycopg2.connect(_dsn(SERVER_URL))
    admin.autocommit = True
    with admin.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [f"bench_{DATABASE}"])
        if not cursor.fetchone():
            cursor.execute(f'CREATE DATABASE "bench_{DATABASE}"')
    admin.close()
    os.environ["SERVER_URL"] = SERVER_URL
    os.environ["DATABASE_URL"] = database_url(DATABASE)
    import django

    django.setup()
    from django.core.management import call_command

    from bench.databases import progress
    from bench.generate import generate

    call_command("migrate", verbosity=0, interactive=False)
    call_command("flush", verbosity=0, interactive=False)
    with progress("practices") as show:
        generate(PRACTICES, show)
    publish_evenly()
    build_index()
    make_events()
    make_interests()
    make_readers(subscribers)


def publish_evenly():
    """Most in the twelve weeks before the first run, the last ones between the two runs."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE practices_practice SET published_at = %s - (id - (SELECT min(id) FROM practices_practice))"
            " * %s::interval",
            [SECOND - timedelta(hours=1), timedelta(days=7) / NEW_PRACTICES],
        )


def make_events():
    import random

    from events.models import Event, EventStep
    from networks.models import Network
    from vocabularies.models import Scheme, Term

    random_ = random.Random(1)
    themes, networks = list(Term.objects.in_scheme(Scheme.THEME)), list(Network.objects.all())
    for number in range(EVENTS):
        told = SECOND - timedelta(hours=1) - number * timedelta(days=7) / NEW_EVENTS
        starts = SECOND + timedelta(days=random_.randrange(10, 200))
        event = Event.objects.create(
            source_language="en",
            title_en=f"Seminar number {number} on what cities do",
            summary_en="Cities tell one another what they tried, what came of it and what they would do otherwise."
            * 2,
            languages=["en"],
            status="published",
            published_at=told,
            starts_at=starts,
            ends_at=starts + timedelta(hours=6),
            venue="Town hall",
        )
        event.themes.set(random_.sample(themes, 2))
        event.networks.set(random_.sample(networks, random_.randint(1, 2)))
    for event in Event.objects.order_by("-published_at")[NEW_EVENTS : NEW_EVENTS + CANCELLED]:
        EventStep.objects.create(event=event, action="cancelled", at=SECOND - timedelta(days=1))
        Event.objects.filter(pk=event.pk).update(status="cancelled")


def make_interests():
    """Different choices of one to three themes and up to two networks, early ones far more liked than late ones."""
    import random

    from bench.generate import skewed
    from networks.models import Network
    from newsletters.models import Interest
    from vocabularies.models import Scheme, Term

    random_ = random.Random(2)
    themes = list(Term.objects.in_scheme(Scheme.THEME).order_by("pk").values_list("pk", flat=True))
    networks = list(Network.objects.order_by("pk").values_list("pk", flat=True))
    found = {((), ())}
    while len(found) < INTERESTS:
        some = tuple(sorted(skewed(themes, random_, random_.randint(1, 3))))
        others = tuple(sorted(skewed(networks, random_, random_.choice((0, 0, 1, 2)))))
        found.add((some, others))
    Interest.objects.bulk_create(
        Interest(themes=list(some), networks=list(others), digest=f"{number:064x}")
        for number, (some, others) in enumerate(sorted(found))
    )


def make_readers(count):
    """Readers of both digests, in so many profiles: language and both interests; one in ten has saved a search."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT setseed(0.3)")
        cursor.execute(
            """
            INSERT INTO newsletters_subscriber (uid, email, email_hash, domain, languages, time_zone, token_version,
                confirmed_at, bounce_score, created_at)
            SELECT gen_random_uuid(), 'reader-' || n || '@example.org', lpad(n::text, 64, '0'), 'example.org',
                ARRAY[(ARRAY['en', 'en', 'en', 'fr', 'ar', 'it', 'sv', 'ro'])[1 + n %% 8]],
                (%s::text[])[1 + n %% 6], 0, '2026-01-01', 0, '2026-01-01'
            FROM generate_series(1, %s) AS n
            """,
            [list(ZONES), count],
        )
        cursor.execute(
            """
            WITH wish AS (
                SELECT id AS reader, ((power(random(), 2.2) * %(profiles)s)::int / 8 * 8 + id %% 8) %% %(profiles)s
                    AS profile
                FROM newsletters_subscriber
            )
            INSERT INTO newsletters_subscription (subscriber_id, channel, frequency, interest_id, state, state_at,
                active_from, only_searches)
            SELECT reader, channel, 'weekly', (SELECT min(id) FROM newsletters_interest) + 2 * profile + second,
                'active', '2026-01-01', '2026-01-01', FALSE
            FROM wish CROSS JOIN (VALUES ('practices', 0), ('events', 1)) AS c(channel, second)
            ORDER BY reader
            """,
            {"profiles": PROFILES},
        )
        cursor.execute(
            """
            INSERT INTO newsletters_savedsearch (subscriber_id, label, query, created_at)
            SELECT w.subscriber_id, 'Search ' || w.interest_id,
                'q=' || (SELECT split_part(summary_en, ' ', 3 + (w.interest_id % 9)::int) FROM practices_practice
                    ORDER BY id OFFSET w.interest_id % 500 LIMIT 1), '2026-01-01'
            FROM newsletters_subscription w WHERE channel = 'practices' AND interest_id % 20 = 0
            """
        )
