"""`python -m bench throughput`: a digest and a newsletter from selection to the mail server; see docs/benchmark.md."""

import argparse
import multiprocessing
import os
import subprocess
import sys
import time

from bench import digests
from bench.deliveries import HEAD, Sink, bare_line, bare_smtplib, peak, point_to, row, send_rows, timed, warm_up

SIZES = (20_000, 100_000)
BESIDE = 2_000
"""So many mails by django-newsletter, which takes a while for more."""


def main(arguments):
    parser = argparse.ArgumentParser(prog="bench throughput", description=__doc__)
    parser.add_argument("subscribers", type=int, nargs="*", help="(default: 20000 100000)")
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--one", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    sizes = options.subscribers or list(SIZES)
    if options.one:
        return measure(sizes[0], options.workers)
    failures = 0
    for size in sizes:
        digests.prepare(size)
        # A process of its own: what made the data does not count as memory of what is measured.
        command = [sys.executable, "-m", "bench", "throughput", str(size), "--one", "--workers", str(options.workers)]
        environment = os.environ | {"DATABASE_URL": os.environ["SERVER_URL"]}
        failures += subprocess.run(command, check=False, env=environment).returncode
    return 1 if failures else 0


def measure(subscribers, workers) -> int:
    """Print the table for so many subscribers; 1 where a mail did not arrive, or not once."""
    from bench.databases import SERVER_URL, database_url

    os.environ["DATABASE_URL"] = database_url(digests.DATABASE)
    with Sink() as sink:
        os.environ["EMAIL_URL"] = f"smtp://127.0.0.1:{sink.port}"
        import django

        django.setup()
        point_to(sink.port)
        print(f"\n{subscribers:,} subscribers; {workers} processes hand over\n")
        print(HEAD)
        warm_up()
        sent = make_digests()
        sound, size = deliver("digests", sent, workers, sink)
        begin_newsletter(subscribers)
        once, _size = deliver("newsletter", subscribers, workers, sink)
        beside(subscribers, size, workers, sink, SERVER_URL)
    print(f"\nA digest has {size / 1000:.1f} kB; so have the mails of the bare lines.\n")
    return 0 if sound and once else 1


def beside(count, size, workers, sink, server_url):
    """What the mail server takes at most, and what another package makes of it."""
    limit = timed(bare_smtplib, count, workers, sink.port, size)
    row("limit: smtplib, no database, one mail for all", count, limit, sink)
    limit = timed(bare_line, count, workers, sink.port, size)
    row("limit: our own line, no database, one mail for all", count, limit, sink)
    from bench.django_newsletter import run

    if found := run(server_url, sink.port, BESIDE, size):
        row("django-newsletter, one process, no marks", BESIDE, found, sink)
    else:
        print("| django-newsletter could not be installed | | | | | | |")


# Digests -----------------------------------------------------------------------------------------


def make_digests():
    """Select, render and write down the digests of a week, in a process that is asked for its memory."""
    here, there = multiprocessing.Pipe()
    process = multiprocessing.get_context("fork").Process(target=_make_digests, args=[there])
    process.start()
    made, seconds, processor, memory = here.recv()
    process.join()
    for part, name in (("select", "select"), ("render", "render"), ("rows", "write down")):
        took = made.seconds[part]
        print(f"| digests: {name} | {made.sent:,} | {made.sent / took:,.0f} | {took:.1f} | | | |")
    row("digests: all of it", made.sent, (seconds, processor, memory))
    return made.sent


def _make_digests(pipe):
    from newsletters.services.digesting import make_due

    started, processor = time.perf_counter(), time.process_time()
    made = make_due(digests.FIRST)
    pipe.send((made, time.perf_counter() - started, time.process_time() - processor, peak()))


# Newsletter --------------------------------------------------------------------------------------


def begin_newsletter(subscribers):
    """A newsletter of the hub to all, its text of the length of a digest, its recipients written down."""
    from django.db import connection
    from django.utils import timezone

    from newsletters.models import Block, Campaign
    from newsletters.services.campaigning import advance
    from newsletters.services.freezing import freeze

    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO newsletters_subscription (subscriber_id, channel, frequency, state, state_at, active_from,"
            " only_searches) SELECT id, 'newsletter', '', 'active', '2026-01-01', '2026-01-01', FALSE"
            " FROM newsletters_subscriber"
        )
    campaign = Campaign.objects.create(
        source_language="en",
        languages=["en", "fr", "ar", "it", "sv", "ro"],
        **{f"subject_{code}": f"News {code}" for code in ("en", "fr", "ar", "it", "sv", "ro")},
        begun_at=timezone.now(),
    )
    words = " ".join(["What cities learned from one another this month, and what they would do otherwise."] * 12)
    for place in range(12):
        Block.objects.create(
            campaign=campaign,
            kind=Block.Kind.TEXT,
            position=place,
            **{f"text_{code}": words for code in campaign.languages},
        )
    started = time.perf_counter()
    campaign.content_hash, campaign.state = freeze(campaign), Campaign.State.MATERIALISING
    campaign.save()
    took = time.perf_counter() - started
    print(f"| newsletter: render, by language | 6 | {6 / took:,.0f} | {took:.1f} | | | |")
    started, processor = time.perf_counter(), time.process_time()
    written = advance(seconds=3600)
    took = time.perf_counter() - started
    row("newsletter: write down", written, (took, time.process_time() - processor, peak()))


# Delivery ----------------------------------------------------------------------------------------


def deliver(what, count, workers, sink):
    """Hand over all that is queued; (whether each arrived once, bytes of a mail on average)."""
    from django.db import connection

    with connection.cursor() as cursor:
        # Digests are made for a day to come.
        cursor.execute("UPDATE newsletters_delivery SET next_attempt_at = now() WHERE state = 'queued'")
        cursor.execute("VACUUM (ANALYZE) newsletters_delivery")
    connection.close()
    measured = timed(send_rows, count, workers, sink.port)
    return row(f"{what}: deliver, each mail marked before and after", count, measured, sink)
