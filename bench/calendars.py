"""`python -m bench.calendars [EVENTS]`: builds the public calendar of so many events (5,000), in a database of its own.

Fails where the quickest of the rounds takes a second or more of the processor. The rows are not kept.
"""

import os
import sys
import time
from datetime import time as clock
from datetime import timedelta

ROUNDS = 7
BUDGET = 1.0
ZONES = ("Europe/Stockholm", "Africa/Casablanca", "Africa/Cairo", "Asia/Beirut", "Europe/Rome", "Africa/Tunis")


def prepare():
    """A migrated database on the local server, as Django's settings will find it."""
    import psycopg2

    from bench.databases import SERVER_URL, _dsn, database_url

    os.environ["DATABASE_URL"] = database_url("calendars")
    admin = psycopg2.connect(_dsn(SERVER_URL))
    admin.autocommit = True
    with admin.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_database WHERE datname = 'bench_calendars'")
        if not cursor.fetchone():
            cursor.execute("CREATE DATABASE bench_calendars")
    admin.close()
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0, interactive=False)


def generate(count):
    """Events over two years in six zones, each of two networks and three themes, a third of them in Arabic."""
    from django.utils import timezone

    from events.models import Event
    from networks.models import City, Network
    from vocabularies.models import Scheme, Term

    networks = [Network.objects.create(slug=f"bench-{n}", name_en=f"Network {n}") for n in range(8)]
    themes = [Term.objects.create(scheme=Scheme.THEME, code=f"bench-{n}", label_en=f"Theme {n}") for n in range(12)]
    cities = [
        City.objects.create(slug=f"bench-{n}", name_en=f"City {n}", country="IT", latitude=40 + n, longitude=10)
        for n in range(20)
    ]
    events = []
    for number in range(count):
        day = timezone.localdate() + timedelta(days=number % 700)
        event = Event(
            source_language="en" if number % 3 else "ar",
            title_en=f"Event {number}, about things; and more" if number % 3 else "",
            title_ar=f"مدينة التعارف والحوار {number}",
            summary_en="An exchange of practice, with cities. " * 6 if number % 3 else "",
            summary_ar="تبادل الخبرات بين المدن. " * 6,
            description_en="<p>Long.</p>" * 300,
            start_date=day,
            end_date=day + timedelta(days=number % 3),
            start_time=clock(10),
            end_time=clock(16),
            time_zone=ZONES[number % len(ZONES)],
            languages=["en", "ar"],
            status=Event.Status.PUBLISHED,
            city=cities[number % len(cities)],
            venue="Town hall",
            address="Main street 1",
            mode="hybrid",
        )
        event.derive_times()
        events.append(event)
    Event.objects.bulk_create(events, batch_size=500)
    for field, rows, each in (("networks", networks, 2), ("themes", themes, 3)):
        through = Event._meta.get_field(field).remote_field.through
        column = "network" if field == "networks" else "term"
        through.objects.bulk_create(
            through(event=event, **{column: rows[(number + step) % len(rows)]})
            for number, event in enumerate(events)
            for step in range(each)
        )


def measure():
    """[(seconds of the clock, seconds of the processor, octets)] of each round."""
    from events.feeds import public_calendar

    found = []
    for _round in range(ROUNDS):
        began, worked = time.perf_counter(), time.process_time()
        size = len(public_calendar([], [], "https://hub.example/en/events/calendar.ics").encode())
        found.append((time.perf_counter() - began, time.process_time() - worked, size))
    return found


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 5000
    prepare()
    from django.db import transaction

    with transaction.atomic():
        generate(count)
        rounds = measure()
        transaction.set_rollback(True)
    for seconds, worked, size in rounds:
        print(f"{count} events, {size / 1e6:.1f} MB: {seconds:.2f} s, of the processor {worked:.2f} s")
    return 0 if min(worked for _seconds, worked, _size in rounds) < BUDGET else 1


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hub.settings")
    os.environ["HUB_LOCAL"] = "true"
    sys.exit(main())
