"""Several workers at once, on the real database."""

import os
import signal
from threading import Barrier, Thread

import pytest
from django.db import connection, connections

from newsletters.models import Delivery, DigestIssue, DigestItem
from newsletters.services import digesting
from newsletters.services.digesting import make_due
from tests.newsletters.digests.test_digesting import MONDAY, new_practice
from tests.newsletters.factories_digests import make_reader

pytestmark = pytest.mark.django_db(transaction=True)


def test_workers_at_once_make_each_digest_once():
    readers = [make_reader() for _number in range(12)]
    new_practice()
    gate, made = Barrier(4), []

    def work():
        gate.wait()
        try:
            made.append(make_due(MONDAY, block=2))
        finally:
            connections.close_all()

    threads = [Thread(target=work) for _number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    # What one worker passed over because another one had it is made by now, or by the next run.
    made.append(make_due(MONDAY, block=2))
    assert sum(one.sent for one in made) == len(readers)
    assert sum(one.editions for one in made) >= 1
    assert len(made) == 5
    for model in (DigestIssue, Delivery, DigestItem):
        assert model.objects.count() == len(readers)
    assert set(DigestIssue.objects.values_list("edition", flat=True)) == {Delivery.objects.first().edition_id}


def test_worker_killed_in_the_middle_leaves_no_half_of_a_block(monkeypatch):
    readers = [make_reader() for _number in range(6)]
    new_practice()
    write, begun = digesting.write, []

    def write_and_die(*arguments):
        write(*arguments)
        begun.append(arguments)
        if len(begun) == 2:
            os.kill(os.getpid(), signal.SIGKILL)

    child = os.fork()
    if child == 0:
        connection.connection = None  # The parent's own; psycopg2 closes none that another process opened.
        digesting.write = write_and_die
        try:
            make_due(MONDAY, block=2)
        finally:
            os._exit(1)
    _pid, status = os.waitpid(child, 0)
    assert os.WTERMSIG(status) == signal.SIGKILL
    # Blocks are of ids, so that the first may hold one reader or two.
    left = DigestIssue.objects.count()
    assert left == Delivery.objects.count() == DigestItem.objects.count()
    assert 0 < left < len(readers)

    made = make_due(MONDAY, block=2)

    assert made.sent == len(readers) - left
    for model in (DigestIssue, Delivery, DigestItem):
        assert model.objects.count() == len(readers)
