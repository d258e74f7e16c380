from datetime import UTC, date, datetime, timedelta

import pytest

from events.models import Event, EventDateChange, EventStep
from newsletters.models import News
from newsletters.services.gathering import LOOK_BACK, gather
from practices.models import Practice
from tests.events.factories import make_event
from tests.factories import make_network, make_practice, make_term
from vocabularies.models import Scheme

pytestmark = pytest.mark.django_db
NOW = datetime(2027, 3, 22, 7, tzinfo=UTC)
YESTERDAY = NOW - timedelta(days=1)


def test_public_practice_is_news_once():
    theme, network = make_term(Scheme.THEME), make_network()
    texts = {"title_fr": "Promenades", "summary_fr": "La nuit.", "title_it": "Passeggiate"}
    practice = make_practice(themes=[theme], networks=[network], published_at=YESTERDAY, texts=texts)

    first, second = gather(NOW), gather(NOW)

    assert (first, second) == (1, 0)
    news = News.objects.get()
    assert (news.kind, news.practice, news.occasion, news.at) == ("new", practice, 0, YESTERDAY)
    assert (news.themes, news.networks, news.languages) == ([theme.pk], [network.pk], ["en", "fr"])


def test_what_not_everybody_may_read_is_no_news():
    make_practice(published_at=YESTERDAY, visibility="network")
    make_practice(published=False, published_at=None)
    make_event(published_at=YESTERDAY, visibility="network")
    make_event(published=False)
    make_practice(published_at=YESTERDAY)

    assert gather(NOW) == 1


def test_practice_published_again_is_no_news_again():
    practice = make_practice(published_at=YESTERDAY)
    gather(NOW)
    Practice.objects.filter(pk=practice.pk).update(status="withdrawn")
    gather(NOW)
    Practice.objects.filter(pk=practice.pk).update(status="published")

    assert gather(NOW) == 0
    assert News.objects.count() == 1


def test_practice_that_became_visible_late_is_found():
    practice = make_practice(published_at=YESTERDAY, visibility="network")
    assert gather(NOW) == 0
    Practice.objects.filter(pk=practice.pk).update(visibility="public")

    assert gather(NOW + timedelta(days=3)) == 1
    assert News.objects.get().at == YESTERDAY


def test_news_follow_what_their_record_is_about():
    practice = make_practice(published_at=YESTERDAY)
    gather(NOW)
    network = make_network()
    practice.networks.add(network)

    assert gather(NOW) == 1
    assert News.objects.get().networks == [network.pk]


def test_what_is_old_is_no_news_but_an_event_to_come_is():
    long_ago = NOW - LOOK_BACK - timedelta(days=1)
    make_practice(published_at=long_ago)
    make_event(published_at=long_ago, day=date(2027, 2, 1))
    event = make_event(published_at=long_ago, day=date(2027, 9, 1))

    gather(NOW)

    assert [(news.kind, news.event) for news in News.objects.all()] == [("new", event)]


def test_each_change_of_an_event_is_news_of_its_own():
    event = make_event(published_at=YESTERDAY, day=date(2027, 9, 1))
    changes = ["edited", "postponed", "rescheduled", "rescheduled", "moved-online", "cancelled", "held", "reported"]
    steps = [EventStep.objects.create(event=event, action=action, at=YESTERDAY) for action in changes]

    gather(NOW)

    told = [step for step in steps if step.action not in ("edited", "held")]
    expected = {("new", 0), *((step.action, step.pk) for step in told)}
    assert set(News.objects.values_list("kind", "occasion")) == expected
    assert gather(NOW) == 0


def test_other_day_given_by_editing_is_news_another_hour_is_not():
    event = make_event(published_at=YESTERDAY, day=date(2027, 9, 1))
    old, at = event.starts_at, YESTERDAY + timedelta(hours=1)
    for hours, when in ((24, at), (2, at), (48, YESTERDAY - timedelta(hours=1)), (72, at + timedelta(hours=5))):
        new = old + timedelta(hours=hours)
        change = EventDateChange.objects.create(event=event, old_starts_at=old, new_starts_at=new, at=when)
    step = EventStep.objects.create(event=event, action="rescheduled", at=change.at + timedelta(milliseconds=20))

    gather(NOW)

    first = EventDateChange.objects.order_by("pk").first()
    found = News.objects.filter(kind="rescheduled").values_list("occasion", "at")
    assert set(found) == {(-first.pk, at), (step.pk, step.at)}


def test_draft_event_has_no_news_whatever_was_done_with_it():
    event = make_event(published_at=YESTERDAY, day=date(2027, 9, 1))
    EventStep.objects.create(event=event, action="cancelled", at=YESTERDAY)
    Event.objects.filter(pk=event.pk).update(status="draft")

    assert gather(NOW) == 0
