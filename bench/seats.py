"""`python -m bench seats`: many confirm at the same moment for few seats, through HTTP; see docs/benchmark.md."""

import argparse
import http.client
import os
import re
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path
from statistics import median, quantiles

import psycopg2

from bench.databases import SERVER_URL, _dsn, database_url

DATABASE = "seats"
_TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="(\w+)"')


def main(arguments):
    parser = argparse.ArgumentParser(prog="bench seats", description=__doc__)
    parser.add_argument("--people", type=int, default=200)
    parser.add_argument("--seats", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--without-lock", action="store_true", help="the control: seats are given out unlocked")
    options = parser.parse_args(arguments)
    prepare_database(DATABASE)
    print(f"\n{options.people} people press the button at once, {options.seats} seats, two processes of gunicorn")
    print("with the lock taken out\n" if options.without_lock else "with the lock\n")
    print(
        "| round | confirmed | queued | positions | one mail each | errors | p50 s | p95 s | all s | CPU ms | load |"
    )
    print("|---|---|---|---|---|---|---|---|---|---|---|")
    sound = True
    with Portal(without_lock=options.without_lock) as portal:
        for number in range(1, options.rounds + 1):
            sound &= round_(number, portal, options.people, options.seats)
    print()
    return 0 if sound != options.without_lock else 1


def prepare_database(name):
    """A database of its own for a benchmark, empty and with the present tables; Django is set up for it."""
    admin = psycopg2.connect(_dsn(SERVER_URL))
    admin.autocommit = True
    with admin.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [f"bench_{name}"])
        if not cursor.fetchone():
            cursor.execute(f'CREATE DATABASE "bench_{name}"')
    admin.close()
    os.environ["DATABASE_URL"] = database_url(name)
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0, interactive=False)
    call_command("flush", verbosity=0, interactive=False)


class Portal:
    """Two processes of gunicorn on a free port of the loopback."""

    def __init__(self, *, without_lock):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.environment = (
            os.environ | ({"BENCH_WITHOUT_LOCK": "1"} if without_lock else {}) | {"LOG_LEVEL": "CRITICAL"}
        )

    def __enter__(self):
        command = [sys.executable, "-m", "gunicorn", "bench.seats_wsgi:application", "--no-control-socket"]
        command += [
            "--bind",
            f"127.0.0.1:{self.port}",
            "--workers",
            "2",
            "--worker-class",
            "gthread",
            "--threads",
            "8",
        ]
        command += ["--backlog", "2048", "--log-level", "critical", "--timeout", "120"]
        # The control fails on purpose, with a trace for each.
        stderr = subprocess.DEVNULL if "BENCH_WITHOUT_LOCK" in self.environment else None
        self.process = subprocess.Popen(command, env=self.environment, stderr=stderr)
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                if self.ask("GET", "/healthz")[0] == 200:
                    return self
            except OSError:
                time.sleep(0.2)
        raise RuntimeError("The portal did not start.")

    def __exit__(self, *exception):
        self.process.terminate()
        self.process.wait(timeout=30)

    def processor_seconds(self):
        """What the processes of gunicorn have used of the processor so far; 0 where there is no /proc."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        if not children.exists():
            return 0
        pids = [self.process.pid, *map(int, children.read_text().split())]
        # Behind the name, which may hold blanks: user and system time are the 14th and 15th column.
        ticks = [Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13] for pid in pids]
        return sum(int(tick) for pair in ticks for tick in pair) / os.sysconf("SC_CLK_TCK")

    def ask(self, method, path, body=None, headers=None):
        """(status, headers, text) of one request on a connection of its own."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        try:
            connection.request(method, path, body, {"Host": "localhost", **(headers or {})})
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read().decode()
        finally:
            connection.close()


def round_(number, portal, people, seats) -> bool:
    """One event for which all confirm at once; prints a row, and tells whether everything was as it must be."""
    from common.models import OutboxMail
    from events.models import Registration, SeatAllocation

    event, links = registered(people, seats)
    keys = [key_of(portal, link) for link in links]
    load, spent = os.getloadavg()[0], portal.processor_seconds()
    answers, seconds, wall = press_all(portal, links, keys)
    spent = portal.processor_seconds() - spent
    rows = Registration.objects.filter(event=event)
    confirmed = rows.filter(state=Registration.State.CONFIRMED).count()
    waiting = SeatAllocation.objects.filter(pool__event=event, state=SeatAllocation.State.WAITING)
    positions = sorted(waiting.values_list("position", flat=True))
    mails = Counter(
        OutboxMail.objects.filter(kind__in=["events/place", "events/waiting"], about=f"event:{event.pk}").values_list(
            "recipient", flat=True
        )
    )
    is_complete = positions == list(range(1, people - seats + 1))
    is_once = set(mails) == set(rows.values_list("email", flat=True)) and set(mails.values()) == {1}
    errors = Counter(status for status in answers if status != 302)
    span = f"{positions[0]}–{positions[-1]}" if positions else "–"
    told = ", ".join(f"{count} × {status}" for status, count in sorted(errors.items())) or "0"
    shown = [number, confirmed, len(positions), f"{span} {'complete' if is_complete else 'NOT COMPLETE'}"]
    shown += ["yes" if is_once else f"NO: {sum(mails.values())} to {len(mails)}", told]
    shown += [f"{median(seconds):.2f}", f"{quantiles(seconds, n=20)[-1]:.2f}", f"{wall:.1f}"]
    shown += [f"{1000 * spent / people:.1f}", f"{load:.1f}"]
    print("| " + " | ".join(map(str, shown)) + " |", flush=True)
    return confirmed == seats and is_complete and is_once and not errors


def registered(people, seats):
    """(event, paths of the confirm pages), by the code that serves production."""
    from datetime import time as clock
    from datetime import timedelta

    from django.utils import timezone

    from events.emails.participating import address
    from events.models import Event, SeatPool
    from events.services.registering import ensure_pools, register

    day = timezone.localdate() + timedelta(days=30)
    event = Event(source_language="en", title_en="Workshop", start_date=day, end_date=day, time_zone="Europe/Rome")
    event.start_time, event.end_time, event.status = clock(10), clock(16), Event.Status.PUBLISHED
    event.derive_times()
    event.save()
    ensure_pools(event)
    SeatPool.objects.filter(event=event).update(capacity=seats)
    rows = [
        register(
            event,
            {"email": f"person-{number}@example.org", "name": f"Person {number}", "mode": "in-person"},
            consents=["data"],
            language="en",
        )
        for number in range(people)
    ]
    return event, ["/" + address(row, "confirm").split("/", 3)[3] for row in rows]


def press_all(portal, links, keys):
    """(statuses, seconds of each, seconds of all): all press the button of the page they have open at once."""
    gate, answers, seconds = threading.Barrier(len(links) + 1), [], []

    def press(link, key):
        gate.wait()
        started = time.perf_counter()
        try:
            status = portal.ask("POST", link, *key)[0]
        except OSError as error:
            status = type(error).__name__
        seconds.append(time.perf_counter() - started)
        answers.append(status)

    threads = [threading.Thread(target=press, args=[link, key]) for link, key in zip(links, keys, strict=True)]
    for thread in threads:
        thread.start()
    gate.wait()
    started = time.perf_counter()
    for thread in threads:
        thread.join()
    return answers, seconds, time.perf_counter() - started


def key_of(portal, link):
    """(body, headers) of the button of a page, with its own token against forgery."""
    _status, headers, page = portal.ask("GET", link)
    cookie = headers["Set-Cookie"].partition(";")[0]
    body = f"csrfmiddlewaretoken={_TOKEN.search(page)[1]}"
    return body, {"Cookie": cookie, "Content-Type": "application/x-www-form-urlencoded"}
