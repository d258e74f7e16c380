"""Every way in which the talk with a mail server can end, and what the outbox says then."""

import random
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier
from uuid import uuid4

import pytest
import time_machine
from django.core import mail as django_mail
from django.db import connections, transaction
from django.utils import timezone

from accounts.models import User
from common import tasks
from common.models import MailTrouble, OutboxMail
from common.outbox import delivery, kinds, services, transport
from common.outbox.delivery import BATCH, LEASE, LONGEST_WAIT, MOST_ATTEMPTS, PAUSE, back_off, claim, send_batch
from tests.common.smtp_sink import CUT
from tests.common.test_outbox_queue import queue

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("greeting")]


def now_of(mail):
    """The row as it is now: state, attempts, last error."""
    mail.refresh_from_db()
    return mail.state, mail.attempts, mail.last_error


def administrator():
    return User.objects.create_superuser("root@example.org", "a long password")


def test_mail_is_accepted_with_its_headers_and_both_parts(sink):
    mail = queue(language="ar", name="هدى", context={"title": "إلى اللقاء"})
    assert send_batch() is False
    assert now_of(mail) == ("accepted", 1, "")
    [message] = sink.messages
    assert message["Message-ID"] == mail.message_id
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Content-Language"] == "ar"
    assert datetime.now(UTC) - message["Date"].datetime.replace(tzinfo=UTC) < timedelta(minutes=1)
    assert message["Subject"] == mail.subject
    assert [(address.display_name, address.addr_spec) for address in message["To"].addresses] == [
        ("هدى", "anna@example.org")
    ]
    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]
    assert message.get_body(["plain"]).get_content().replace("\r\n", "\n").strip() == mail.text_body


@pytest.mark.parametrize(
    "name", ["Bo <x@evil.example>, y@evil.example", 'A" <b@c.example>', "=?utf-8?q?a?=", "Å" * 150]
)
def test_name_adds_no_recipient(sink, name):
    queue(name=name)
    send_batch()
    [message] = sink.messages
    assert [address.addr_spec for address in message["To"].addresses] == ["anna@example.org"]
    assert sink.recipients == ["anna@example.org"]


def test_domain_in_its_own_letters_is_addressed_as_the_network_knows_it(sink):
    queue(to="anna@malmö.example", name="Åsa")
    send_batch()
    assert sink.recipients == ["anna@xn--malm-8qa.example"]


def test_line_longer_than_the_protocol_allows_arrives_whole(sink):
    mail = queue(context={"title": "." + "å" * 1500})
    send_batch()
    [message] = sink.messages
    assert message.get_body(["plain"]).get_content().replace("\r\n", "\n").strip() == mail.text_body


def test_line_that_begins_with_a_dot_keeps_it(sink):
    mail = queue()
    OutboxMail.objects.filter(pk=mail.pk).update(text_body="one\n.\n.two\n..", html_body="")
    send_batch()
    [message] = sink.messages
    assert message.get_content().replace("\r\n", "\n").strip() == "one\n.\n.two\n.."


def test_batch_uses_one_connection(sink):
    for number in range(5):
        queue(to=f"p{number}@example.org")
    send_batch()
    assert (sink.connections, sink.recipients) == (1, [f"p{number}@example.org" for number in range(5)])


def test_full_batch_says_that_there_may_be_more(sink, monkeypatch):
    monkeypatch.setattr(delivery, "BATCH", 2)
    monkeypatch.setattr(delivery.claim, "__defaults__", (2,))
    for number in range(3):
        queue(to=f"p{number}@example.org")
    assert [send_batch(), send_batch(), send_batch()] == [True, False, False]
    assert len(sink.accepted) == 3


def test_mail_is_sent_when_its_time_has_come(sink):
    mail = queue(not_before=timezone.now() + timedelta(hours=1))
    send_batch()
    assert sink.accepted == []
    with time_machine.travel(timezone.now() + timedelta(hours=1, seconds=1)):
        send_batch()
    assert now_of(mail) == ("accepted", 1, "")


@pytest.mark.parametrize(
    ("step", "fault", "ending"),
    [
        ("CONNECT", "421 4.3.2 Shutting down", ("waiting", 1, "CONNECT 421 4.3.2")),
        ("CONNECT", "554 No service", ("waiting", 1, "CONNECT 554")),
        ("CONNECT", CUT, ("waiting", 1, "CONNECT SMTPServerDisconnected")),
        ("CONNECT", 2, ("waiting", 1, "CONNECT SMTPServerDisconnected")),
        ("MAIL", "451 4.3.2 Busy", ("waiting", 1, "MAIL 451 4.3.2")),
        ("MAIL", "550 5.7.515 Not authenticated", ("waiting", 1, "MAIL 550 5.7.515")),
        ("MAIL", "530 5.7.0 Authentication required", ("waiting", 1, "MAIL 530 5.7.0")),
        ("MAIL", CUT, ("waiting", 1, "TALK SMTPServerDisconnected")),
        ("RCPT", "450 4.2.1 anna@example.org is greylisted", ("waiting", 1, "RCPT 450 4.2.1")),
        ("RCPT", "452 Full", ("waiting", 1, "RCPT 452")),
        ("RCPT", "421 Going away", ("waiting", 1, "RCPT 421")),
        ("RCPT", "550 5.1.1 anna@example.org is unknown", ("failed", 1, "RCPT 550 5.1.1")),
        ("RCPT", "550 5.1.1 User unknown in relay recipient table", ("failed", 1, "RCPT 550 5.1.1")),
        ("RCPT", "554 5.7.1 Relay access denied", ("waiting", 1, "RCPT 554 5.7.1")),
        ("RCPT", CUT, ("waiting", 1, "TALK SMTPServerDisconnected")),
        ("RCPT", 2, ("waiting", 1, "TALK SMTPServerDisconnected")),
        ("DATA", "451 Later", ("waiting", 1, "DATA 451")),
        ("DATA", "554 5.7.1 No", ("failed", 1, "DATA 554 5.7.1")),
        ("DATA", CUT, ("waiting", 1, "TALK SMTPServerDisconnected")),
        ("DATA", "cut after 354", ("uncertain", 1, "CONTENT SMTPServerDisconnected")),
        ("CONTENT", "451 4.3.0 Later", ("waiting", 1, "CONTENT 451 4.3.0")),
        ("CONTENT", "550 5.7.1 Spam", ("failed", 1, "CONTENT 550 5.7.1")),
        ("CONTENT", "550 5.7.26 Unauthenticated", ("waiting", 1, "CONTENT 550 5.7.26")),
        ("CONTENT", CUT, ("uncertain", 1, "CONTENT SMTPServerDisconnected")),
    ],
)
def test_fault_has_one_ending(sink, step, fault, ending):
    mail = queue()
    sink.faults[step] = fault
    send_batch()
    assert now_of(mail) == ending
    assert mail.lease_until is None
    assert (mail.next_attempt_at > timezone.now()) == (ending[0] == "waiting")


@pytest.mark.parametrize(
    ("step", "fault", "pauses"),
    [
        ("MAIL", "550 5.7.515 Not authenticated", True),
        ("MAIL", "530 5.7.0 Authentication required", True),
        ("RCPT", "554 5.7.1 Relay access denied", True),
        ("CONTENT", "550 5.7.26 Unauthenticated", True),
        ("MAIL", "451 4.3.2 Busy", False),
        ("RCPT", "550 5.1.1 User unknown in relay recipient table", False),
        ("CONTENT", "550 5.7.1 Spam", False),
    ],
)
def test_refusal_pauses_where_it_is_about_us(sink, step, fault, pauses):
    queue()
    sink.faults[step] = fault
    send_batch()
    assert MailTrouble.objects.filter(paused_until__gt=timezone.now()).exists() == pauses


def test_server_that_is_not_there_puts_the_batch_off(sink, settings, caplog):
    settings.EMAIL_PORT = 1
    mails = [queue(to=f"p{number}@example.org") for number in range(3)]
    send_batch()
    assert [now_of(mail) for mail in mails] == [("waiting", 1, "CONNECT ConnectionRefusedError")] * 3
    assert "cannot be reached" in caplog.text
    assert MailTrouble.objects.get().reason == "CONNECT ConnectionRefusedError"


def test_server_without_the_log_in_that_is_set_pauses_everything(sink, settings):
    settings.EMAIL_HOST_USER = settings.EMAIL_HOST_PASSWORD = "hub"
    mail = queue()
    send_batch()
    assert now_of(mail) == ("waiting", 0, "")
    assert MailTrouble.objects.get().paused_until > timezone.now() + PAUSE / 2


def test_server_slow_to_accept_is_waited_for(sink):
    mail = queue()
    sink.faults["CONTENT"] = 1.5
    send_batch()
    assert now_of(mail) == ("accepted", 1, "")


def test_server_too_slow_to_accept_leaves_it_uncertain(sink, monkeypatch):
    monkeypatch.setattr(transport, "SECONDS_TO_ACCEPT", 0.2)
    mail = queue()
    sink.faults["CONTENT"] = 1.5
    send_batch()
    assert now_of(mail)[0] == "uncertain"


def test_fault_of_one_recipient_does_not_touch_the_others(sink):
    mails = [queue(to=f"p{number}@example.org") for number in range(4)]
    sink.faults |= {"p1@example.org": "550 5.1.1 Unknown", "p2@example.org": "451 Later"}
    send_batch()
    assert [now_of(mail)[0] for mail in mails] == ["accepted", "failed", "waiting", "accepted"]


def test_connection_lost_in_between_is_made_anew(sink):
    mails = [queue(to=f"p{number}@example.org") for number in range(3)]
    sink.faults["p1@example.org"] = CUT
    send_batch()
    assert [now_of(mail)[0] for mail in mails] == ["accepted", "waiting", "accepted"]
    assert sink.connections == 2


def test_mail_that_cannot_be_put_together_fails_alone(sink):
    broken, sound = queue(), queue(to="bo@example.org")
    OutboxMail.objects.filter(pk=broken.pk).update(subject="two\nlines")
    send_batch()
    assert (now_of(broken), now_of(sound)[0]) == (("failed", 1, "MESSAGE BadHeaderError"), "accepted")


def test_refusal_of_the_sender_pauses_everything_and_ends_with_the_next_success(sink, caplog):
    mails = [queue(to=f"p{number}@example.org") for number in range(3)]
    sink.faults["MAIL"] = "535 5.7.8 Wrong password"
    send_batch()
    assert [now_of(mail)[:2] for mail in mails] == [("waiting", 1), ("waiting", 0), ("waiting", 0)]
    assert "refuses us" in caplog.text
    sink.faults.clear()
    send_batch()
    assert sink.accepted == []
    with time_machine.travel(timezone.now() + PAUSE + timedelta(seconds=1)):
        send_batch()
    assert (len(sink.accepted), MailTrouble.objects.count()) == (3, 0)


@pytest.mark.parametrize(
    ("attempts", "longest"), [(1, 60), (2, 120), (3, 240), (11, 61440), (12, 86400), (500, 86400)]
)
def test_back_off_doubles_up_to_a_day_with_a_spread(attempts, longest):
    random.seed(7)
    waits = [back_off(attempts).total_seconds() for _ in range(200)]
    assert longest / 2 <= min(waits) < longest * 0.55
    assert longest * 0.95 < max(waits) <= longest


def test_attempts_together_take_some_days():
    longest = sum((back_off(attempts) for attempts in range(1, MOST_ATTEMPTS)), timedelta())
    assert timedelta(days=2.5) < longest < timedelta(days=6)
    assert back_off(MOST_ATTEMPTS) <= LONGEST_WAIT


def test_mail_put_off_is_given_up_in_the_end(sink):
    mail = queue()
    sink.faults["RCPT"] = "451 Later"
    with time_machine.travel(timezone.now(), tick=False) as clock:
        for _ in range(MOST_ATTEMPTS):
            send_batch()
            clock.shift(LONGEST_WAIT)
    assert now_of(mail) == ("failed", MOST_ATTEMPTS, "RCPT 451")


def test_body_of_secret_mail_is_forgotten_once_accepted(sink):
    kinds.declare("greeting", "Greetings", secret=True)
    mail = queue()
    send_batch()
    mail.refresh_from_db()
    assert (mail.state, mail.text_body, mail.html_body, mail.link) == ("accepted", "", "", "")


def test_other_backend_than_smtp_sends_as_well():
    mail = queue()
    send_batch()
    assert (now_of(mail), [sent.to for sent in django_mail.outbox]) == (
        ("accepted", 1, ""),
        [["Anna <anna@example.org>"]],
    )


# Leases


def test_lease_that_expired_before_handing_over_is_taken_up_by_another(sink):
    mail = queue()
    claim()
    send_batch()
    assert sink.accepted == []
    with time_machine.travel(timezone.now() + LEASE + timedelta(seconds=1)):
        send_batch()
    assert (now_of(mail), len(sink.accepted)) == (("accepted", 1, ""), 1)


def test_lease_that_expired_while_handing_over_is_uncertain_and_not_sent_again(sink):
    mail = queue()
    token, _ = claim()
    assert delivery._begin(mail, token)
    with time_machine.travel(timezone.now() + LEASE + timedelta(seconds=1)):
        send_batch()
        send_batch()
    assert (now_of(mail), sink.accepted) == (("uncertain", 0, "LEASE"), [])


def test_worker_that_wakes_late_hands_nothing_over(sink):
    mail = queue()
    token, _ = claim()
    with time_machine.travel(timezone.now() + LEASE + timedelta(seconds=1)):
        assert not delivery._begin(mail, token)
        delivery.settle_expired_leases()
        _, [taken] = claim()
        assert not delivery._begin(mail, token)
    assert (taken.pk, now_of(mail)[0]) == (mail.pk, "leased")


@pytest.mark.parametrize("verb", [delivery._accept, lambda mail, token: delivery._put_off(mail, token, "x")])
def test_old_worker_writes_nothing_about_what_another_has_taken(verb):
    mail = queue()
    old_token, _ = claim()
    delivery._begin(mail, old_token)
    with time_machine.travel(timezone.now() + LEASE + timedelta(seconds=1)):
        delivery.settle_expired_leases()
        services.send_again(mail, actor=administrator())
        new_token, _ = claim()
    verb(mail, old_token)
    mail.refresh_from_db()
    assert (mail.state, mail.lease_token, mail.accepted_at) == ("leased", new_token, None)


def test_late_answer_settles_what_was_given_up_as_uncertain():
    mail = queue()
    token, _ = claim()
    delivery._begin(mail, token)
    with time_machine.travel(timezone.now() + LEASE + timedelta(seconds=1)):
        delivery.settle_expired_leases()
        delivery._accept(mail, uuid4())
        assert now_of(mail)[0] == "uncertain"
        delivery._accept(mail, token)
    assert now_of(mail) == ("accepted", 1, "")


def test_cancelled_mail_is_not_sent(sink):
    mail = queue()
    services.cancel(mail, actor=administrator())
    send_batch()
    assert (now_of(mail)[0], sink.accepted) == ("cancelled", [])


def test_mail_that_is_leaving_cannot_be_cancelled():
    mail = queue()
    claim()
    assert services.cancel(mail, actor=administrator()) is False
    assert now_of(mail)[0] == "leased"


def test_task_goes_on_while_there_is_more(monkeypatch, django_capture_on_commit_callbacks):
    for more in (True, False):
        monkeypatch.setattr(delivery, "send_batch", lambda more=more: more)
        with django_capture_on_commit_callbacks() as callbacks:
            tasks.send_outbox()
        assert len(callbacks) == more


@pytest.mark.django_db(transaction=True)
def test_two_claimers_at_once_take_different_mails():
    for number in range(2 * BATCH):
        queue(to=f"p{number}@example.org")
    begin = Barrier(4)

    def take():
        begin.wait()
        taken = []
        while mails := claim(limit=7)[1]:
            taken += [mail.pk for mail in mails]
        connections.close_all()
        return taken

    with ThreadPoolExecutor(4) as pool:
        taken = [pk for future in [pool.submit(take) for _ in range(4)] for pk in future.result()]
    assert sorted(taken) == sorted(OutboxMail.objects.values_list("pk", flat=True))


@pytest.mark.django_db(transaction=True)
def test_two_claimers_wait_for_nobody(sink):
    """Rows that another transaction is about to take are passed over, not waited for."""
    first, second = queue(), queue(to="bo@example.org")

    def take():
        start = time.monotonic()
        _, mails = claim()
        connections.close_all()
        return [mail.pk for mail in mails], time.monotonic() - start

    # The transaction ends before the pool waits for its thread, so a claimer that does wait fails the test.
    with ThreadPoolExecutor(1) as pool, transaction.atomic():
        OutboxMail.objects.select_for_update().get(pk=first.pk)
        taken, seconds = pool.submit(take).result(timeout=10)
    assert (taken, seconds < 2) == ([second.pk], True)
