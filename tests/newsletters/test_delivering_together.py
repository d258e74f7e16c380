"""Many workers, the same hint twice, a broker that is away, a worker that is killed: nobody is written to twice."""

import os
import random
import subprocess
import sys
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection, connections, transaction
from django.utils import timezone
from kombu.exceptions import OperationalError

from hub.local.smtp import Plan
from newsletters import tasks
from newsletters.models import Campaign, Claim, Delivery, Throttle
from newsletters.services.claiming import begin, claim_due, recall, release, settle_expired
from newsletters.services.delivering import send_all_due

pytestmark = pytest.mark.django_db(transaction=True)
ROOT = Path(__file__).resolve().parents[2]


def together(number, act):
    with ThreadPoolExecutor(number) as threads:
        return list(threads.map(lambda _number: in_thread(act), range(number)))


def in_thread(act):
    try:
        return act()
    finally:
        connections.close_all()


def recipients(mail_server):
    return Counter(mail[1][0] for mail in mail_server.mails)


def test_the_same_hint_taken_by_four_workers_at_once_sends_each_mail_once(mail_server, sent_campaign):
    """What a broker does whose visibility time-out is short: it gives out the same task again and again."""
    sent_campaign(150)
    together(4, send_all_due)
    assert set(recipients(mail_server).values()) == {1}
    assert len(mail_server.mails) == 150
    assert Delivery.objects.exclude(state="accepted").count() == 0


def test_four_workers_together_keep_a_limit(mail_server, sent_campaign):
    Throttle.objects.create(name="*", rate=60, burst=10, tokens=10)
    sent_campaign(90)
    moments, lock = [], threading.Lock()
    taken = mail_server.mails.append

    class Noting(list):
        def append(self, mail):
            with lock:
                moments.append(time.monotonic())
            taken(mail)

    mail_server.mails = Noting()
    together(4, send_all_due)
    assert len(moments) == 90
    for start in range(0, 90, 10):
        window = [moment for moment in moments if moments[start] <= moment <= moments[start] + 0.5]
        assert len(window) <= 10 + 60 * 0.5 + 4


def test_without_a_broker_the_rows_go_on(mail_server, sent_campaign, monkeypatch):
    campaign = sent_campaign(5)

    def away(*args, **kwargs):
        raise OperationalError("no broker")

    monkeypatch.setattr(tasks.send_bulk, "apply_async", away)
    tasks.send_bulk()
    campaign.refresh_from_db()
    assert (len(mail_server.mails), campaign.state) == (5, Campaign.State.COMPLETED)


@pytest.mark.parametrize("minutes", [-4, 4])
def test_a_worker_whose_clock_is_wrong_takes_nothing_from_others(mail_server, sent_campaign, time_machine, minutes):
    sent_campaign(3)
    claim_due(2)
    time_machine.move_to(timezone.now() + timedelta(minutes=minutes))
    assert settle_expired() == {}
    assert Delivery.objects.filter(state="claimed").count() == 2


def test_a_mail_is_begun_before_a_newsletter_is_recalled_or_not_at_all(sent_campaign):
    """A worker that marks its next mail while the newsletter is being recalled waits, and finds that it may not."""
    campaign = sent_campaign(3)
    claim, rows, at = claim_due(3)
    with ThreadPoolExecutor(1) as threads:
        with transaction.atomic():
            assert recall(campaign.pk) == 3
            marked = threads.submit(in_thread, lambda: begin(claim, rows[0], None, at))
            with pytest.raises(TimeoutError):
                marked.result(timeout=0.5)
        assert marked.result(timeout=10) is False
    assert campaign.deliveries.filter(state="queued").count() == 3
    assert release(claim) == {}


def worker(port):
    """A process of its own that sends on the test's database."""
    head, _mark, options = os.environ["DATABASE_URL"].partition("?")
    url = f"{head.rsplit('/', 1)[0]}/{connection.settings_dict['NAME']}" + (f"?{options}" if options else "")
    program = "import django; django.setup()\nfrom newsletters.services.delivering import send_all_due\nsend_all_due()"
    environment = {
        "DATABASE_URL": url,
        "EMAIL_URL": f"smtp://127.0.0.1:{port}",
        "DJANGO_SETTINGS_MODULE": "hub.settings",
    }
    return subprocess.Popen([sys.executable, "-c", program], cwd=ROOT, env=os.environ | environment)


def test_killed_workers_lose_nothing_and_double_nothing(mail_server, sent_campaign):
    """A small version of `python -m bench kills`, which also kills beat, broker and database."""
    campaign, chance, kills = sent_campaign(120), random.Random(7), 4
    mail_server.plan = lambda: Plan(seconds=0.01)
    for _kill in range(kills):
        before = len(mail_server.mails)
        process = worker(mail_server.port)
        until = time.monotonic() + 60
        while len(mail_server.mails) < before + 10 and time.monotonic() < until:
            time.sleep(0.01)
        time.sleep(chance.uniform(0, 0.1))
        process.kill()
        process.wait()
        Claim.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    mail_server.plan = Plan
    send_all_due()
    states = Counter(campaign.deliveries.values_list("state", flat=True))
    assert set(recipients(mail_server).values()) == {1}
    assert states["accepted"] + states["uncertain"] == 120
    assert states["uncertain"] <= kills
    for delivery in campaign.deliveries.filter(state="accepted").select_related("subscriber"):
        assert recipients(mail_server)[delivery.subscriber.email] == 1


def test_claiming_reads_an_index_and_sorts_nothing(sent_campaign):
    """However many mails wait, and were sent before."""
    campaign = sent_campaign(2500)
    done = Delivery.objects.order_by("pk").values("pk")[:1000]
    Delivery.objects.filter(pk__in=done).update(state="accepted", accepted_at=timezone.now())
    with connection.cursor() as cursor:
        cursor.execute("VACUUM (ANALYZE) newsletters_delivery")
        cursor.execute(
            "EXPLAIN SELECT id FROM newsletters_delivery WHERE state = 'queued' AND next_attempt_at <= now()"
            " AND campaign_id = %s ORDER BY next_attempt_at, id LIMIT 50",
            [campaign.pk],
        )
        plan = "\n".join(line for (line,) in cursor.fetchall())
    assert "delivery_queued" in plan
    assert "Seq Scan" not in plan
    assert "Sort" not in plan
