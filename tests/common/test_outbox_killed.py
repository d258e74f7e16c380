"""Real worker processes, killed at the worst moments."""

import os
import signal
import subprocess
import sys
from contextlib import contextmanager
from datetime import timedelta
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from celery import current_app
from django.db import connection
from django.utils import timezone

from common.models import OutboxMail
from common.outbox.delivery import send_batch
from hub.local import CHECKOUT
from hub.local.keeper import die_with_parent
from tests.common.smtp_sink import HOLD
from tests.common.test_outbox_queue import queue

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("greeting")]


@contextmanager
def worker(sink):
    """A worker of this test's database and mail server, listening to a queue of its own; yields process and queue."""
    name = f"test-{uuid4()}"
    database = urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{connection.settings_dict['NAME']}").geturl()
    command = [sys.executable, "-m", "celery", "-A", "hub.celery:app", "-q", "worker", "--pool", "solo"]
    command += ["-Q", name, "--without-mingle", "--without-gossip", "--include", "tests.common.direct_mail"]
    process = subprocess.Popen(
        command,
        cwd=CHECKOUT,
        env=os.environ
        | {"DATABASE_URL": database, "EMAIL_URL": f"smtp://127.0.0.1:{sink.port}", "EMAIL_TIMEOUT": "60"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        preexec_fn=die_with_parent(signal.SIGKILL),
    )
    try:
        yield process, name
    finally:
        process.kill()
        process.wait()
        with current_app.connection_for_write() as broker:
            broker.default_channel.queue_delete(name)


def kill_when_held(sink, task, *args):
    """Give a worker the task and kill it once the mail server keeps it waiting."""
    with worker(sink) as (process, name):
        current_app.signature(task, args=args).apply_async(queue=name)
        assert sink.reached.wait(30), "the worker did not come to the mail server"
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    sink.faults.clear()


def run_of_beat_after_the_lease():
    OutboxMail.objects.filter(lease_until__isnull=False).update(lease_until=timezone.now() - timedelta(seconds=1))
    send_batch()


def test_worker_killed_between_commit_and_mail_and_the_mail_still_leaves(sink):
    mail = queue()
    sink.faults["RCPT"] = HOLD
    kill_when_held(sink, "common.tasks.send_outbox")
    mail.refresh_from_db()
    assert (mail.state, sink.accepted) == ("leased", [])
    run_of_beat_after_the_lease()
    mail.refresh_from_db()
    assert (mail.state, sink.recipients) == ("accepted", ["anna@example.org"])


def test_control_mail_sent_directly_after_commit_is_lost_with_its_process(sink):
    sink.faults["RCPT"] = HOLD
    kill_when_held(sink, "tests.common.direct_mail.commit_and_send_directly", "anna@example.org")
    run_of_beat_after_the_lease()
    assert sink.accepted == []


def test_worker_killed_after_the_mail_left_leaves_it_uncertain_and_sent_once(sink):
    mail = queue()
    sink.faults["CONTENT"] = HOLD
    kill_when_held(sink, "common.tasks.send_outbox")
    for _ in range(2):
        run_of_beat_after_the_lease()
    mail.refresh_from_db()
    assert (mail.state, sink.recipients) == ("uncertain", ["anna@example.org"])
