"""Several workers at once, on the real database."""

from threading import Barrier, Thread

import pytest
from django.db import connections

from newsletters.models import Delivery, DigestIssue, DigestItem
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
