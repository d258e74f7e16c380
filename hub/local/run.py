"""`make run`: from a checkout to a portal that answers, in phases that are shown."""

import contextlib
import os
import subprocess
import sys
from dataclasses import dataclass

from hub.local import HOME
from hub.local.keeper import die_with_parent
from hub.local.messages import compile_messages
from hub.local.processes import Child, Processes, listening_socket, say, when_answered
from hub.local.progress import fail, phase
from hub.local.server import locked
from hub.local.services import local_services

LOGINS = HOME / "logins.txt"
PREFERRED_SMTP_PORT, PREFERRED_MAILBOX_PORT = 2525, 8025
WORKER = ("worker", "--loglevel", "WARNING", "--without-mingle", "--without-gossip")
DEFAULTS = {
    "HUB_LOCAL": "true",
    # Names without a hash: an edited style sheet shows without being collected, compressed and renamed.
    "STATIC_STORAGE": "django.contrib.staticfiles.storage.StaticFilesStorage",
}


def run(*, port):
    """Serve until somebody stops us; the exit code."""
    with contextlib.ExitStack() as stack:
        mark = stack.enter_context(only_run())
        listener = stack.enter_context(listening_socket(port))
        address = f"http://localhost:{listener.getsockname()[1]}/"
        mailbox = stack.enter_context(_mailbox())
        mark.write(address)
        mark.flush()
        for name, value in (DEFAULTS | {"SITE_URL": address.rstrip("/")}).items():
            os.environ.setdefault(name, value)
        ready(stack)
        if failed := prepare():
            return failed
        say("Starting web, workers, beat and a mailbox; Ctrl-C stops them.")
        processes = Processes([*children(listener.fileno()), *mailbox.children])
        when_answered(f"{address}healthz", lambda: say(welcome(address, mailbox.address)))
        # Once the web server has its copy of the socket, ours would only keep visitors waiting after its end.
        exit_code = processes.run(when_started=listener.close)
    say("Everything is stopped.")
    return exit_code


@contextlib.contextmanager
def only_run():
    """A file to leave our address in. One run in a checkout: a second beat would send everything twice."""
    HOME.mkdir(exist_ok=True)
    with open(HOME / "running", "a+") as mark:
        if not locked(mark):
            mark.seek(0)
            fail(f"The portal of this checkout already runs at {mark.read() or 'another terminal'}")
        mark.truncate(0)
        yield mark


@dataclass(frozen=True)
class LocalMailbox:
    children: list
    address: str
    """Where its pages are; "" where mail goes elsewhere."""


@contextlib.contextmanager
def _mailbox():
    """Where the mail goes unless EMAIL_URL names another server: to pages that show it."""
    if os.environ.get("EMAIL_URL"):
        yield LocalMailbox([], "")
        return
    with listening_socket(PREFERRED_SMTP_PORT) as smtp, listening_socket(PREFERRED_MAILBOX_PORT) as web:
        os.environ["EMAIL_URL"] = f"smtp://127.0.0.1:{smtp.getsockname()[1]}"
        command = [
            sys.executable,
            "-m",
            "hub.local",
            "mailbox",
            "--smtp",
            str(smtp.fileno()),
            "--web",
            str(web.fileno()),
        ]
        child = Child("mailbox", command, pass_fds=(smtp.fileno(), web.fileno()))
        yield LocalMailbox([child], f"http://localhost:{web.getsockname()[1]}/")


def ready(stack):
    """Translations and servers, which everything after needs."""
    with phase("Translations compiled") as remarks:
        remarks.append(f"{len(compile_messages())} changed")
    with phase("PostgreSQL and Valkey started") as remarks:
        stack.enter_context(local_services())
        if "PGHOST" not in os.environ:
            remarks.append("the one of DATABASE_URL")


def prepare():
    command = [sys.executable, "-m", "hub.local", "prepare"]
    return subprocess.run(command, preexec_fn=die_with_parent(15), check=False).returncode


def children(listener):
    """In the order in which they are stopped: no new work first, then no new visitors, then the work at hand."""
    python = [sys.executable, "-W", "ignore:You're running the worker with superuser privileges", "-m"]
    celery = [*python, "celery", "-A", "hub.celery:app", "-q"]
    gunicorn = [*python, "gunicorn", "hub.wsgi:application", "--bind", f"fd://{listener}", "--no-control-socket"]
    return [
        Child("beat", [*celery, "beat", "--loglevel", "WARNING"]),
        Child(
            "web",
            [*gunicorn, "--worker-class", "gthread", "--workers", "2", "--threads", "8", "--access-logfile", "-"],
            pass_fds=(listener,),
        ),
        # Alone on its broker: there are no neighbours to look for.
        Child("worker", [*celery, *WORKER, "--concurrency", "2"]),
        # Of its own, so that no mail to one person waits behind a newsletter.
        Child("bulk", [*celery, *WORKER, "--concurrency", "1", "--queues", "bulk,render", "--hostname", "bulk@%h"]),
    ]


def welcome(address, mailbox=""):
    lines = ["", f"The portal is at {address}"]
    if mailbox:
        lines.append(f"Its mails are at {mailbox}")
    if LOGINS.exists():
        lines += ["", LOGINS.read_text().strip(), "", f"(kept in {LOGINS})"]
    return "\n".join([*lines, ""])
