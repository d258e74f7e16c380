import os
import smtplib
import socket
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from django.db import connection, transaction
from django.utils import timezone, translation

from common.models import OutboxMail
from common.outbox.queueing import compose, message_id, queue_mail, unlinked
from common.outbox.sending import LEASE, claim, forget_texts, send_again, send_waiting, settle_lost
from common.outbox.summaries import queue_summaries
from tests.factories import make_person

pytestmark = pytest.mark.django_db
ROOT = Path(__file__).resolve().parents[2]
State = OutboxMail.State
INVITED = {
    "link": "https://hub.example/key",
    "name": "Bo",
    "inviter": "Ada",
    "expires_at": datetime(2026, 5, 1, tzinfo=UTC),
}


@pytest.fixture(autouse=True)
def _no_broker(monkeypatch):
    monkeypatch.setattr("common.outbox.queueing.enqueue", lambda *args: None)


def queued(key="one", to="bo@malmo.example", **options):
    options = {"language": "sv", "context": INVITED, "essential": True} | options
    return queue_mail("accounts/invitation", to=to, key=key, **options)


class Server:
    """A mail server's answers, one per mail; then it accepts."""

    def __init__(self, *answers):
        self.answers, self.taken = list(answers), []

    def open(self):
        return True

    def close(self):
        pass

    def send_messages(self, messages):
        answer = self.answers.pop(0) if self.answers else None
        if answer:
            raise answer
        self.taken += messages


@pytest.fixture
def server(monkeypatch):
    server = Server()
    monkeypatch.setattr("common.outbox.sending.get_connection", lambda: server)
    return server


def refused(code):
    return smtplib.SMTPRecipientsRefused({"bo@malmo.example": (code, b"no")})


def test_mail_is_in_the_recipients_language_whatever_the_request_was_in():
    with translation.override("ar"):
        row = queued(language="sv")
    english = compose("accounts/invitation", "en", INVITED)[0]
    swedish = compose("accounts/invitation", "sv", INVITED)[0]
    assert (row.subject, row.subject == english) == (swedish, False)
    assert '<html lang="sv" dir="ltr"' in row.html


def test_same_key_is_queued_once():
    assert queued().pk == queued().pk
    assert OutboxMail.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_rolled_back_change_leaves_no_mail():
    def change():
        with transaction.atomic():
            queued()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        change()
    assert OutboxMail.objects.count() == 0


def test_accepted_mail_has_a_lasting_id_and_its_secret_is_forgotten(server):
    queued(secret=True)
    assert send_waiting() == 1
    (message,) = server.taken
    row = OutboxMail.objects.get()
    assert (message.extra_headers["Message-ID"], message.to) == (message_id("one"), ["bo@malmo.example"])
    assert (row.state, row.text, row.html, row.link) == (State.ACCEPTED, "", "", "")
    assert send_waiting() == 0


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        (refused(451), State.WAITING),
        (refused(550), State.FAILED),
        (smtplib.SMTPDataError(452, b"full"), State.WAITING),
        (smtplib.SMTPDataError(554, b"no"), State.FAILED),
        (smtplib.SMTPSenderRefused(550, b"no", "us"), State.WAITING),
        (smtplib.SMTPServerDisconnected("gone"), State.UNCERTAIN),
        (TimeoutError(), State.UNCERTAIN),
    ],
)
def test_each_answer_of_the_server_leads_to_its_state(server, answer, state):
    server.answers = [answer]
    queued()
    send_waiting()
    row = OutboxMail.objects.get()
    assert (row.state, row.attempts) == (state, 1)
    assert (row.not_before > timezone.now()) == (state == State.WAITING)
    assert "malmo" not in row.last_error


def test_pauses_grow_with_the_attempts(server):
    queued()
    pauses = []
    for _ in range(4):
        server.answers = [refused(451)]
        OutboxMail.objects.update(not_before=timezone.now())
        send_waiting()
        pauses.append((OutboxMail.objects.get().not_before - timezone.now()).total_seconds())
    assert all(0.7 * 120 * 2**n < pause < 1.3 * 120 * 2**n for n, pause in enumerate(pauses))


def test_one_refused_recipient_does_not_stop_the_others(server):
    server.answers = [refused(550)]
    for number in range(3):
        queued(key=str(number))
    assert send_waiting() == 2


def test_uncertain_mail_is_sent_again_only_when_somebody_says_so(server):
    server.answers = [smtplib.SMTPServerDisconnected("gone")]
    queued()
    send_waiting()
    assert send_waiting(timezone.now() + timedelta(days=9)) == 0
    assert send_again(OutboxMail.objects.all()) == 1
    assert send_waiting() == 1


def test_worker_that_lost_its_lease_changes_nothing(server):
    queued()
    now = timezone.now()
    (slow,) = claim(now)
    (quick,) = claim(now + LEASE + timedelta(seconds=1))
    from common.outbox.sending import _hand_over

    assert not _hand_over(slow, server)
    assert _hand_over(quick, server)
    assert len(server.taken) == 1


def test_worker_lost_while_handing_over_leaves_an_uncertain_mail():
    queued()
    now = timezone.now()
    claim(now)
    OutboxMail.objects.update(state=State.HANDING_OVER)
    assert settle_lost(now) == 0
    assert settle_lost(now + LEASE + timedelta(seconds=1)) == 1
    assert OutboxMail.objects.get().state == State.UNCERTAIN


@pytest.mark.django_db(transaction=True)
def test_two_workers_claim_different_mails():
    for number in range(4):
        queued(key=str(number))
    other = connection.copy()
    try:
        with transaction.atomic():
            mine = list(OutboxMail.objects.select_for_update(skip_locked=True).order_by("pk")[:2])
            with other.cursor() as cursor:
                cursor.execute("SELECT id FROM common_outboxmail ORDER BY id FOR UPDATE SKIP LOCKED")
                theirs = {pk for (pk,) in cursor.fetchall()}
    finally:
        other.close()
    assert len(theirs) == 2
    assert theirs.isdisjoint(row.pk for row in mine)


HOSTILE = [
    "<script>alert(1)</script>",
    "Bo\r\nBcc: all@example.org",
    "pay.example.org/now",
    '"><a href="https://x.example">x</a>',
]


@pytest.mark.parametrize("name", HOSTILE)
def test_names_are_literal_text(name):
    row = queued(context=INVITED | {"inviter": name, "name": name})
    plain = queued(key="plain")
    assert "\n" not in row.subject
    assert row.html.count("<a ") == plain.html.count("<a ")
    assert "<script" not in row.html


def test_unlinked_name_is_no_address():
    assert unlinked("pay.example") == "pay.\u200bexample"


@pytest.mark.parametrize(("wish", "state"), [("at-once", State.WAITING), ("daily", State.HELD), ("none", None)])
def test_persons_choice_decides_unless_the_mail_is_essential(wish, state):
    person = make_person(mail_preference=wish)
    row = queued(person=person, essential=False)
    assert (row and row.state) == state
    assert queued(key="two", person=person, essential=True).state == State.WAITING


@pytest.mark.parametrize(
    ("day", "before", "after"),
    [
        # Stockholm springs forward on 29 March 2026 and falls back on 25 October 2026.
        ("2026-03-29", "2026-03-29T04:59:00+00:00", "2026-03-29T05:00:00+00:00"),
        ("2026-10-25", "2026-10-25T05:59:00+00:00", "2026-10-25T06:00:00+00:00"),
    ],
)
def test_summary_comes_once_at_seven_of_the_persons_clock(day, before, after):
    person = make_person(mail_preference="daily", time_zone="Europe/Stockholm", language="sv")
    for number in range(2):
        queued(key=str(number), person=person, essential=False)
    assert queue_summaries(datetime.fromisoformat(before)) == 0
    assert queue_summaries(datetime.fromisoformat(after)) == 1
    assert queue_summaries(datetime.fromisoformat(after) + timedelta(hours=2)) == 0
    summary = OutboxMail.objects.get(kind="summary")
    assert (summary.key, summary.told.count(), summary.language) == (f"summary:{person.pk}:{day}", 2, "sv")


def test_item_held_after_the_summary_comes_with_the_next():
    person = make_person(mail_preference="daily", time_zone="UTC")
    queued(key="one", person=person, essential=False)
    assert queue_summaries(datetime(2026, 5, 1, 8, tzinfo=UTC)) == 1
    queued(key="two", person=person, essential=False)
    assert queue_summaries(datetime(2026, 5, 1, 20, tzinfo=UTC)) == 0
    assert queue_summaries(datetime(2026, 5, 22, 8, tzinfo=UTC)) == 1
    assert [row.told.count() for row in OutboxMail.objects.filter(kind="summary").order_by("pk")] == [1, 1]


def test_nothing_held_means_no_summary():
    make_person(mail_preference="daily")
    assert queue_summaries() == 0


def test_texts_are_forgotten_after_a_month_and_the_fact_is_kept(server):
    queued()
    send_waiting()
    assert forget_texts(timezone.now() + timedelta(days=29)) == 0
    assert forget_texts(timezone.now() + timedelta(days=31)) == 1
    assert OutboxMail.objects.get().subject


class Sink:
    """Keeps what it is given; is as slow as it is told."""

    def __init__(self, seconds=0):
        self.seconds, self.ids, self.begun = seconds, [], 0

    async def handle_DATA(self, server, session, envelope):
        import asyncio
        import email

        self.begun += 1
        await asyncio.sleep(self.seconds)
        self.ids.append(email.message_from_bytes(envelope.content)["Message-ID"])
        return "250 taken"


@pytest.fixture
def sink():
    sink = Sink()
    with socket.create_server(("127.0.0.1", 0)) as free:
        sink.port = free.getsockname()[1]
    controller = Controller(sink, hostname="127.0.0.1", port=sink.port)
    controller.start()
    yield sink
    controller.stop()


def worker(sink, code):
    """A process of its own that works on the test's database."""
    environment = os.environ | {
        "DATABASE_URL": f"{os.environ['DATABASE_URL'].split('?')[0].rsplit('/', 1)[0]}/{connection.settings_dict['NAME']}"
        + ("?" + os.environ["DATABASE_URL"].split("?")[1] if "?" in os.environ["DATABASE_URL"] else ""),
        "EMAIL_URL": f"smtp://127.0.0.1:{sink.port}",
        "DJANGO_SETTINGS_MODULE": "hub.settings",
    }
    program = f"import django; django.setup(); {code}"
    return subprocess.Popen([sys.executable, "-c", program], cwd=ROOT, env=environment)


@pytest.mark.django_db(transaction=True)
def test_killed_worker_loses_no_mail(sink):
    queued()
    # It has taken the mail and is killed before it says a word to the server.
    holder = worker(
        sink,
        "import time; from django.utils import timezone; from common.outbox.sending import claim;"
        " claim(timezone.now()); time.sleep(60)",
    )
    try:
        until = time.monotonic() + 30
        while OutboxMail.objects.get().state != State.LEASED and time.monotonic() < until:
            time.sleep(0.1)
    finally:
        holder.kill()
        holder.wait()
    assert (OutboxMail.objects.get().state, sink.ids) == (State.LEASED, [])
    OutboxMail.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    other = worker(sink, "from common.outbox.sending import send_waiting; send_waiting()")
    assert other.wait(60) == 0
    assert (OutboxMail.objects.get().state, sink.ids) == (State.ACCEPTED, [message_id("one")])


@pytest.mark.django_db(transaction=True)
def test_worker_killed_while_handing_over_sends_nothing_twice(sink):
    sink.seconds = 30
    queued()
    holder = worker(sink, "from common.outbox.sending import send_waiting; send_waiting()")
    try:
        until = time.monotonic() + 30
        while not sink.begun and time.monotonic() < until:
            time.sleep(0.1)
    finally:
        holder.kill()
        holder.wait()
    OutboxMail.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    sink.seconds = 0
    other = worker(sink, "from common.outbox.sending import send_waiting; send_waiting()")
    assert other.wait(60) == 0
    assert (OutboxMail.objects.get().state, sink.begun) == (State.UNCERTAIN, 1)


@pytest.mark.django_db(transaction=True)
def test_without_the_outbox_a_kill_after_the_commit_loses_the_mail(sink):
    """The control: what the outbox is there for does happen."""
    direct = worker(
        sink,
        "import os; from django.core.mail import send_mail; from django.db import transaction;"
        " from common.models import Heartbeat\n"
        "with transaction.atomic():\n"
        "    Heartbeat.record('change')\n"
        "    transaction.on_commit(lambda: (os.kill(os.getpid(), 9), send_mail('s', 't', 'a@b.example', ['c@d.example'])))",
    )
    direct.wait(60)
    from common.models import Heartbeat

    assert (Heartbeat.objects.filter(name="change").exists(), sink.ids) == (True, [])
