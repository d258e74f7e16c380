from datetime import UTC, date, datetime, timedelta

import pytest
from django.utils import translation

from newsletters import periods


@pytest.mark.parametrize(
    ("frequency", "day", "period"),
    [
        ("daily", date(2027, 3, 28), "2027-03-28"),
        ("weekly", date(2027, 3, 28), "2027-W12"),
        ("weekly", date(2027, 3, 29), "2027-W13"),
        ("weekly", date(2027, 1, 3), "2026-W53"),
        ("weekly", date(2024, 12, 30), "2025-W01"),
        ("monthly", date(2027, 3, 28), "2027-03"),
    ],
)
def test_key_names_the_period_of_a_day(frequency, day, period):
    assert periods.key_of(frequency, day) == period
    assert periods.key_of(frequency, periods.first_day(period)) == period


@pytest.mark.parametrize(
    ("period", "zone", "moment"),
    [
        ("2027-W12", "Europe/Stockholm", datetime(2027, 3, 22, 6, tzinfo=UTC)),
        ("2027-W13", "Europe/Stockholm", datetime(2027, 3, 29, 5, tzinfo=UTC)),
        ("2027-03-28", "Europe/Stockholm", datetime(2027, 3, 28, 5, tzinfo=UTC)),
        ("2027-10-31", "Europe/Stockholm", datetime(2027, 10, 31, 6, tzinfo=UTC)),
        ("2027-03", "Asia/Kathmandu", datetime(2027, 3, 1, 1, 15, tzinfo=UTC)),
    ],
)
def test_digest_is_due_from_seven_by_the_clocks_of_the_reader(period, zone, moment):
    frequency = {7: "monthly", 8: "weekly", 10: "daily"}[len(period)]

    assert periods.due_from(period, zone) == moment
    assert periods.due_period(frequency, zone, moment - timedelta(seconds=1)) is None
    assert periods.due_period(frequency, zone, moment) == period


def test_missed_digest_is_due_to_the_end_of_its_period():
    sunday_night = datetime(2027, 3, 28, 21, 59, tzinfo=UTC)

    assert periods.due_period("weekly", "Europe/Stockholm", sunday_night) == "2027-W12"
    assert periods.due_period("weekly", "Europe/Stockholm", sunday_night + timedelta(minutes=1)) is None


def test_due_periods_leave_out_zones_where_it_is_too_early():
    moment = datetime(2027, 3, 22, 6, tzinfo=UTC)

    found = periods.due_periods("daily", ["Europe/Stockholm", "Europe/Lisbon", "Asia/Tokyo"], moment)

    assert found == {"Europe/Stockholm": "2027-03-22", "Asia/Tokyo": "2027-03-22"}


def test_zone_that_is_not_known_any_more_counts_as_the_sites(settings):
    moment = datetime(2027, 3, 22, 6, tzinfo=UTC)

    assert periods.due_periods("daily", ["Mars/Olympus"], moment) == {"Mars/Olympus": "2027-03-22"}


@pytest.mark.parametrize(
    ("period", "words"),
    [("2027-03-28", "28 March 2027"), ("2027-W12", "Week of 22 March 2027"), ("2027-03", "March 2027")],
)
def test_period_in_words(period, words):
    with translation.override("en"):
        assert periods.in_words(period) == words
