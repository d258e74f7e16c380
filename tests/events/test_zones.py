"""A country changes the rules of its clocks after an event was announced: simulated with rules of other countries."""

import shutil
import zoneinfo
from datetime import UTC, date, datetime, time, timedelta
from importlib.resources import files

import pytest
from django.utils import timezone

from common.models import OutboxMail
from events import tasks
from events.models import Event, EventStep
from events.services import zones
from events.services.zones import follow_zone_rules
from tests.events.factories import make_event, make_registration, make_reserve, make_session

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 12, 1, tzinfo=UTC)
RAMADAN, SUMMER = date(2027, 2, 20), date(2027, 7, 1)
MOROCCO, EGYPT = "Africa/Casablanca", "Africa/Cairo"


@pytest.fixture(autouse=True)
def _now(time_machine):
    time_machine.move_to(NOW, tick=False)


@pytest.fixture
def change_rules(tmp_path):
    """Call with (zone, another zone): from then on the clocks of the first follow the rules of the second."""
    before = zoneinfo.TZPATH

    def change(zone, other):
        target = tmp_path / zone
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(files("tzdata.zoneinfo").joinpath(other), target)
        zoneinfo.reset_tzpath([str(tmp_path), *before])
        zoneinfo.ZoneInfo.clear_cache()

    yield change
    zoneinfo.reset_tzpath(before)
    zoneinfo.ZoneInfo.clear_cache()


def as_it_is(event):
    """(clock, instant, SEQUENCE) as the database has it."""
    row = Event.objects.get(pk=event.pk)
    return row.start_time, row.starts_at, row.sequence


@pytest.mark.parametrize(
    ("zone", "other", "day", "before", "after"),
    [
        # Morocco keeps its summer time through Ramadan; Egypt gives summer time up.
        (MOROCCO, "Africa/Lagos", RAMADAN, 10, 9),
        (EGYPT, "Africa/Tripoli", SUMMER, 7, 8),
    ],
)
def test_wall_time_stays_and_the_instant_moves(change_rules, zone, other, day, before, after):
    event = make_event(day=day, time_zone=zone, closes_date=day, closes_time=time(9))
    assert as_it_is(event) == (time(10), datetime.combine(day, time(before), UTC), 0)
    assert follow_zone_rules() == 0
    change_rules(zone, other)
    assert follow_zone_rules() == 1
    assert as_it_is(event) == (time(10), datetime.combine(day, time(after), UTC), 1)
    row = Event.objects.get(pk=event.pk)
    assert (row.ends_at, row.registration_closes_at) == (
        datetime.combine(day, time(after + 6), UTC),
        datetime.combine(day, time(after - 1), UTC),
    )
    assert row.updated_at == NOW
    step = EventStep.objects.get(event=event)
    assert (step.action, step.sequence, step.actor) == (EventStep.Action.ZONE_RULES, 1, None)
    assert step.note == f"{zone}: {day} {before:02}:00 → {day} {after:02}:00 UTC"


def test_second_look_changes_nothing(change_rules):
    event = make_event(day=RAMADAN, time_zone=MOROCCO)
    make_registration(event)
    change_rules(MOROCCO, "Africa/Lagos")
    assert [follow_zone_rules() for _round in range(3)] == [1, 0, 0]
    assert (as_it_is(event)[2], EventStep.objects.count(), OutboxMail.objects.count()) == (1, 1, 1)


def test_sessions_move_with_their_event(change_rules):
    event = make_event(day=RAMADAN, time_zone=MOROCCO)
    session = make_session(event, start=time(14), end=time(15))
    change_rules(MOROCCO, "Africa/Lagos")
    follow_zone_rules()
    session.refresh_from_db()
    assert (session.start_time, session.starts_at, session.ends_at) == (
        time(14),
        datetime(2027, 2, 20, 13, tzinfo=UTC),
        datetime(2027, 2, 20, 14, tzinfo=UTC),
    )


def test_other_zones_and_other_times_of_the_year_stay(change_rules):
    make_event(day=RAMADAN, time_zone="Europe/Rome")
    make_event(day=date(2027, 5, 1), time_zone=MOROCCO)
    change_rules(MOROCCO, "Africa/Lagos")
    assert follow_zone_rules() == 0


def test_what_is_over_stays_as_it_was(change_rules, time_machine):
    event = make_event(day=RAMADAN, time_zone=MOROCCO)
    time_machine.move_to(event.ends_at + timedelta(days=2))
    change_rules(MOROCCO, "Africa/Lagos")
    assert follow_zone_rules() == 0


def test_who_takes_part_or_waits_is_told_and_nobody_else(change_rules):
    event = make_event(day=RAMADAN, time_zone=MOROCCO)
    for state in ("confirmed", "waitlisted", "offered", "unverified", "withdrawn", "declined"):
        make_registration(event, f"{state}@example.org", state=state, seat=False, language="sv")
    change_rules(MOROCCO, "Africa/Lagos")
    follow_zone_rules()
    mails = {mail.recipient.split("@")[0]: mail for mail in OutboxMail.objects.filter(kind="events/zone-rules")}
    assert mails.keys() == {"confirmed", "waitlisted", "offered"}
    assert OutboxMail.objects.count() == 3
    assert {name for name, mail in mails.items() if mail.calendar} == {"confirmed"}
    calendar = mails["confirmed"].calendar
    assert "METHOD:REQUEST\r\n" in calendar
    assert "SEQUENCE:1\r\n" in calendar
    assert f"DTSTART;TZID={MOROCCO}:20270220T100000\r\n" in calendar
    assert {mail.language for mail in mails.values()} == {"sv"}


@pytest.mark.parametrize("status", ["draft", "cancelled"])
def test_nobody_is_told_of_what_does_not_take_place(change_rules, status):
    event = make_event(day=RAMADAN, time_zone=MOROCCO)
    make_registration(event)
    Event.objects.update(status=status)
    change_rules(MOROCCO, "Africa/Lagos")
    assert (follow_zone_rules(), OutboxMail.objects.count()) == (1, 0)


def test_closing_time_alone_moves_without_mail(change_rules):
    event = make_event(day=date(2027, 5, 1), time_zone=MOROCCO, closes_date=RAMADAN, closes_time=time(12))
    make_registration(event)
    change_rules(MOROCCO, "Africa/Lagos")
    assert (follow_zone_rules(), OutboxMail.objects.count()) == (1, 0)
    assert Event.objects.get(pk=event.pk).registration_closes_at == datetime(2027, 2, 20, 11, tzinfo=UTC)


@pytest.mark.parametrize("status", ["published", "postponed"])
def test_opening_and_release_of_kept_seats_alone_move_without_mail(change_rules, status):
    event = make_event(day=date(2027, 5, 1), time_zone=MOROCCO, opens_date=RAMADAN, opens_time=time(12))
    reserve = make_reserve(event.pools.get(), releases_at=event.registration_opens_at)
    make_registration(event)
    if status == "postponed":
        nothing = dict.fromkeys(("start_date", "start_time", "end_date", "end_time", "starts_at", "ends_at"))
        Event.objects.update(status=status, **nothing)
    change_rules(MOROCCO, "Africa/Lagos")
    assert [follow_zone_rules() for _round in range(2)] == [1, 0]
    assert OutboxMail.objects.count() == 0
    row, moved = Event.objects.get(pk=event.pk), datetime(2027, 2, 20, 11, tzinfo=UTC)
    reserve.refresh_from_db()
    assert (row.registration_opens_at, reserve.releases_at) == (moved, moved)
    assert (row.opens_time, reserve.releases_time) == (time(12), time(12))


def test_release_of_kept_seats_of_an_event_that_is_postponed_moves_by_itself(change_rules):
    event = make_event(day=date(2027, 5, 1), time_zone=MOROCCO)
    reserve = make_reserve(event.pools.get(), releases_at=datetime(2027, 2, 20, 12, tzinfo=UTC))
    nothing = dict.fromkeys(("start_date", "start_time", "end_date", "end_time", "starts_at", "ends_at"))
    Event.objects.update(status="postponed", **nothing)
    change_rules(MOROCCO, "Africa/Lagos")
    assert follow_zone_rules() == 1
    reserve.refresh_from_db()
    assert (reserve.releases_time, reserve.releases_at.hour) == (time(12), 11)


def test_time_that_the_new_rules_skip_moves_on_and_keeps_its_length(change_rules):
    event = make_event(day=date(2027, 3, 28), time_zone="Africa/Tripoli", start_time=time(2, 30), end_time=time(3))
    change_rules("Africa/Tripoli", "Europe/Rome")
    assert [follow_zone_rules() for _round in range(2)] == [1, 0]
    row = Event.objects.get(pk=event.pk)
    assert (row.starts_at, row.ends_at) == (
        datetime(2027, 3, 28, 1, 30, tzinfo=UTC),
        datetime(2027, 3, 28, 2, tzinfo=UTC),
    )


def test_one_that_fails_stops_no_other(change_rules, monkeypatch):
    broken, sound = (make_event(day=RAMADAN, time_zone=MOROCCO) for _ in range(2))
    real = zones.lock_pools

    def lock(event_id):
        if event_id == broken.pk:
            raise RuntimeError
        return real(event_id)

    monkeypatch.setattr(zones, "lock_pools", lock)
    change_rules(MOROCCO, "Africa/Lagos")
    assert follow_zone_rules() == 1
    assert (as_it_is(broken)[2], as_it_is(sound)[2]) == (0, 1)


def test_looking_asks_the_same_number_of_queries_for_many_events(django_assert_num_queries):
    for count in (1, 3):
        while Event.objects.count() < count:
            event = make_event(day=RAMADAN, time_zone=MOROCCO)
            make_session(event)
            make_reserve(event.pools.get(), releases_at=event.starts_at)
        with django_assert_num_queries(4):
            follow_zone_rules(timezone.now())


def test_task_follows(change_rules):
    event = make_event(day=RAMADAN, time_zone=MOROCCO)
    change_rules(MOROCCO, "Africa/Lagos")
    tasks.follow_zone_rules()
    assert as_it_is(event)[2] == 1
