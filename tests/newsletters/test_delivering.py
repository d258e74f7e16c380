"""From a row in the queue to the mail server's answer: each mail at most once, and every answer understood."""

import email
import email.policy
import time
import uuid
from collections import Counter
from datetime import timedelta

import pytest
from django.utils import timezone

from hub.local.smtp import CUT, Plan
from newsletters.keys import is_genuine, opened, scope_of_newsletter
from newsletters.models import Campaign, Claim, Delivery, Subscriber, Subscription, Suppression, Throttle
from newsletters.services import claiming, delivering
from newsletters.services.claiming import LEASE, claim_due, release, settle_expired
from newsletters.services.delivering import Sender, pause_after, send_all_due, send_due

pytestmark = pytest.mark.django_db
State = Delivery.State


def states(campaign=None):
    rows = Delivery.objects.filter(campaign=campaign) if campaign else Delivery.objects.all()
    return Counter(rows.values_list("state", flat=True))


def parsed(mail):
    return email.message_from_bytes(mail[2], policy=email.policy.default)


def only():
    return Delivery.objects.get()


# The ordinary way --------------------------------------------------------------------------------


def test_every_subscriber_gets_one_mail_with_the_own_key(mail_server, sent_campaign):
    campaign = sent_campaign(120)
    assert send_all_due().answers == {"accepted": 120}
    assert states() == {"accepted": 120}
    assert Counter(mail[1][0] for mail in mail_server.mails) == {
        person.email: 1 for person in Subscriber.objects.all()
    }
    for mail in mail_server.mails[:3]:
        message = parsed(mail)
        person = Subscriber.objects.get(email=mail[1][0])
        found = opened(message["List-Unsubscribe"].strip("<>").split("/")[-2])
        assert (found.uid, found.scope) == (person.uid, scope_of_newsletter(campaign.network_id))
        assert is_genuine(found, person.token_version)
        assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        assert str(person.deliveries.get().key) in message["Message-ID"]
        assert message.get_body(("plain",)).get_content().count("READERS-KEY") == 0


def test_nothing_is_sent_twice_when_it_runs_again(mail_server, sent_campaign):
    sent_campaign(5)
    send_all_due()
    assert send_all_due().answers == {}
    assert len(mail_server.mails) == 5


def test_one_connection_serves_many_mails(mail_server, sent_campaign):
    opened_lines = []
    mail_server.plan = lambda: opened_lines.append(1) or Plan()
    sent_campaign(30)
    send_all_due()
    # The plan is asked once for the connection and once for each mail.
    assert len(opened_lines) == 31


def test_all_mail_backends_serve(settings, mailoutbox, sent_campaign):
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    sent_campaign(3)
    assert send_all_due().answers == {"accepted": 3}
    assert {mail.to[0] for mail in mailoutbox} == set(Subscriber.objects.values_list("email", flat=True))
    assert "READERS-KEY" not in mailoutbox[0].body + mailoutbox[0].alternatives[0][0]
    assert mailoutbox[0].extra_headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


@pytest.mark.parametrize("state", [Campaign.State.PAUSED, Campaign.State.CANCELLED, Campaign.State.MATERIALISING])
def test_only_newsletters_that_are_being_sent_go_out(mail_server, sent_campaign, state):
    campaign = sent_campaign(2)
    Campaign.objects.filter(pk=campaign.pk).update(state=state)
    assert send_all_due().answers == {}
    assert mail_server.mails == []


def test_no_newsletter_waits_for_another(mail_server, sent_campaign):
    first, second = sent_campaign(200), sent_campaign(200)
    with Sender() as sender:
        for _ in range(6):
            send_due(sender, limit=10)
    assert states(first)["accepted"] + states(second)["accepted"] == 60
    # One of 64 orders serves the same one each time; the sources are drawn anew for each batch.
    sources = {tuple(source.pk if source else None for source in claiming.sources()) for _ in range(60)}
    assert len(sources) > 1


# What happened since the recipients were gathered ------------------------------------------------


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda person: person.subscriptions.update(state="unsubscribed"), "unsubscribed"),
        (
            lambda person: person.subscriptions.update(
                state="paused", paused_until=timezone.now() + timedelta(days=3)
            ),
            "paused",
        ),
        (
            lambda person: Suppression.objects.create(email_hash=person.email_hash, reason="bounced"),
            "suppressed",
        ),
        (lambda person: Subscriber.objects.filter(pk=person.pk).update(email=None), "erased"),
    ],
)
def test_who_left_meanwhile_gets_nothing(mail_server, sent_campaign, change, reason):
    campaign = sent_campaign(3)
    person = Subscriber.objects.order_by("pk")[1]
    change(person)
    send_all_due()
    assert len(mail_server.mails) == 2
    row = Delivery.objects.get(campaign=campaign, subscriber=person)
    assert (row.state, row.skip_reason) == ("skipped", reason)


def test_who_comes_back_from_a_pause_gets_mail(mail_server, sent_campaign):
    sent_campaign(1)
    Subscription.objects.update(state="paused", paused_until=timezone.now() - timedelta(minutes=1))
    assert send_all_due().answers == {"accepted": 1}


# What servers answer -----------------------------------------------------------------------------

READER = "reader-{}-0@city.example"


def answer_to_recipient(campaign, line):
    return lambda: Plan(recipients={READER.format(campaign.pk): line})


@pytest.mark.parametrize("line", [b"450 4.2.0 busy\r\n", b"451 4.3.0 try later\r\n", b"452 4.2.2 full\r\n"])
def test_a_refusal_for_now_waits_and_the_others_go(mail_server, sent_campaign, line):
    campaign = sent_campaign(3)
    mail_server.plan = answer_to_recipient(campaign, line)
    assert send_all_due().answers == {"accepted": 2, "later": 1}
    row = Delivery.objects.get(state="queued")
    assert (row.attempts, row.smtp_code) == (1, line[:9].decode())
    assert row.next_attempt_at > timezone.now() + timedelta(minutes=1)
    mail_server.plan = Plan
    assert send_all_due().answers == {}
    Delivery.objects.filter(pk=row.pk).update(next_attempt_at=timezone.now())
    assert send_all_due().answers == {"accepted": 1}


def test_a_recipient_who_is_refused_for_good_ends_and_counts_once_a_day(mail_server, sent_campaign):
    campaign = sent_campaign(3)
    mail_server.plan = answer_to_recipient(campaign, b"550 5.1.1 no such user\r\n")
    send_all_due()
    assert states() == {"accepted": 2, "rejected": 1}
    row = Delivery.objects.get(state="rejected")
    assert (row.smtp_code, row.subscriber.bounce_score) == ("550 5.1.1", 1)


def test_a_text_that_is_refused_says_nothing_about_the_reader(mail_server, sent_campaign):
    sent_campaign(1)
    mail_server.plan = lambda: Plan(text=b"554 5.7.1 looks like spam\r\n")
    send_all_due()
    assert (only().state, only().smtp_code, only().subscriber.bounce_score) == ("rejected", "554 5.7.1", 0)


def test_a_policy_at_the_recipient_says_nothing_about_the_address(mail_server, sent_campaign):
    campaign = sent_campaign(1)
    mail_server.plan = answer_to_recipient(campaign, b"550 5.7.1 policy\r\n")
    send_all_due()
    assert (only().state, only().subscriber.bounce_score) == ("rejected", 0)


@pytest.mark.parametrize(
    "plan",
    [
        Plan(sender=b"550 5.1.8 bad sender\r\n"),
        Plan(sender=b"530 5.7.0 authenticate first\r\n"),
        Plan(text=b"550 5.7.515 sender level\r\n"),
    ],
)
def test_a_refusal_of_us_stops_the_newsletter_and_loses_nothing(mail_server, sent_campaign, plan):
    campaign = sent_campaign(10)
    mail_server.plan = lambda: plan
    send_all_due()
    campaign.refresh_from_db()
    assert (campaign.state, campaign.pause_reason) == ("paused", "sender")
    assert campaign.steps.get().note == "sender"
    assert states() == {"queued": 10}
    assert mail_server.mails == []
    assert Subscriber.objects.filter(bounce_score__gt=0).count() == 0


def test_wrong_credentials_stop_the_newsletter(mail_server, sent_campaign, settings, monkeypatch):
    import smtplib

    def refuse(*args, **kwargs):
        raise smtplib.SMTPAuthenticationError(535, b"5.7.8 wrong")

    settings.EMAIL_HOST_USER = "hub"
    monkeypatch.setattr(smtplib.SMTP, "login", refuse)
    campaign = sent_campaign(2)
    send_all_due()
    campaign.refresh_from_db()
    assert (campaign.state, states()) == ("paused", {"queued": 2})


@pytest.mark.parametrize(
    "plan",
    [
        Plan(connect=b"421 4.3.2 not now\r\n"),
        Plan(sender=b"421 4.7.0 too many\r\n"),
        Plan(sender=b"451 4.3.0 later\r\n"),
        Plan(data=CUT),
        Plan(sender=CUT),
    ],
)
def test_a_line_that_breaks_before_the_text_leaves_all_in_the_queue(mail_server, sent_campaign, plan):
    campaign = sent_campaign(4)
    mail_server.plan = lambda: plan
    assert send_all_due().answers == {"broken": 1}
    campaign.refresh_from_db()
    assert (campaign.state, states()) == ("sending", {"queued": 4})
    # It was no attempt of that mail: a server may be away for long.
    assert set(Delivery.objects.values_list("attempts", flat=True)) <= {0, 1}
    mail_server.plan = Plan
    Delivery.objects.update(next_attempt_at=timezone.now())
    assert send_all_due().answers == {"accepted": 4}
    assert len(mail_server.mails) == 4


def test_no_server_at_all_leaves_all_in_the_queue(settings, mail_server, sent_campaign):
    sent_campaign(2)
    settings.EMAIL_PORT = 1
    assert send_all_due().answers == {"broken": 1}
    assert states() == {"queued": 2}


@pytest.mark.parametrize("plan", [Plan(text=CUT), Plan(cut_within_text=True)])
def test_a_line_cut_after_the_text_is_uncertain_and_not_sent_again(mail_server, sent_campaign, plan):
    sent_campaign(2)
    plans = iter([plan, plan])
    mail_server.plan = lambda: next(plans, Plan())
    counts = send_all_due().answers
    assert counts["uncertain"] == 1
    assert states() == {"uncertain": 1, "accepted": 1}
    Delivery.objects.update(next_attempt_at=timezone.now())
    assert send_all_due().answers == {}


def test_silence_after_the_text_is_uncertain(mail_server, sent_campaign, settings):
    settings.EMAIL_TIMEOUT = 0.3
    sent_campaign(1)
    mail_server.plan = lambda: Plan(seconds=1.5)
    assert send_all_due().answers == {"uncertain": 1}
    assert only().state == "uncertain"


def test_a_mail_that_cannot_be_made_stops_nobody_else(mail_server, sent_campaign):
    sent_campaign(3)
    first = Subscriber.objects.order_by("pk")[0]
    Subscriber.objects.filter(pk=first.pk).update(email="a\r\nrcpt to:<x@y.example>@city.example")
    assert send_all_due().answers == {"accepted": 2, "unwanted": 1}
    assert all(len(mail[1]) == 1 and "\r" not in mail[1][0] for mail in mail_server.mails)


# When it goes on badly ---------------------------------------------------------------------------


def test_twenty_failures_in_a_row_stop_the_newsletter(mail_server, sent_campaign):
    campaign = sent_campaign(60)
    mail_server.plan = lambda: Plan(text=b"554 5.7.1 no\r\n")
    send_all_due()
    campaign.refresh_from_db()
    assert (campaign.state, campaign.pause_reason) == ("paused", "failures")
    # It may be us: nobody is blamed, and all are tried once more.
    assert states() == {"queued": 60}
    assert Subscriber.objects.filter(bounce_score__gt=0).count() == 0
    Delivery.objects.update(next_attempt_at=timezone.now(), attempts=1)
    Campaign.objects.update(state="sending", failures_in_a_row=0)
    send_all_due()
    assert states()["rejected"] == delivering.BATCH


def test_many_addresses_that_do_not_work_stop_the_newsletter(mail_server, sent_campaign):
    campaign = sent_campaign(200)
    bad = {READER.format(campaign.pk).replace("-0@", f"-{n}@"): b"550 5.1.1 no\r\n" for n in range(0, 200, 10)}
    mail_server.plan = lambda: Plan(recipients=bad)
    send_all_due()
    campaign.refresh_from_db()
    assert (campaign.state, campaign.pause_reason) == ("paused", "bounces")
    assert states()["queued"] > 0


def test_a_few_bad_addresses_stop_nothing(mail_server, sent_campaign):
    campaign = sent_campaign(200)
    bad = {READER.format(campaign.pk).replace("-0@", f"-{n}@"): b"550 5.1.1 no\r\n" for n in (3, 50, 120)}
    mail_server.plan = lambda: Plan(recipients=bad)
    send_all_due()
    campaign.refresh_from_db()
    assert (campaign.state, states()) == ("sending", {"accepted": 197, "rejected": 3})


def test_pauses_between_attempts_grow_and_differ():
    shortest, longest = pause_after(0), pause_after(40)
    assert timedelta(minutes=1) < shortest < timedelta(minutes=3) < pause_after(4) < longest
    assert longest <= delivering.LONGEST_PAUSE * 1.2
    assert len({pause_after(3) for _ in range(20)}) > 10


# Workers that die or wake late -------------------------------------------------------------------


def test_what_a_dead_worker_had_not_begun_is_queued_again_and_the_rest_is_uncertain(sent_campaign):
    sent_campaign(3)
    claim, rows, at = claim_due(3)
    assert claiming.begin(claim, rows[0], None, at)
    assert settle_expired() == {}
    assert settle_expired(timezone.now() + LEASE + timedelta(seconds=1)) == {"queued": 2, "uncertain": 1}
    assert states() == {"queued": 2, "uncertain": 1}


def test_a_worker_that_wakes_late_changes_nothing(sent_campaign):
    sent_campaign(2)
    claim, rows, at = claim_due(2)
    assert claiming.begin(claim, rows[0], None, at)
    settle_expired(timezone.now() + LEASE + timedelta(seconds=1))
    other, again, _at = claim_due(2)
    assert [row.id for row in again] == [rows[1].id]
    assert not claiming.begin(claim, rows[1], rows[0].id, at)
    assert not claiming.settle(claim, rows[0], state=State.REJECTED)
    assert release(claim, rows[0].id) == {}
    assert states() == {"uncertain": 1, "claimed": 1}
    assert Delivery.objects.get(state="claimed").claim_id == other


def test_a_worker_that_is_stopped_says_what_it_knows(mail_server, sent_campaign):
    """What was accepted before is accepted, what it had in hand is uncertain, the rest waits for another."""
    sent_campaign(5)

    class Stopped(Sender):
        def hand_over(self, row):
            if len(mail_server.mails) == 2:
                raise SystemExit
            return super().hand_over(row)

    with Stopped() as sender, pytest.raises(SystemExit):
        send_due(sender)
    assert states() == {"accepted": 2, "uncertain": 1, "queued": 2}
    assert not Claim.objects.exists()
    assert send_all_due().answers == {"accepted": 2}


def test_what_was_accepted_before_a_worker_died_is_accepted(sent_campaign):
    sent_campaign(4)
    claim, rows, at = claim_due(4)
    for row, before in zip(rows[:3], [None, rows[0].id, rows[1].id], strict=True):
        assert claiming.begin(claim, row, before, at)
    settle_expired(timezone.now() + LEASE + timedelta(seconds=1))
    found = Delivery.objects.order_by("pk").values_list("state", "attempts", "smtp_code")
    assert [*found] == [
        ("accepted", 1, "250"),
        ("accepted", 1, "250"),
        ("uncertain", 1, "worker lost"),
        ("queued", 0, ""),
    ]
    assert Delivery.objects.filter(accepted_at__isnull=False).count() == 2


def test_newsletter_that_is_recalled_keeps_what_was_begun(sent_campaign):
    campaign = sent_campaign(4)
    claim, rows, at = claim_due(4)
    assert claiming.begin(claim, rows[0], None, at)
    assert claiming.begin(claim, rows[1], rows[0].id, at)
    assert claiming.recall(campaign.pk) == 2
    assert not claiming.begin(claim, rows[2], rows[1].id, at)
    assert release(claim, rows[1].id) == {"accepted": 2}
    assert states() == {"accepted": 2, "queued": 2}


def test_two_workers_never_hold_the_same_mail(sent_campaign):
    sent_campaign(10)
    first, second = claim_due(6)[1], claim_due(6)[1]
    assert len(first) == 6
    assert {row.id for row in first} & {row.id for row in second} == set()
    assert len(first) + len(second) == 10


def test_what_the_provider_told_meanwhile_is_not_overwritten(sent_campaign):
    """A bounce may come before the server's own yes."""
    sent_campaign(1)
    claim, rows, at = claim_due(1)
    claiming.begin(claim, rows[0], None, at)
    Delivery.objects.all().let_go(State.BOUNCED)
    assert release(claim, rows[0].id) == {}
    assert only().state == "bounced"


# Limits ------------------------------------------------------------------------------------------


def test_a_limit_for_all_mail_holds_for_all_workers(mail_server, sent_campaign):
    Throttle.objects.create(name="*", rate=20, burst=10, tokens=10)
    sent_campaign(60)
    began = time.monotonic()
    sent = 0
    with Sender() as one, Sender() as other:
        while time.monotonic() - began < 1.5:
            for sender in (one, other):
                sent += send_due(sender).answers["accepted"]
                elapsed = time.monotonic() - began
                assert sent <= 10 + 20 * elapsed + 1
            time.sleep(0.02)
    assert sent >= 10 + 20 * 1.2


def test_a_limit_for_a_domain_lets_the_others_pass(mail_server, sent_campaign):
    Throttle.objects.create(name="slow.example", rate=0.01, burst=2, tokens=2)
    sent_campaign(6)
    slow = list(Delivery.objects.order_by("pk").values_list("pk", flat=True)[:4])
    Delivery.objects.filter(pk__in=slow).update(domain="slow.example")
    assert send_all_due().answers == {"accepted": 4}
    late = Delivery.objects.filter(state="queued")
    assert {row.domain for row in late} == {"slow.example"}
    assert all(row.next_attempt_at > timezone.now() + timedelta(seconds=30) for row in late)
    assert {row.attempts for row in late} == {0}


def test_tokens_that_were_not_needed_are_given_back(mail_server, sent_campaign):
    Throttle.objects.create(name="*", rate=0.001, burst=50, tokens=50)
    sent_campaign(4)
    send_all_due()
    assert 45 < Throttle.objects.get().tokens < 47


# Shape of the mails ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "subject",
    [
        "نشرة الحوار بين المدن: ممارسات جديدة وفعاليات قادمة لهذا الأسبوع في المتوسط",
        "Știri despre dialogul între orașe: practici noi și evenimente în această lună ț",
        "Injected\r\nBcc: victim@city.example",
    ],
)
def test_subjects_in_all_scripts_stay_one_header(mail_server, sent_campaign, subject):
    sent_campaign(1, subject=subject)
    send_all_due()
    message = parsed(mail_server.mails[0])
    assert message["Subject"] == " ".join(subject.split("\r\n"))
    assert "Bcc" not in message
    head = mail_server.mails[0][2].partition(b"\r\nDate:")[0]
    assert max(len(line) for line in head.split(b"\r\n")) <= 78


def test_long_lines_dots_and_letters_arrive_as_they_were_written(mail_server, sent_campaign):
    text = "مرحبا " * 400 + "\n.\n..two\n" + "x" * 5000 + " \nend = é 🌍"
    sent_campaign(1, text=text, html=f"<p>{text}</p>")
    send_all_due()
    message = parsed(mail_server.mails[0])
    assert message.get_body(("plain",)).get_content().replace("\r\n", "\n").strip() == text
    assert message.get_body(("html",)).get_content().replace("\r\n", "\n").strip() == f"<p>{text}</p>"
    assert max(len(line) for line in mail_server.mails[0][2].split(b"\r\n")) <= 998


def test_keys_of_one_purpose_or_version_open_nothing_else():
    from newsletters.keys import key_of

    uid = uuid.uuid4()
    key = key_of(uid, 0, 7)
    assert is_genuine(opened(key), 0)
    assert not is_genuine(opened(key), 1)
    assert not is_genuine(opened(key), 0, purpose="confirm")
    assert not is_genuine(opened(key_of(uid, 0, 8)[:30] + key[30:]), 0)
    assert [opened(bad) for bad in ("", "x" * 43 + "y", "é" * 43, "=" * 43)] == [None] * 4


# Found by reading --------------------------------------------------------------------------------


def test_more_editions_than_are_kept_lose_nothing(mail_server, sent_campaign, monkeypatch):
    monkeypatch.setattr(delivering, "MOST_SKELETONS", 1)
    with Sender() as sender:
        for _ in range(3):
            sent_campaign(2)
            for _round in range(2):
                send_due(sender, limit=1)
        while send_due(sender).answers:
            pass
    assert states() == {"accepted": 6}


@pytest.mark.parametrize(
    "change",
    [
        lambda row: row.subscriber.subscriptions.update(state="unsubscribed", state_at=timezone.now()),
        lambda row: Subscriber.objects.filter(pk=row.subscriber_id).update(email="moved@city.example"),
        lambda row: Subscriber.objects.filter(pk=row.subscriber_id).update(token_version=1),
        lambda row: Campaign.objects.update(state="paused"),
    ],
)
def test_what_changes_while_a_mail_is_in_a_workers_hand_counts(mail_server, sent_campaign, change):
    campaign = sent_campaign(3)
    last = campaign.deliveries.order_by("pk").last()
    claim, rows, at = claim_due(3)
    assert claiming.begin(claim, rows[0], None, at)
    change(last)
    assert not claiming.begin(claim, rows[2], rows[0].id, at)
    release(claim, rows[0].id)
    assert Delivery.objects.get(pk=last.pk).state == "queued"
    assert states()["accepted"] == 1


def test_a_server_that_hangs_up_after_so_many_mails_is_called_again(mail_server, sent_campaign):
    taken = {"since": 0}

    def plan():
        # Asked once per connection, then once per mail.
        return Plan(sender=b"421 4.7.0 too many messages in this connection\r\n") if full() else Plan()

    def full():
        count = len(mail_server.mails) - taken["since"]
        if count >= 10:
            taken["since"] = len(mail_server.mails)
            return True
        return False

    mail_server.plan = plan
    sent_campaign(35)
    assert send_all_due().answers == {"accepted": 35}


def test_a_limit_is_waited_for_and_not_for_a_minute(mail_server, sent_campaign):
    Throttle.objects.create(name="*", rate=40, burst=5, tokens=5)
    sent_campaign(30)
    began = time.monotonic()
    assert send_all_due().answers == {"accepted": 30}
    assert 0.5 < time.monotonic() - began < 4


def test_a_limit_of_a_domain_is_waited_for(mail_server, sent_campaign):
    Throttle.objects.create(name="city.example", rate=20, burst=2, tokens=2)
    sent_campaign(12)
    assert send_all_due().answers == {"accepted": 12}


def test_when_time_is_over_there_is_more(mail_server, sent_campaign):
    Throttle.objects.create(name="*", rate=0.5, burst=1, tokens=1)
    sent_campaign(3)
    done = send_all_due(seconds=0.5)
    assert (done.has_more, done.answers["accepted"]) == (True, 1)


@pytest.mark.parametrize(
    ("line", "outcome"),
    [
        (b"550 5.1.1 no such user\r\n", "no-mailbox"),
        (b"550 no such user\r\n", "no-mailbox"),
        (b"553 who?\r\n", "no-mailbox"),
        (b"550 5.2.1 disabled\r\n", "no-mailbox"),
        (b"552 5.2.2 full\r\n", "unwanted"),
        (b"550 5.4.5 daily quota exceeded\r\n", "unwanted"),
        (b"554 5.7.1 policy\r\n", "unwanted"),
    ],
)
def test_only_what_speaks_of_the_mailbox_is_held_against_it(mail_server, sent_campaign, line, outcome):
    campaign = sent_campaign(2)
    mail_server.plan = answer_to_recipient(campaign, line)
    assert send_all_due().answers == {outcome: 1, "accepted": 1}
    assert Subscriber.objects.filter(bounce_score__gt=0).count() == (outcome == "no-mailbox")


def test_who_moved_is_not_blamed_for_the_old_address(sent_campaign):
    sent_campaign(1)
    person = Subscriber.objects.get()
    assert not delivering.count_bounce(person.uid, is_hard=True, address="old@city.example")
    person.refresh_from_db()
    assert person.bounce_score == 0


def test_tls_asks_for_a_certificate(settings, monkeypatch):
    import ssl

    from newsletters import lines

    asked = []
    monkeypatch.setattr(lines.smtplib.SMTP, "connect", lambda self, *args: (220, b"hello"))
    monkeypatch.setattr(lines.smtplib.SMTP, "starttls", lambda self, *, context: asked.append(context))
    monkeypatch.setattr(lines.smtplib.SMTP, "ehlo_or_helo_if_needed", lambda self: None)
    settings.EMAIL_HOST, settings.EMAIL_USE_TLS, settings.EMAIL_USE_SSL = "mail.example", True, False
    settings.EMAIL_HOST_USER = ""
    lines.SmtpLine()._opened()
    assert (asked[0].verify_mode, asked[0].check_hostname) == (ssl.CERT_REQUIRED, True)
