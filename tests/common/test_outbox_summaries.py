"""One summary a day at seven where the person lives; nothing twice, nothing missed."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.db import connections

from accounts.models import User
from common.models import OutboxMail
from common.outbox import preferences, services
from common.outbox.summaries import send_daily_summaries
from tests.common.test_outbox_queue import person, queue

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("greeting")]


@pytest.fixture
def reader(preferred):
    reader = person(language="fr", name="Zoé")
    preferred[reader.pk] = preferences.DAILY
    return reader


@pytest.fixture
def zones(monkeypatch):
    """The time zones of people, whom accounts do not ask yet: a mapping of their addresses."""
    zones = {}
    monkeypatch.setattr(User, "time_zone", property(lambda user: zones.get(user.email, "")), raising=False)
    return zones


def at(*moment):
    return time_machine.travel(datetime(*moment, tzinfo=UTC), tick=False)


def queue_for(reader, key, title="Welcome", **values):
    return queue(to=reader.email, person=reader, key=key, context={"title": title}, **values)


def summaries():
    return list(OutboxMail.objects.filter(kind="daily_summary").order_by("created_at"))


def contents():
    """The keys of what each summary holds."""
    return [[mail.key.split(":")[1] for mail in summary.summarised.order_by("pk")] for summary in summaries()]


def test_summary_lists_what_was_queued_in_the_readers_language(reader):
    with at(2027, 1, 4, 10):
        queue_for(reader, "one", "First")
        queue_for(reader, "two", "<b>Second</b>")
    with at(2027, 1, 5, 6):
        assert send_daily_summaries() == 1
    [summary] = summaries()
    assert (summary.recipient, summary.language, summary.state) == ("p@example.org", "fr", "waiting")
    assert "Greetings\n- Language: Anna First\nhttp://localhost:8000/en/\n- " in summary.text_body
    assert '<html lang="fr" dir="ltr">' in summary.html_body
    assert "&lt;b&gt;Second&lt;/b&gt;" in summary.html_body
    assert set(OutboxMail.objects.filter(key__startswith="greeting").values_list("state", "summary")) == {
        ("summarised", summary.pk)
    }


def test_summary_comes_at_seven_not_before_and_once(reader):
    with at(2027, 1, 4, 10):
        queue_for(reader, "one")
    with at(2027, 1, 5, 5, 59):
        assert send_daily_summaries() == 0
    with at(2027, 1, 5, 6):
        assert [send_daily_summaries(), send_daily_summaries()] == [1, 0]
    with at(2027, 1, 5, 6, 30):
        assert send_daily_summaries() == 0


def test_summary_of_a_day_without_anything_new_is_no_mail(reader):
    with at(2027, 1, 4, 10):
        queue_for(reader, "one")
    for day in (5, 6, 7):
        with at(2027, 1, day, 6):
            send_daily_summaries()
    assert contents() == [["one"]]


def test_summary_what_comes_after_seven_waits_for_the_next_day(reader):
    with at(2027, 1, 5, 9):
        queue_for(reader, "one")
        assert send_daily_summaries() == 0
    with at(2027, 1, 6, 6):
        assert send_daily_summaries() == 1


def test_summary_mail_whose_transaction_ended_after_the_run_is_in_the_next(reader):
    with at(2027, 1, 4, 10):
        queue_for(reader, "early")
    with at(2027, 1, 5, 6):
        send_daily_summaries()
    with at(2027, 1, 5, 5, 59):
        queue_for(reader, "late")
    with at(2027, 1, 5, 6, 1):
        send_daily_summaries()
    with at(2027, 1, 6, 6):
        send_daily_summaries()
    assert contents() == [["early"], ["late"]]


def test_summary_after_days_without_a_run_misses_nothing(reader):
    for day in (1, 8, 15):
        with at(2027, 1, day, 10):
            queue_for(reader, f"day-{day}")
    with at(2027, 1, 22, 13):
        send_daily_summaries()
    assert contents() == [["day-1", "day-8", "day-15"]]


@pytest.mark.parametrize(
    ("zone", "before", "after"),
    [
        # The clocks of Brussels change on 28 March and 31 October 2027.
        ("Europe/Brussels", [(3, 27, 6, 0), (3, 28, 5, 0)], (3, 29, 5, 0)),
        ("Europe/Brussels", [(10, 30, 5, 0), (10, 31, 6, 0)], (11, 1, 6, 0)),
        ("Asia/Beirut", [(3, 27, 5, 0), (3, 28, 4, 0)], (3, 29, 4, 0)),
        ("America/Havana", [(3, 13, 12, 0), (3, 14, 11, 0)], (3, 15, 11, 0)),
        ("Pacific/Kiritimati", [(3, 26, 17, 0), (3, 27, 17, 0)], (3, 28, 17, 0)),
    ],
)
def test_summary_when_the_clocks_change_stays_at_seven(reader, zones, zone, before, after):
    zones[reader.email] = zone
    moments = [datetime(2027, *moment, tzinfo=UTC) for moment in [*before, after]]
    for number, moment in enumerate(moments):
        with time_machine.travel(moment - timedelta(hours=2), tick=False):
            queue_for(reader, f"mail-{number}")
        with time_machine.travel(moment - timedelta(minutes=1), tick=False):
            assert send_daily_summaries() == 0
        with time_machine.travel(moment, tick=False):
            assert send_daily_summaries() == 1
        with time_machine.travel(moment + timedelta(hours=1), tick=False):
            assert send_daily_summaries() == 0
    assert contents() == [["mail-0"], ["mail-1"], ["mail-2"]]


def test_summary_zone_changed_in_between_repeats_and_misses_nothing(reader, zones):
    zones[reader.email] = "Asia/Tokyo"
    with at(2027, 1, 4, 10):
        queue_for(reader, "one")
    with at(2027, 1, 4, 22):
        send_daily_summaries()
        queue_for(reader, "two")
    zones[reader.email] = "America/Los_Angeles"
    for hour in range(48):
        with time_machine.travel(datetime(2027, 1, 4, 23, tzinfo=UTC) + timedelta(hours=hour), tick=False):
            send_daily_summaries()
    assert contents() == [["one"], ["two"]]


def test_summary_does_not_hold_mail_that_may_not_leave_yet(reader):
    with at(2027, 1, 4, 10):
        queue_for(reader, "later", not_before=datetime(2027, 1, 5, 12, tzinfo=UTC))
    with at(2027, 1, 5, 6):
        assert send_daily_summaries() == 0
    with at(2027, 1, 6, 6):
        assert send_daily_summaries() == 1


def test_summary_leaves_out_what_was_called_off_or_is_no_longer_wanted(reader, preferred):
    administrator = User.objects.create_superuser("root@example.org", "a long password")
    with at(2027, 1, 4, 10):
        services.cancel(queue_for(reader, "one"), actor=administrator)
        queue_for(reader, "two")
    preferred[reader.pk] = preferences.NONE
    with at(2027, 1, 5, 6):
        assert send_daily_summaries() == 0
    assert set(OutboxMail.objects.values_list("state", flat=True)) == {"cancelled"}


def test_summary_for_somebody_who_may_not_sign_in_any_more_is_not_made(reader):
    with at(2027, 1, 4, 10):
        queue_for(reader, "one")
    User.objects.update(is_active=False)
    with at(2027, 1, 5, 6):
        assert send_daily_summaries() == 0


def test_summary_of_one_person_failing_leaves_the_others(reader, preferred, monkeypatch):
    other = person("other@example.org")
    preferred[other.pk] = preferences.DAILY
    with at(2027, 1, 4, 10):
        queue_for(reader, "one")
        queue_for(other, "one")

    def answer(someone, kind):
        if someone == reader:
            raise RuntimeError
        return preferences.DAILY

    preferences.answer_with(answer)
    with at(2027, 1, 5, 6):
        assert send_daily_summaries() == 1
    assert [summary.person for summary in summaries()] == [other]


@pytest.mark.django_db(transaction=True)
def test_summary_of_two_beats_at_once_is_one(reader):
    def run(_):
        try:
            return send_daily_summaries()
        finally:
            connections.close_all()

    with at(2027, 1, 4, 10):
        for number in range(20):
            queue_for(reader, f"mail-{number}")
    with at(2027, 1, 5, 6), ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(run, range(4))) == 1
    assert [len(keys) for keys in contents()] == [20]
