"""Mail that stands still is noticed; a slow one is not blamed."""

import logging
from datetime import timedelta

import pytest
from django.utils import timezone

from common.models import Heartbeat
from newsletters.models import Campaign
from newsletters.services.delivering import send_all_due
from newsletters.services.watching import ACCEPTED, MAY_STAND, flow, watch

pytestmark = pytest.mark.django_db


def test_nothing_to_do_is_well():
    assert flow().is_well
    assert flow().due == 0


def test_mail_that_stands_still_is_said_loudly(sent_campaign, caplog):
    sent_campaign(2)
    now = timezone.now()
    assert watch(now).is_well
    with caplog.at_level(logging.ERROR):
        found = watch(now + MAY_STAND + timedelta(minutes=1))
    assert (found.is_well, found.due) == (False, 2)
    assert "stands still" in caplog.text


def test_slow_mail_is_well_as_long_as_some_is_accepted(sent_campaign):
    sent_campaign(3)
    now = timezone.now() + timedelta(hours=5)
    Heartbeat.objects.create(name=ACCEPTED, seen_at=now - timedelta(minutes=5))
    found = flow(now)
    assert found.is_well
    assert found.oldest_seconds > 4 * 3600


@pytest.mark.parametrize(("state", "reason", "paused"), [("paused", "bounces", 1), ("paused", "", 0)])
def test_a_newsletter_that_somebody_holds_stands_rightly(sent_campaign, state, reason, paused):
    campaign = sent_campaign(2)
    Campaign.objects.filter(pk=campaign.pk).update(state=state, pause_reason=reason)
    found = flow(timezone.now() + timedelta(days=1))
    assert (found.is_well, found.due, found.paused) == (True, 0, paused)


def test_each_batch_that_is_taken_is_marked(mail_server, sent_campaign):
    sent_campaign(2)
    send_all_due()
    assert Heartbeat.objects.get(name=ACCEPTED).seen_at > timezone.now() - timedelta(minutes=1)
