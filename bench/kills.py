"""`python -m bench kills`: a newsletter to ten thousand while workers, beats, broker and database are killed.

Everything runs on servers of its own in a folder of its own: two Celery workers, two beats, which is one too many, a Valkey
that hands hints out again after five seconds and is emptied now and then, PostgreSQL, and a mail server that says what it
took. Printed are mails lost, doubled and uncertain; docs/benchmark.md tells how to read it.
"""

import argparse
import contextlib
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path

LEASE_SECONDS = 8
HELD = 50
"""Mails that a worker takes at once (`BATCH` of newsletters.services.delivering): the lease must outlast them."""

CELERY = [sys.executable, "-m", "celery", "-A", "hub.celery:app", "-q"]
WORKER = [*CELERY, "worker", "--concurrency", "2", "--queues", "bulk,render", "--loglevel", "ERROR"]
WORKER += ["--without-mingle", "--without-gossip"]
IMPATIENT = ["--", 'broker.transport_options=(json){"visibility_timeout": 5}']
"""A hint that is not acknowledged within five seconds is handed out again, while the first worker still follows it."""

VICTIMS = {"worker 1": 6, "worker 2": 6, "beat 1": 1, "beat 2": 1, "broker": 2, "database": 1}
"""What is killed, and how often by comparison."""


def main(arguments):
    parser = argparse.ArgumentParser(prog="bench kills", description=__doc__)
    parser.add_argument("--recipients", type=int, default=10_000)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--flushes", type=int, default=5, help="how often the broker forgets everything")
    parser.add_argument("--broker-away", type=float, default=0, metavar="SECONDS", help="once, in the middle")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=0.02, help="that the mail server takes for each mail")
    options = parser.parse_args(arguments)
    chance = random.Random(options.seed)
    with tempfile.TemporaryDirectory(prefix="kills-", dir="/var/tmp") as folder, Stage(Path(folder), options) as stage:
        campaign = stage.prepare(options.recipients)
        print(f"\n{options.recipients:,} recipients, {options.kills} times kill -9, seed {options.seed}\n", flush=True)
        began = time.monotonic()
        stage.start()
        for blow in blows(options, chance):
            time.sleep(chance.uniform(0.3, 1.5))
            stage.strike(blow, campaign)
        stage.wait_for_the_end(campaign)
        return report(stage, campaign, options, time.monotonic() - began)


def blows(options, chance):
    """What happens one after the other: kills and flushes in a random order, the broker away in the middle."""
    found = chance.choices(list(VICTIMS), VICTIMS.values(), k=options.kills) + ["flush"] * options.flushes
    chance.shuffle(found)
    if options.broker_away:
        found.insert(len(found) // 2, "away")
    return found


class Stage:
    """All processes of one run, each of which can be killed and comes back, and the broker can forget or be away."""

    def __init__(self, folder, options):
        self.folder, self.options = folder, options
        self.processes, self.taken, self._lock = {}, [], threading.Lock()
        self.struck, self.ended = Counter(), Counter()
        self.open_on_return = None

    def __enter__(self):
        from hub.local.postgres import Postgres
        from hub.local.smtp import MailServer, Plan
        from hub.local.valkey import Valkey

        self._stack = contextlib.ExitStack()
        self._server = self._stack.enter_context(
            MailServer(plan=lambda: Plan(seconds=self.options.seconds), take=self._take)
        )
        self.postgres = self._stack.enter_context(Postgres(self.folder))
        self.valkey = self._stack.enter_context(Valkey(self.folder))
        os.environ |= {
            "DATABASE_URL": self.postgres.url,
            "REDIS_URL": self.valkey.url,
            "HUB_LOCAL": "true",
            "DJANGO_SETTINGS_MODULE": "hub.settings",
            "EMAIL_URL": f"smtp://127.0.0.1:{self._server.port}",
            "DELIVERY_LEASE_SECONDS": str(max(LEASE_SECONDS, round(2 * HELD * self.options.seconds))),
            "BULK_EVERY_SECONDS": "1",
            "LOG_LEVEL": "CRITICAL",
        }
        beat = [*CELERY, "beat", "--loglevel", "CRITICAL", "--pidfile", "", "--schedule"]
        self.commands = {
            "worker 1": [*WORKER, "--hostname", "one@%h", *IMPATIENT],
            "worker 2": [*WORKER, "--hostname", "two@%h", *IMPATIENT],
            "beat 1": [*beat, str(self.folder / "beat-1"), *IMPATIENT],
            "beat 2": [*beat, str(self.folder / "beat-2"), *IMPATIENT],
        }
        return self

    def __exit__(self, *exception):
        for process in self.processes.values():
            _kill_group(process)
        self._stack.close()

    def _take(self, sender, recipients, mail):
        message_id = mail.partition(b"Message-ID: ")[2].partition(b"\r\n")[0]
        with self._lock:
            self.taken.append((recipients[0], message_id.decode()))

    def prepare(self, recipients):
        """Tables and a newsletter that is being sent; returns its id."""
        import django

        django.setup()
        from django.core.management import call_command

        from bench.deliveries import make_campaign

        call_command("migrate", verbosity=0, interactive=False)
        return make_campaign(recipients).pk

    def start(self, *, seconds=120):
        """Start what sends, and wait for the first mail: who is killed before has nothing to lose."""
        for name in self.commands:
            self._restart(name)
        deadline = time.monotonic() + seconds
        while not self.taken:
            if time.monotonic() > deadline:
                raise SystemExit("No mail has gone out; does a worker start at all?")
            time.sleep(0.1)

    def strike(self, blow, campaign):
        """Kill -9 what is named and let it come back, or do to the broker what is named."""
        self._look_after()
        if blow == "flush":
            self._flush()
        elif blow == "away":
            self._kill_server(self.valkey)
            back = time.monotonic() + self.options.broker_away
            while time.monotonic() < back:
                self._look_after()
                time.sleep(0.5)
            self.open_on_return = _open(campaign)
            self.valkey.start()
        elif blow == "broker":
            self._kill_server(self.valkey)
            self.valkey.start()
        elif blow == "database":
            self._kill_server(self.postgres)
            self.postgres.start()
        else:
            self._restart(blow)
        self.struck[blow.rstrip("12 ")] += 1

    def _restart(self, name):
        if process := self.processes.get(name):
            _kill_group(process)
        self.processes[name] = subprocess.Popen(
            self.commands[name], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
        )

    def _look_after(self):
        """Start anew what ended by itself, as Docker does where the hub runs."""
        for name, process in self.processes.items():
            if process.poll() is not None:
                self.ended[name] += 1
                self._restart(name)

    def _flush(self):
        """The broker forgets all hints, bindings and locks."""
        import redis

        with redis.Redis.from_url(self.valkey.url) as connection:
            connection.flushall()

    def _kill_server(self, server):
        """A server is killed with all its processes; started again, it finds what it left on the disk."""
        while victims := _users_of(server.folder):
            for pid in victims:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            time.sleep(0.1)
        server.stop()

    def wait_for_the_end(self, campaign, *, seconds=900):
        """Until no delivery is open, or the time is over."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            self._look_after()
            with contextlib.suppress(Exception):
                if not _open(campaign):
                    return
            time.sleep(0.5)


def _kill_group(process):
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _users_of(folder):
    """Processes that name a folder of ours in their command line: the servers of this run, never another's."""
    found = []
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError, ValueError):
            pid = int(entry.name)
            command = (entry / "cmdline").read_bytes()
            # The keeper names the folder too; it is left alive to bury the server, or its lock would stay.
            if pid != os.getpid() and os.fsencode(folder) in command and b"keeper.py" not in command:
                found.append(pid)
    return found


def _open(campaign):
    from django.db import connection

    from newsletters.models import Delivery

    # The database may have been killed since the last question.
    connection.close()
    return Delivery.objects.filter(campaign=campaign, state__in=Delivery.OPEN).count()


def report(stage, campaign, options, seconds):
    from newsletters.models import Delivery

    mails = Counter(recipient for recipient, _id in stage.taken)
    ids = Counter(stage.taken)
    doubled = {recipient: count for recipient, count in mails.items() if count > 1}
    same = sum(count for pair, count in ids.items() if count > 1 and pair[0] in doubled)
    rows = dict(
        Delivery.objects.filter(campaign=campaign).values_list("subscriber__email", "state").order_by("subscriber")
    )
    states = Counter(rows.values())
    lost = [address for address, state in rows.items() if state == "accepted" and not mails[address]]
    told_wrong = [address for address, state in rows.items() if state in ("queued", "rejected") and mails[address]]
    uncertain = [address for address, state in rows.items() if state == "uncertain"]
    struck = stage.struck
    killed = {name: struck[name] for name in ("worker", "beat", "broker", "database") if struck[name]}
    away = f"{options.broker_away:.0f} s ({stage.open_on_return})" if struck["away"] else "no"
    left = sum(states[state] for state in Delivery.OPEN)
    table = {
        "recipients": f"{len(rows):,}",
        "killed": f"{sum(killed.values())}: " + ", ".join(f"{name} {count}" for name, count in killed.items()),
        "broker emptied": struck["flush"],
        "broker away (open on return)": away,
        "ended by themselves": stage.ended.total(),
        "lost": len(lost),
        "doubled": len(doubled),
        "of them with another Message-ID": sum(doubled.values()) - same,
        "uncertain (taken)": f"{len(uncertain)} ({sum(1 for address in uncertain if mails[address])})",
        "open": left,
        "seconds": f"{seconds:.0f}",
    }
    print(f"| {' | '.join(table)} |")
    print("|---" * len(table) + "|")
    print(f"| {' | '.join(map(str, table.values()))} |")
    balance = sum(states.values()) == options.recipients
    print(f"\nstates: {dict(states)}; the sum is the audience: {'yes' if balance else 'NO'}")
    waited = stage.open_on_return != 0
    if not waited:
        print("Nothing was left to send when the broker came back, so its absence shows nothing: take more --seconds.")
    sound = balance and waited and not (lost or told_wrong or doubled or left)
    return 0 if sound else 1
