"""The clock on the wall is the truth: times that no clock shows, or shows twice, are refused at every door."""

from datetime import UTC, date, datetime, time

import pytest
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils import translation

from events.models import DateOption, DatePoll, Session
from events.times import check_zone, instant, settled_instant, wall_clock
from tests.events.factories import make_event

SPRING, AUTUMN = date(2027, 3, 28), date(2027, 10, 31)
ROME = "Europe/Rome"


def refusal(function, *args):
    """The code with which it is refused, or None."""
    try:
        function(*args)
    except ValidationError as error:
        return error.code
    return None


@pytest.mark.parametrize(
    ("day", "clock", "zone", "moment"),
    [
        (date(2027, 6, 15), time(10), ROME, datetime(2027, 6, 15, 8, tzinfo=UTC)),
        (date(2027, 1, 15), time(10), ROME, datetime(2027, 1, 15, 9, tzinfo=UTC)),
        (date(2027, 2, 20), time(10), "Africa/Casablanca", datetime(2027, 2, 20, 10, tzinfo=UTC)),
        (date(2027, 4, 20), time(10), "Africa/Casablanca", datetime(2027, 4, 20, 9, tzinfo=UTC)),
        (date(2027, 6, 15), time(10), "Asia/Kathmandu", datetime(2027, 6, 15, 4, 15, tzinfo=UTC)),
        (date(2027, 6, 15), time(10), "UTC", datetime(2027, 6, 15, 10, tzinfo=UTC)),
    ],
)
def test_instant_follows_from_the_clock_of_the_place(day, clock, zone, moment):
    assert instant(day, clock, zone) == moment
    assert wall_clock(moment, zone).replace(tzinfo=None) == datetime.combine(day, clock)


@pytest.mark.parametrize(
    ("day", "clock", "code"),
    [
        (SPRING, time(1, 59), None),
        (SPRING, time(2), "skipped"),
        (SPRING, time(2, 30), "skipped"),
        (SPRING, time(2, 59), "skipped"),
        (SPRING, time(3), None),
        (AUTUMN, time(1, 59), None),
        (AUTUMN, time(2), "twice"),
        (AUTUMN, time(2, 30), "twice"),
        (AUTUMN, time(2, 59), "twice"),
        (AUTUMN, time(3), None),
    ],
)
def test_instant_is_refused_where_the_clocks_skip_or_repeat(day, clock, code):
    assert refusal(instant, day, clock, ROME) == code


def test_settled_instant_moves_on_over_a_gap_and_takes_the_first_of_two():
    assert settled_instant(SPRING, time(2, 30), ROME) == datetime(2027, 3, 28, 1, 30, tzinfo=UTC)
    assert settled_instant(AUTUMN, time(2, 30), ROME) == datetime(2027, 10, 31, 0, 30, tzinfo=UTC)


@pytest.mark.parametrize("name", ["Europe/Rome", "Africa/Casablanca", "America/Argentina/Buenos_Aires", "UTC"])
def test_zone_by_name_is_taken(name):
    assert refusal(check_zone, name) is None


@pytest.mark.parametrize(
    "name",
    [
        *("CET", "CEST", "EET", "EST", "MST", "GMT", "Etc/GMT+1", "SystemV/EST5"),
        *("Europe/Nowhere", "europe/rome", "+01:00", "", "../etc"),
    ],
)
def test_zone_by_abbreviation_or_unknown_is_refused(name):
    assert refusal(check_zone, name) == "invalid"


# At the doors --------------------------------------------------------------------------------

FIELDS = {"start_time": "start", "end_time": "end", "opens_time": "opens", "closes_time": "closes"}


def event_with(field, day, clock):
    """An event in Rome with one of its times put elsewhere, not saved; its other times suit that."""
    event = make_event(time_zone=ROME, day=date(2027, 6, 15))
    name = FIELDS[field]
    event.start_date, event.end_date = date(2027, 3, 27), date(2027, 11, 2)
    event.closes_date, event.closes_time = date(2027, 3, 1), time(12)
    setattr(event, f"{name}_date", day)
    setattr(event, f"{name}_time", clock)
    return event


@pytest.mark.django_db
@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize(("day", "code"), [(SPRING, "skipped"), (AUTUMN, "twice")])
def test_event_with_an_impossible_time_is_refused_at_its_field(field, day, code):
    event = event_with(field, day, time(2, 30))
    with pytest.raises(ValidationError) as raised:
        event.full_clean()
    assert [error.code for error in raised.value.error_dict[field]] == [code]


@pytest.mark.django_db
@pytest.mark.parametrize("field", FIELDS)
def test_control_event_an_hour_later_is_taken(field):
    event = event_with(field, SPRING, time(3, 30))
    event.full_clean()
    assert event.starts_at is not None


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["start_time", "end_time"])
@pytest.mark.parametrize(("day", "code"), [(SPRING, "skipped"), (AUTUMN, "twice")])
def test_session_with_an_impossible_time_is_refused(name, day, code):
    event = make_event(time_zone=ROME, day=day)
    times = {"start_time": time(1), "end_time": time(4)}
    assert refusal(Session(event=event, day=day, **times).clean) is None
    assert refusal(Session(event=event, day=day, **times | {name: time(2, 30)}).clean) == code


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["start_time", "end_time"])
@pytest.mark.parametrize(("day", "code"), [(SPRING, "skipped"), (AUTUMN, "twice")])
def test_option_of_a_poll_with_an_impossible_time_is_refused(name, day, code):
    poll = DatePoll(event=make_event(time_zone=ROME), closes_at=datetime(2027, 1, 1, tzinfo=UTC))
    times = {"start_time": time(1), "end_time": time(4)}
    assert refusal(DateOption(poll=poll, start_date=day, end_date=day, **times).clean) is None
    assert refusal(DateOption(poll=poll, start_date=day, end_date=day, **times | {name: time(2, 30)}).clean) == code


@pytest.mark.django_db
def test_event_with_an_abbreviation_as_zone_is_refused():
    event = make_event()
    event.time_zone = "CEST"
    with pytest.raises(ValidationError) as raised:
        event.full_clean()
    assert "Europe/Rome" in str(raised.value)


@pytest.mark.parametrize(("day", "clock"), [(SPRING, time(2, 30)), (AUTUMN, time(2, 30))])
def test_refusal_is_said_in_each_language_in_its_own_words(day, clock):
    said = set()
    for language, _name in settings.LANGUAGES:
        with translation.override(language), pytest.raises(ValidationError) as raised:
            instant(day, clock, ROME)
        said.add(raised.value.message)
    assert len(said) == len(settings.LANGUAGES)
