from datetime import timedelta

import pytest
from django.utils import timezone

from common.models import Heartbeat, MailTrouble, OutboxMail
from common.outbox.services import queue_mail

pytestmark = pytest.mark.django_db


def mail_of(client):
    return client.get("/readyz").json()["checks"]["mail"]


def queue(minutes_ago, **values):
    context = {"day": timezone.now().date(), "count": 1, "groups": []}
    mail = queue_mail("daily_summary", to="a@example.org", language="en", context=context, key=str(minutes_ago))
    when = timezone.now() - timedelta(minutes=minutes_ago)
    OutboxMail.objects.filter(pk=mail.pk).update(not_before=when, next_attempt_at=when, **values)


def test_readyz_without_mail_is_content(client):
    assert mail_of(client) == {"ok": True, "unsent": 0, "oldest_seconds": 0, "uncertain": 0}


def test_readyz_with_everything_is_200(client):
    Heartbeat.record("beat")
    queue(1)
    response = client.get("/readyz")
    assert (response.status_code, response.json()["ready"]) == (200, True)


@pytest.mark.parametrize(("minutes_ago", "ok"), [(9, True), (11, False)])
def test_readyz_mail_that_nobody_tries_is_missed(client, minutes_ago, ok):
    queue(minutes_ago)
    check = mail_of(client)
    assert (check["ok"], check["unsent"], check["oldest_seconds"] // 60) == (ok, 1, minutes_ago)


def test_readyz_mail_put_off_for_its_recipient_is_shown_and_no_alarm(client):
    queue(600, attempts=3)
    check = mail_of(client)
    assert (check["ok"], check["oldest_seconds"] // 60) == (True, 600)


def test_readyz_mail_for_later_or_accepted_is_not_counted(client):
    queue(-60)
    queue(30, state="accepted", accepted_at=timezone.now())
    queue(20, state="uncertain")
    assert mail_of(client) == {"ok": True, "unsent": 0, "oldest_seconds": 0, "uncertain": 1}


def test_readyz_trouble_with_the_mail_server_is_named_while_mail_waits(client):
    MailTrouble.objects.create(reason="MAIL 535 5.7.8", paused_until=timezone.now())
    assert mail_of(client)["ok"] is True
    queue(1, attempts=1)
    check = mail_of(client)
    assert (check["ok"], check["reason"]) == (False, "MAIL 535 5.7.8")
