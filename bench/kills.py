"""`python -m bench kills`: a newsletter to ten thousand while workers, beat, broker and database are killed.

Everything runs as in life, on servers of its own in a folder of its own: two Celery workers, beat, Valkey, PostgreSQL, and a
mail server that says what it took. Printed are mails lost, doubled and uncertain; docs/benchmark.md tells how to read it.
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
CELERY = [sys.executable, "-m", "celery", "-A", "hub.celery:app", "-q"]
WORKER = [*CELERY, "worker", "--concurrency", "2", "--queues", "bulk,render", "--loglevel", "ERROR"]
WORKER += ["--without-mingle", "--without-gossip"]


def main(arguments):
    parser = argparse.ArgumentParser(prog="bench kills", description=__doc__)
    parser.add_argument("--recipients", type=int, default=10_000)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=0.02, help="that the mail server takes for each mail")
    options = parser.parse_args(arguments)
    chance = random.Random(options.seed)
    with tempfile.TemporaryDirectory(prefix="kills-", dir="/var/tmp") as folder, Stage(Path(folder), options) as stage:
        campaign = stage.prepare(options.recipients)
        print(f"\n{options.recipients:,} recipients, {options.kills} times kill -9, seed {options.seed}\n", flush=True)
        began = time.monotonic()
        stage.start()
        killed = Counter()
        while sum(killed.values()) < options.kills:
            time.sleep(chance.uniform(0.3, 1.5))
            victim = chance.choices(list(stage.victims), [6, 6, 2, 2, 1])[0]
            stage.kill(victim)
            killed[victim.rstrip("12 ")] += 1
        stage.wait_for_the_end(campaign)
        return report(stage, campaign, options, killed, time.monotonic() - began)


class Stage:
    """All processes of one run, each of which can be killed and comes back."""

    def __init__(self, folder, options):
        self.folder, self.options = folder, options
        self.processes, self.taken, self._lock = {}, [], threading.Lock()

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
            "DELIVERY_LEASE_SECONDS": str(LEASE_SECONDS),
            "BULK_EVERY_SECONDS": "1",
            "CELERY_BEAT_SCHEDULE": str(self.folder / "beat-schedule"),
            "LOG_LEVEL": "CRITICAL",
        }
        self.victims = {
            "worker 1": lambda: self._restart("worker 1", [*WORKER, "--hostname", "one@%h"]),
            "worker 2": lambda: self._restart("worker 2", [*WORKER, "--hostname", "two@%h"]),
            "beat": lambda: self._restart("beat", [*CELERY, "beat", "--loglevel", "CRITICAL"]),
            "broker": lambda: self._revive(self.valkey),
            "database": lambda: self._revive(self.postgres),
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

    def start(self):
        for name in ("worker 1", "worker 2", "beat"):
            self.victims[name]()

    def kill(self, name):
        """Kill -9, and let it come back."""
        self.victims[name]()

    def _restart(self, name, command):
        if process := self.processes.get(name):
            _kill_group(process)
        self.processes[name] = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
        )

    def _revive(self, server):
        """A server is killed with all its processes and started again on what it left on the disk."""
        while victims := _users_of(server.folder):
            for pid in victims:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            time.sleep(0.1)
        server.stop()
        server.start()

    def wait_for_the_end(self, campaign, *, seconds=900):
        """Until no delivery is open, or the time is over."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
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
    from django.db import close_old_connections

    from newsletters.models import Delivery

    close_old_connections()
    return Delivery.objects.filter(campaign=campaign, state__in=Delivery.OPEN).count()


def report(stage, campaign, options, killed, seconds):
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
    print(
        "| recipients | killed | lost | doubled | of them with another Message-ID | uncertain (taken) | open | seconds |"
    )
    print("|---|---|---|---|---|---|---|---|")
    told = ", ".join(f"{name} {count}" for name, count in sorted(killed.items()))
    other = sum(doubled.values()) - same
    taken = sum(1 for address in uncertain if mails[address])
    left = sum(states[state] for state in Delivery.OPEN)
    print(
        f"| {len(rows):,} | {sum(killed.values())}: {told} | {len(lost)} | {len(doubled)} | {other} "
        f"| {len(uncertain)} ({taken}) | {left} | {seconds:.0f} |"
    )
    balance = sum(states.values()) == options.recipients
    print(f"\nstates: {dict(states)}; the sum is the audience: {'yes' if balance else 'NO'}")
    sound = not (lost or told_wrong or left or other) and balance and len(doubled) <= options.kills
    return 0 if sound else 1
